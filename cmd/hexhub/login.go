package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"hexhub/internal/login"
	"hexhub/internal/term"
)

type loginCmd struct {
	URL     string `arg:"" optional:"" placeholder:"URL" help:"Address of the server. Default: that of HEXHUB_SERVER, or of the default login."`
	Name    string `placeholder:"NAME" help:"What to call it, as in --server @NAME. Default: the name of its host."`
	WithKey bool   `help:"Log in with an API key, read from the first line of stdin, instead of in a browser."`
	Default bool   `help:"Make it the default login, which --server @ means."`
}

// Run logs in, by a browser anywhere or with a key.
func (c loginCmd) Run(s *session) error {
	file, servers, err := readLogins()
	if err != nil {
		return err
	}
	l := &link{s: s, http: login.HTTPClient(), logins: file}
	x, err := c.server(servers)
	if err != nil {
		return err
	}
	l.base = x.URL
	warnOfPlain(s, l.base)
	old, again := servers.Find("@" + x.Name)
	if again && old.URL != x.URL {
		return &failure{why: fmt.Sprintf("the login %s is at %s", old.Name, old.URL), note: "Choose another name:", fix: []string{"hexhub login " + x.URL + " --name NAME"}, code: exitConflict}
	}
	if c.WithKey {
		x.Key, err = s.readKey()
	} else {
		x.Tokens, err = l.byDevice()
	}
	if err != nil {
		return err
	}
	l.fresh = x.Authorization()
	if x.User, err = l.whoIs(); err != nil {
		return err
	}
	if err := file.Save(s.ctx, x); err != nil {
		return &failure{what: "keep the login", why: err.Error()}
	}
	if c.Default {
		if err := file.Prefer(s.ctx, x.Name); err != nil {
			return &failure{what: "keep the login", why: err.Error()}
		}
	}
	if again && old.Key == "" && old.Tokens.Refresh != "" {
		// Nobody can use the old one any more, so it may as well end; if not, it expires.
		_ = login.Client{HTTP: l.http, UserAgent: userAgent()}.Revoke(s.ctx, old)
	}
	return s.done(x.Name, "login", loginFields(x, c.Default || servers.Default == "" || servers.Default == x.Name),
		"Logged in at %s as %s. Use it with --server @%s.", x.URL, term.Clean(x.User), x.Name)
}

// server finds out where to log in, and under which name.
func (c loginCmd) server(servers login.Servers) (x login.Server, err error) {
	text := cmp.Or(c.URL, os.Getenv("HEXHUB_SERVER"), "@")
	if known, ok := servers.Find(text); ok {
		x.URL, x.Name = known.URL, cmp.Or(c.Name, known.Name)
		return x, nil
	}
	if text == "@" {
		return x, &failure{why: "no server is named", fix: []string{"hexhub login https://hub.example.com"}, code: exitUsage}
	}
	if x.URL, err = login.ParseURL(text); err != nil {
		return x, &failure{why: err.Error(), code: exitUsage}
	}
	x.Name = cmp.Or(c.Name, proposeLogin(x.URL))
	if strings.ContainsAny(x.Name, "@/ \t") {
		return x, &failure{why: fmt.Sprintf("--name %q has characters that a name cannot have", x.Name), code: exitUsage}
	}
	return x, nil
}

// proposeLogin is what a login is called when nobody says: the name of its host.
func proposeLogin(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	return u.Host
}

// readKey reads an API key from a pipe, or asks for it at a terminal.
func (s *session) readKey() (login.Secret, error) {
	key, err := s.talk.ReadPassword("API key: ", s.in)
	if err != nil {
		return "", &failure{what: "read the API key", why: "there is none on stdin", fix: []string{"hexhub login URL --with-key < key-file"}, code: exitUsage}
	}
	if key = strings.TrimSpace(key); key == "" {
		return "", &failure{what: "read the API key", why: "the line on stdin is empty", code: exitUsage}
	}
	return login.Secret(key), nil
}

// byDevice has the server ask its user, in a browser that may be anywhere.
func (l *link) byDevice() (login.Tokens, error) {
	s, client := l.s, login.Client{HTTP: l.http, UserAgent: userAgent()}
	host, _ := os.Hostname()
	d, err := client.Start(s.ctx, l.base, "hexhub on "+cmp.Or(host, "a machine"))
	if err != nil {
		return login.Tokens{}, l.notLoggedIn(err)
	}
	s.talk.Printf("Open %s\nand type the code  %s\nIt works for %d minutes. Waiting…\n",
		s.talk.In(term.Bold, term.Clean(d.URI)), s.talk.In(term.Bold, term.Clean(showCode(d.UserCode))), d.Expires/60)
	t, err := client.Wait(s.ctx, l.base, d)
	if err != nil {
		return login.Tokens{}, l.notLoggedIn(err)
	}
	return t, nil
}

// showCode writes XXXX-XXXX.
func showCode(code string) string {
	if len(code) != 8 {
		return code
	}
	return code[:4] + "-" + code[4:]
}

func (l *link) notLoggedIn(err error) error {
	if _, ok := errors.AsType[*url.Error](err); ok || l.s.ctx.Err() != nil {
		return l.unreachable(err)
	}
	f := &failure{what: "log in at " + l.base, why: term.Clean(err.Error()), code: exitFailed}
	if r, ok := errors.AsType[*login.Refusal](err); ok {
		switch f.code = exitDenied; r.Code {
		case "access_denied":
			f.why = "the request was denied in the browser"
		case "expired_token":
			f.why, f.fix = "nobody typed the code in time", []string{"hexhub login " + l.base}
		}
	}
	return f
}

// whoIs asks the API who shows the credential.
func (l *link) whoIs() (string, error) {
	me, err := l.me()
	return me.Username, err
}

// A me is what the API says of whoever asks.
type me struct {
	Username      string `json:"username"`
	Organizations []struct {
		Name string `json:"name"`
		Role string `json:"role"`
	} `json:"organizations"`
}

func (l *link) me() (me, error) {
	resp, err := l.send(message{method: "GET", path: "/api/users/me"})
	if err != nil {
		return me{}, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return me{}, l.unreachable(err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return me{}, &failure{what: "log in", why: "the key is an organization's, or " + l.base + " is not a Hex registry", note: "Use a key of a user; an organization's can be given to commands in HEXHUB_API_KEY.", code: exitDenied}
	default:
		return me{}, l.rejected("ask "+l.base+" who you are", resp, answer)
	}
	var who me
	if err := json.Unmarshal(answer, &who); err != nil || who.Username == "" {
		return me{}, l.noRegistry()
	}
	return who, nil
}

func loginFields(x login.Server, preferred bool) map[string]any {
	out := map[string]any{"name": x.Name, "url": x.URL, "user": x.User, "default": preferred, "with": "key"}
	if x.Key == "" {
		out["with"], out["fresh_until"] = "tokens", x.Tokens.ExpiresAt
	}
	return out
}

type logoutCmd struct {
	Server string `arg:"" optional:"" env:"HEXHUB_SERVER" placeholder:"URL" help:"Address of the server, or @ and the name of the login. Default: the default login."`
	All    bool   `help:"Log out everywhere."`
}

// Run ends logins: here first, so that they are gone whatever the server says, and then there.
func (c logoutCmd) Run(s *session) error {
	file, servers, err := readLogins()
	if err != nil {
		return err
	}
	ending := servers.Servers
	if !c.All {
		x, ok := servers.Find(normal(cmp.Or(c.Server, "@")))
		if !ok {
			return &failure{why: "there is no such login", fix: []string{"hexhub whoami --all"}, code: exitNotFound}
		}
		ending = []login.Server{x}
	}
	var gone []string
	for _, x := range ending {
		if err := file.Forget(s.ctx, x.Name); err != nil {
			return &failure{what: "forget the login", why: err.Error()}
		}
		gone = append(gone, x.Name)
		if err := s.endLogin(x); err != nil {
			return err
		}
	}
	return s.doneAll(gone, "logged_out", append([]string{}, gone...), "Logged out of %s.", cmp.Or(strings.Join(gone, ", "), "nothing: there was no login"))
}

// endLogin ends a login, which is forgotten here already, at its server.
func (s *session) endLogin(x login.Server) error {
	if x.Key != "" {
		if !s.Quiet {
			s.talk.Printf("The API key is forgotten here, and still good. To end it: hexhub key revoke %s NAME --server %s\n", term.Clean(x.User), x.URL)
		}
		return nil
	}
	if err := (login.Client{UserAgent: userAgent()}).Revoke(s.ctx, x); err != nil {
		return &failure{
			what: "end the login at " + x.URL, why: "the server could not be told", note: "It is forgotten here, and ends there by itself after 30 days; to end it now, open your sessions in a browser.", code: exitUnavailable,
		}
	}
	return nil
}

// normal makes an address what logins have.
func normal(server string) string {
	if u, err := login.ParseURL(server); err == nil {
		return u
	}
	return server
}

type whoamiCmd struct {
	Server string `env:"HEXHUB_SERVER" placeholder:"URL" help:"Address of the server, or @ and the name of the login. Default: the default login."`
	OTP    string `name:"otp" env:"HEXHUB_OTP" hidden:""`
	All    bool   `help:"List all logins, without asking their servers."`
}

// Run says who one is at a server, as that says, or which logins there are.
func (c whoamiCmd) Run(s *session) error {
	if c.All {
		return listLogins(s)
	}
	l, err := s.linkTo(normal(cmp.Or(c.Server, "@")), c.OTP)
	if err != nil {
		return err
	}
	if l.key == "" && l.login.Name == "" {
		return &failure{why: "you are not logged in at " + l.base, fix: []string{"hexhub login " + l.base}, code: exitDenied}
	}
	who, err := l.me()
	if err != nil {
		return err
	}
	orgs, names := []map[string]string{}, []string{}
	for _, o := range who.Organizations {
		orgs = append(orgs, map[string]string{"name": o.Name, "role": o.Role})
		names = append(names, term.Clean(o.Name+" ("+o.Role+")"))
	}
	if s.JSON {
		return s.json(map[string]any{"url": l.base, "user": who.Username, "login": l.login.Name, "organizations": orgs})
	}
	sentence := fmt.Sprintf("%s at %s", term.Clean(who.Username), l.base)
	if len(names) > 0 {
		sentence += ", member of " + strings.Join(names, ", ")
	}
	return s.done(who.Username, "", nil, "%s", sentence)
}

func listLogins(s *session) error {
	_, servers, err := readLogins()
	if err != nil {
		return err
	}
	fields, rows := []map[string]any{}, [][]string{}
	for _, x := range slices.SortedFunc(slices.Values(servers.Servers), func(a, b login.Server) int { return strings.Compare(a.Name, b.Name) }) {
		preferred, with, mark := x.Name == servers.Default, "key", ""
		if x.Key == "" {
			with = "browser"
		}
		if preferred {
			mark = "default"
		}
		fields = append(fields, loginFields(x, preferred))
		rows = append(rows, []string{x.Name, x.URL, x.User, with, mark})
	}
	return s.list("logins", fields, []string{"NAME", "SERVER", "USER", "BY", ""}, rows)
}
