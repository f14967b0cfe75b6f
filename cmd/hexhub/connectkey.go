package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/connect"
	"hexhub/internal/login"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

// keyLife is how long a key lives that connect makes.
const keyLife = 90 * 24 * time.Hour

// holder returns a key with which this machine publishes, and whose it is. One that is kept here already, or was given,
// is used again; of a new one a login is made, so that hexhub publish knows it too.
func (c connectCmd) holder(s *session, r connect.Registry) (user, key string, err error) {
	file, servers, err := readLogins()
	if err != nil {
		return "", "", err
	}
	known, _ := servers.Find(r.URL)
	if c.Key == "" && known.Key != "" && (c.User == "" || c.User == known.User) {
		return known.User, string(known.Key), nil
	}
	switch {
	case c.Key != "":
		key = c.Key
	case c.elsewhere(s):
		key, err = c.ownKey(s)
	default:
		key, err = c.keyHere(s)
	}
	if err != nil {
		return "", "", err
	}
	l := &link{s: s, http: login.HTTPClient(), logins: file, base: r.URL, fresh: key}
	if user, err = l.whoIs(); err != nil {
		return "", "", err
	}
	if known.Name != "" && known.Key == "" {
		return user, key, nil // who logged in in a browser publishes with that
	}
	x := login.Server{Name: cmp.Or(known.Name, proposeLogin(r.URL)), URL: r.URL, User: user, Key: login.Secret(key)}
	if err := file.Save(s.ctx, x); err != nil {
		return "", "", &failure{what: "keep the key", why: err.Error()}
	}
	return user, key, nil
}

// draft is the key that is made.
func (connectCmd) draft() ops.KeyDraft {
	host, _ := os.Hostname()
	return ops.KeyDraft{
		Name: "connect-" + cmp.Or(host, "machine"), ExpiresAt: new(time.Now().UTC().Add(keyLife)),
		Permissions: []access.Permission{{Domain: access.DomainAPI, Resource: "write"}, {Domain: access.DomainAPI, Resource: "read"}},
	}
}

// keyHere has the server on this machine make a key.
func (c connectCmd) keyHere(s *session) (key string, err error) {
	user := c.User
	if user == "" {
		if user, err = c.onlyUser(s); err != nil {
			return "", err
		}
	}
	var k ops.Key
	err = c.ask(s, "POST", "keys", keysOfUser(user).query, c.draft(), &k)
	return k.Secret, err
}

// onlyUser is whose key is made when nobody says.
func (c connectCmd) onlyUser(s *session) (string, error) {
	var all []ops.User
	if err := c.ask(s, "GET", "users", nil, nil, &all); err != nil {
		return "", err
	}
	var names []string
	for _, u := range all {
		if !u.Service && u.DeactivatedAt == nil {
			names = append(names, u.Username)
		}
	}
	again := "hexhub connect " + c.Client + " --publish"
	switch len(names) {
	case 0:
		return "", &failure{what: "make a key", why: "nobody has an account yet", note: "Open the link that serve printed, or create the administrator here, and come again:", fix: []string{"hexhub admin create you@example.com", again}, code: exitConflict}
	case 1:
		return names[0], nil
	}
	return "", &failure{what: "make a key", why: fmt.Sprintf("%d people have accounts here", len(names)), note: "Say whose it is:", fix: []string{again + " --user " + term.Clean(names[0])}, code: exitUsage}
}

// ownKey makes a key elsewhere for whoever is logged in.
func (c connectCmd) ownKey(s *session) (key string, err error) {
	l, err := c.link(s)
	if err != nil {
		return "", err
	}
	if l.key != "" {
		return l.key, nil
	}
	if l.login.Name == "" {
		return "", &failure{what: "make a key", why: "you are not logged in at " + l.base, fix: []string{"hexhub login " + l.base}, code: exitDenied}
	}
	body, err := json.Marshal(c.draft())
	if err != nil {
		return "", fmt.Errorf("encode request: %w", err)
	}
	resp, err := l.send(message{method: "POST", path: "/api/keys", body: body, kind: "application/json"})
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", l.unreachable(err)
	}
	if resp.StatusCode != http.StatusCreated {
		return "", l.rejected("make a key at "+l.base, resp, answer)
	}
	var made struct{ Secret string }
	if json.Unmarshal(answer, &made) != nil || strings.TrimSpace(made.Secret) == "" {
		return "", l.noRegistry()
	}
	return made.Secret, nil
}
