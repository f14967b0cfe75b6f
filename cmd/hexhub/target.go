package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"hexhub/internal/config"
	"hexhub/internal/login"
	"hexhub/internal/term"
)

// A target is the flags of every command that talks to a server: the one on this machine, through its
// socket, or one elsewhere.
type target struct {
	Data   string `key:"data" default:"./data" placeholder:"DIR" help:"Data folder of the server on this machine."`
	Server string `env:"HEXHUB_SERVER" placeholder:"URL" help:"Server elsewhere: its address, or @ and the name of a login, or @ alone for the default one. HEXHUB_API_KEY goes before a login. Default: the server on this machine."`
	OTP    string `name:"otp" env:"HEXHUB_OTP" placeholder:"CODE" help:"One-time code of your second factor, if the server asks for one."`
}

// folder is the data folder as messages name it: absolute, so that the words hold anywhere.
func (t target) folder() string {
	if dir, err := filepath.Abs(t.Data); err == nil {
		return dir
	}
	return t.Data
}

// elsewhere reports whether the server is not the one on this machine. A folder that is named beats a
// server from the environment.
func (t target) elsewhere(s *session) bool {
	return t.Server != "" && (s.typed["server"] || !s.typed["data"])
}

// A link is how a command talks to a server. It asks for one-time codes and renews tokens as needed.
type link struct {
	s    *session
	http *http.Client
	base string // before paths
	dir  string // data folder of the server on this machine, else empty

	logins login.File
	login  login.Server // zero if there is none
	key    string       // from the environment; beats the login
	fresh  string       // what is about to become a login; beats both
	otp    string
}

// link finds the server, and what to show it.
func (t target) link(s *session) (*link, error) {
	if !t.elsewhere(s) {
		socket := config.Server{Data: t.folder()}.OpsSocket()
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}
		return &link{s: s, base: "http://ops", dir: t.folder(), http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}, nil
	}
	return s.linkTo(t.Server, t.OTP)
}

// linkTo finds a server elsewhere by its address or by the name of a login.
func (s *session) linkTo(server, otp string) (*link, error) {
	file, servers, err := readLogins()
	if err != nil {
		return nil, err
	}
	l := &link{s: s, http: login.HTTPClient(), logins: file, key: os.Getenv("HEXHUB_API_KEY"), otp: otp}
	found, ok := servers.Find(server)
	switch {
	case ok:
		l.login, l.base = found, found.URL
	case server == "@":
		return nil, &failure{why: "you are logged in nowhere", fix: []string{"hexhub login https://hub.example.com"}, code: exitDenied}
	case strings.HasPrefix(server, "@"):
		return nil, &failure{why: fmt.Sprintf("no login is called %q", server[1:]), fix: []string{"hexhub whoami --all", "hexhub login https://hub.example.com --name " + server[1:]}, code: exitNotFound}
	default:
		if l.base, err = login.ParseURL(server); err != nil {
			return nil, &failure{why: "--server " + err.Error(), code: exitUsage}
		}
		l.login, _ = servers.Find(l.base)
	}
	warnOfPlain(s, l.base)
	return l, nil
}

func readLogins() (login.File, login.Servers, error) {
	file, err := login.DefaultFile()
	if err != nil {
		return file, login.Servers{}, &failure{why: err.Error()}
	}
	servers, err := file.Read()
	if open, ok := errors.AsType[*login.OpenError](err); ok {
		return file, servers, &failure{
			what: "read your logins", why: open.Error(), note: "Whoever can read it can act as you. Close it, and log in again if others may have looked:",
			fix: []string{"chmod 600 " + open.Path}, code: exitDenied,
		}
	}
	if err != nil {
		return file, servers, &failure{why: err.Error()}
	}
	return file, servers, nil
}

func warnOfPlain(s *session, base string) {
	if u, err := url.Parse(base); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		s.talk.Printf("%s what lets you in travels unencrypted to %s.\n", s.talk.In(term.Yellow, "Warning:"), u.Host)
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// A message is one request.
type message struct {
	method, path string
	query        url.Values
	body         []byte
	kind         string                    // Content-Type of the body
	watch        func(io.Reader) io.Reader // sees the body go; may be nil
}

// maxCodes is how often somebody is asked for a one-time code.
const maxCodes = 3

// send sends the message and, if a one-time code or a new token would help, sends it again with that.
// The answer is the caller's to close; errors are failures.
func (l *link) send(m message) (*http.Response, error) {
	var refused login.Secret
	for codes := 0; ; {
		auth, err := l.authorization(refused)
		if err != nil {
			return nil, err
		}
		resp, err := l.once(m, auth)
		if err != nil {
			return nil, l.unreachable(err)
		}
		if resp.StatusCode != http.StatusUnauthorized || l.dir != "" {
			return resp, l.redirected(resp)
		}
		switch totp := totpAsked(resp); {
		case totp != "":
			if codes++; !l.s.canAsk() || codes > maxCodes {
				return resp, nil
			}
			if totp == "invalid_totp" {
				l.s.talk.Println("That code is wrong, or was used before.")
			}
			if l.otp, err = l.s.talk.ReadPassword("One-time code: ", l.s.in); err != nil {
				return nil, errors.Join(err, resp.Body.Close())
			}
		case l.byToken() && refused == "":
			refused = l.login.Tokens.Access
		default:
			return resp, nil
		}
		resp.Body.Close()
	}
}

// byToken reports whether a token that can be renewed is shown.
func (l *link) byToken() bool {
	return l.fresh == "" && l.key == "" && l.login.Name != "" && l.login.Key == ""
}

// authorization returns what to show, which may be nothing.
func (l *link) authorization(refused login.Secret) (string, error) {
	switch {
	case l.dir != "":
		return "", nil
	case l.fresh != "":
		return l.fresh, nil
	case l.key != "":
		return l.key, nil
	case l.login.Name == "":
		return "", nil
	}
	fresh, err := l.logins.Fresh(l.s.ctx, l.login.Name, refused, login.Client{HTTP: l.http, UserAgent: userAgent()}.Refresh)
	if login.Ended(err) {
		return "", l.loginEnded()
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return "", l.unreachable(err)
	}
	if err != nil {
		return "", &failure{what: "renew the login at " + l.base, why: term.Clean(err.Error()), fix: []string{"hexhub login " + l.base}, code: exitDenied}
	}
	l.login = fresh
	return fresh.Authorization(), nil
}

func (l *link) loginEnded() error {
	return &failure{
		why: "the login at " + l.base + " has ended: it expired, or was revoked", fix: []string{"hexhub login " + l.base + l.named()}, code: exitDenied,
	}
}

// named is how to log in again under the same name, where that is not the usual one.
func (l *link) named() string {
	if l.login.Name == "" || l.login.Name == proposeLogin(l.base) {
		return ""
	}
	return " --name " + l.login.Name
}

func userAgent() string { return "hexhub/" + version }

func (l *link) once(m message, authorization string) (*http.Response, error) {
	var body io.Reader = bytes.NewReader(m.body)
	if m.watch != nil {
		body = m.watch(body)
	}
	to := l.base + m.path
	if len(m.query) > 0 {
		to += "?" + m.query.Encode()
	}
	req, err := http.NewRequestWithContext(l.s.ctx, m.method, to, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.ContentLength = int64(len(m.body))
	req.Header.Set("User-Agent", userAgent())
	req.Header.Set("Accept", "application/json")
	for name, value := range map[string]string{"Authorization": authorization, "Content-Type": m.kind, "X-Hex-Otp": l.otp} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	return l.http.Do(req)
}

// totpAsked returns totp_required or invalid_totp if a one-time code would help.
func totpAsked(resp *http.Response) string {
	for _, code := range []string{"totp_required", "invalid_totp"} {
		if strings.Contains(resp.Header.Get("WWW-Authenticate"), `error="`+code+`"`) {
			return code
		}
	}
	return ""
}

// redirected says where a server is that answers with a redirect, which is never followed: a credential is
// for one server.
func (l *link) redirected(resp *http.Response) error {
	if resp.StatusCode < 300 || resp.StatusCode > 399 {
		return nil
	}
	resp.Body.Close()
	f := &failure{what: "talk to " + l.base, why: "it sends elsewhere, and what lets you in is only for it", code: exitUnavailable}
	if to, err := resp.Location(); err == nil {
		f.note = "It sends to " + term.Clean(to.Scheme+"://"+to.Host) + "; name that address if it is the server's."
	}
	return f
}

// unreachable says why the server could not be talked to.
func (l *link) unreachable(err error) error {
	if l.s.ctx.Err() != nil {
		return l.s.ctx.Err()
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the address, which the words have already
	}
	if l.dir == "" {
		return &failure{what: "reach " + l.base, why: err.Error(), fix: []string{"curl -I " + l.base + "/status"}, code: exitUnavailable}
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &failure{
			what: "reach the server", why: "its socket in " + l.dir + " is closed to this user",
			note: "Run the command as the user that runs the server, or log in over HTTP.", fix: []string{"sudo -u hexhub hexhub …", "hexhub login https://hub.example.com"}, code: exitDenied,
		}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return &failure{
			what: "reach the server", why: "none runs on the data folder " + l.dir,
			note: "Start it, name the folder of the one that runs with --data, or one elsewhere with --server.", fix: []string{"hexhub serve --data " + l.dir}, code: exitUnavailable,
		}
	}
	return &failure{what: "reach the server", why: err.Error(), fix: []string{"hexhub doctor --data " + l.dir}, code: exitUnavailable}
}

// operate does a deed with what is in as JSON, which may be nil, and returns the answer, which is the
// caller's to close.
func (l *link) operate(method, path string, query url.Values, in any) (*http.Response, error) {
	m := message{method: method, path: "/operator/" + path, query: query}
	if l.dir == "" {
		m.path = "/api" + m.path
		if l.key == "" && l.login.Name == "" {
			return nil, &failure{why: "you are not logged in at " + l.base, fix: []string{"hexhub login " + l.base}, code: exitDenied}
		}
	}
	if in != nil {
		var err error
		if m.body, err = json.Marshal(in); err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		m.kind = "application/json"
	}
	resp, err := l.send(m)
	if err != nil || resp.StatusCode == http.StatusOK {
		return resp, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, l.unreachable(err)
	}
	return nil, l.refused(resp, answer)
}

// ask sends in as JSON and reads the answer into out. Either may be nil. An error is a failure already.
func (t target) ask(s *session, method, path string, query url.Values, in, out any) error {
	l, err := t.link(s)
	if err != nil {
		return err
	}
	resp, err := l.operate(method, path, query, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return l.unreachable(fmt.Errorf("read its answer: %w", err))
	}
	return nil
}

// refused turns a server's problem into a failure.
func (l *link) refused(resp *http.Response, answer []byte) error {
	f := problemOf(answer)
	if f == nil {
		f = &failure{what: "do this", why: "the server gave an answer that is not understood", note: "Are the command and the running server of the same version?"}
		if l.dir == "" {
			f.why, f.note = fmt.Sprintf("%s answers %s, which is not understood", l.base, resp.Status), "Is it the address of a HexHub server of this command's version?"
		}
	}
	if l.dir != "" || resp.StatusCode != http.StatusUnauthorized {
		return f
	}
	return l.hint(resp, f)
}

// hint adds what to type to a refusal of who somebody is.
func (l *link) hint(resp *http.Response, f *failure) error {
	f.code = exitDenied
	switch {
	case totpAsked(resp) != "":
		f.note, f.fix = "Give the code that your authenticator shows:", []string{"HEXHUB_OTP=123456 hexhub …"}
	case l.fresh != "":
	case l.key != "":
		f.note = cmp.Or(f.note, "The API key is that of HEXHUB_API_KEY.")
	case l.login.Key != "":
		f.note, f.fix = cmp.Or(f.note, "It is the API key with which you logged in."), []string{"hexhub login " + l.base + l.named() + " --with-key"}
	case l.login.Name != "" && !strings.Contains(f.why, "not authorized"):
		return l.loginEnded()
	default:
		f.fix = []string{"hexhub login " + l.base + l.named()}
	}
	return f
}
