package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/account/accounttest"
	"hexhub/internal/feature/audit"
	"hexhub/internal/hubtest"
)

// Each script runs the real program against a server in the test's process that has the script's world, and
// at whose browser side the test itself sits: it approves logins, and has an authenticator.
func TestHubScripts(t *testing.T) {
	p := params("testdata/hub")
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		world, err := os.ReadFile(filepath.Join(e.WorkDir, "world"))
		if err != nil {
			return err
		}
		h := hubtest.World(t, string(world))
		if err := answered(h.Config.OpsSocket(), "operator/connect", func(io.Reader) error { return nil }); err != nil {
			return err
		}
		e.Values[hubKey{}] = &hub{Hub: h, T: t, secrets: map[string]string{}, steps: map[string]int64{}}
		err = setup(e)
		e.Setenv("HEXHUB_DATA", h.Config.Data)
		e.Setenv("URL", h.URL)
		return err
	}
	testscript.Run(t, p)
}

type hubKey struct{}

// A hub is a server, and the people before its browser side.
type hub struct {
	*hubtest.Hub
	*testing.T
	secrets map[string]string // of authenticators, by user
	steps   map[string]int64  // in which their last code was shown
}

func hubOf(ts *testscript.TestScript) *hub { return ts.Value(hubKey{}).(*hub) }

// browser logs the user in at a browser.
func (h *hub) browser(ts *testscript.TestScript, name string) access.Actor {
	u, ok := account.ByName(h.DB.View(), name)
	if !ok {
		ts.Fatalf("there is no user %q", name)
	}
	s, _, err := h.Accounts.StartSession(context.Background(), audit.By{}, u.ID, "127.0.0.1", "test")
	ts.Check(err)
	return access.Actor{User: u, Via: access.Browser, Session: s.ID}
}

var typedCode = regexp.MustCompile(`type the code  ([A-Z0-9]{4}-[A-Z0-9]{4})`)

// approve waits until a program has written a code to type into a file, and approves it as a user, or
// denies it: approve USER FILE; ! approve USER FILE.
func approve(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] approve USER FILE")
	}
	h := hubOf(ts)
	limit, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		text, _ := os.ReadFile(ts.MkAbs(args[1]))
		if m := typedCode.FindSubmatch(text); m != nil {
			a := h.browser(ts, args[0])
			if neg {
				ts.Check(h.OAuth.Deny(context.Background(), a, string(m[1])))
			} else {
				ts.Check(h.OAuth.Approve(context.Background(), a, string(m[1]), []string{"api:read", "api:write", "repositories"}))
			}
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			ts.Fatalf("no code is asked for")
		}
	}
}

// enrol gives a user a second factor: enrol USER.
func enrol(ts *testscript.TestScript, neg bool, args []string) {
	h := hubOf(ts)
	a := h.browser(ts, args[0])
	offer, err := h.Accounts.StartTOTP(context.Background(), a.User.ID, a.Session)
	ts.Check(err)
	at := time.Now().Add(-30 * time.Second) // the step before this one is good as well, so that this one is left
	_, err = h.Accounts.ConfirmTOTP(context.Background(), audit.By{}, a.User.ID, a.Session, accounttest.Code(h.T, offer.Secret, at), account.Origin{})
	ts.Check(err)
	h.secrets[args[0]], h.steps[args[0]] = offer.Secret, at.Unix()/30
}

// code puts a code of a user's authenticator that was not used into a variable: code USER VARIABLE.
func code(ts *testscript.TestScript, neg bool, args []string) {
	h := hubOf(ts)
	step := max(h.steps[args[0]]+1, time.Now().Unix()/30)
	if step > time.Now().Unix()/30+1 {
		ts.Fatalf("no code is left for now")
	}
	h.steps[args[0]] = step
	ts.Setenv(args[1], accounttest.Code(h.T, h.secrets[args[0]], time.Unix(step*30, 0)))
}

// endlogins ends all sessions of a user, as he might in a browser: endlogins USER.
func endlogins(ts *testscript.TestScript, neg bool, args []string) {
	h := hubOf(ts)
	u, _ := account.ByName(h.DB.View(), args[0])
	ts.Check(h.Accounts.EndSessions(context.Background(), audit.By{}, u.ID, ""))
}

// stale makes the access tokens of all logins look as if they end in so many seconds: stale SECONDS.
func stale(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs("config/hexhub/servers.json")
	text, err := os.ReadFile(path)
	ts.Check(err)
	seconds, err := strconv.Atoi(args[0])
	ts.Check(err)
	end := time.Now().Add(time.Duration(seconds) * time.Second).UTC().Format(time.RFC3339)
	text = regexp.MustCompile(`"expires_at": "[^"]*"`).ReplaceAll(text, []byte(`"expires_at": "`+end+`"`))
	ts.Check(os.WriteFile(path, text, 0o600))
}

// nosecrets wants none of the logins' secrets in the output of the last command, or in a file: nosecrets [FILE…].
func nosecrets(ts *testscript.TestScript, neg bool, args []string) {
	var servers struct {
		Servers []struct {
			Key    string
			Tokens struct{ Access, Refresh string }
		}
	}
	if text, err := os.ReadFile(ts.MkAbs("config/hexhub/servers.json")); err == nil {
		ts.Check(json.Unmarshal(text, &servers))
	}
	for _, name := range append([]string{"stdout", "stderr"}, args...) {
		text := ts.ReadFile(name)
		for _, x := range servers.Servers {
			for _, secret := range []string{x.Key, x.Tokens.Access, x.Tokens.Refresh} {
				if secret != "" && strings.Contains(text, secret) {
					ts.Fatalf("A20 %s holds a secret", name)
				}
			}
		}
	}
}
