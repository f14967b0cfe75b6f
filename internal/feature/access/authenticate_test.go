package access_test

import (
	"context"
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

func basic(login, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))
}

func TestWhoSendsARequest(t *testing.T) {
	w := newWorld(t, access.Options{})
	w.user("eva")
	w.user("jose")
	w.user("gone")
	w.user("unproved", func(d *account.Draft) { d.Verified = false })
	w.found(acme, "eva admin")
	_, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api:read")
	_, orgSecret := w.newKey(w.as("eva"), access.OfOrg(acme), "ci", "repositories")
	_, goneSecret := w.newKey(w.as("gone"), access.OfUser(w.users["gone"].ID), "ci", "api")
	_, revoked := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "old", "api")
	_, err := w.access.RevokeKey(t.Context(), w.as("jose"), access.OfUser(w.users["jose"].ID), "old")
	w.must(err)
	w.must(w.accounts.Deactivate(t.Context(), operator, w.users["gone"].ID))

	const (
		badBasic = "invalid authentication information"
		badLogin = "invalid username and password combination"
		badKey   = "invalid API key"
	)
	for _, c := range []struct{ what, header, want string }{
		{"nothing", "", "anonymous"},
		{"key", secret, "jose by key ci"},
		{"key of an organization", orgSecret, "acme2 by key ci"},
		{"name and password", basic("jose", good), "jose by password"},
		{"name in capitals", basic("JOSE", good), "jose by password"},
		{"address and password", basic("Jose@Example.com", good), "jose by password"},
		{"unproved user", basic("unproved", good), "unproved by password"},
		{"name and key, as a .netrc has it", basic("jose", secret), "jose by key ci"},
		{"organization and key", basic("acme2", orgSecret), "acme2 by key ci"},
		{"another's name and key", basic("eva", secret), badLogin},
		{"another organization's name and key", basic("hexhub", orgSecret), badLogin},
		{"name and revoked key", basic("jose", revoked), "API key revoked"},
		{"unproved address and password", basic("unproved@example.com", good), badLogin},
		{"wrong password", basic("jose", "wrong password"), badLogin},
		{"A15 unknown user", basic("nobody", good), badLogin},
		{"no colon", "Basic " + base64.StdEncoding.EncodeToString([]byte("jose")), badBasic},
		{"not base64", "Basic jose:secret", badBasic},
		{"empty Basic", "Basic ", badBasic},
		{"two spaces", "Basic  " + basic("jose", good)[6:], badBasic},
		{"revoked key", revoked, "API key revoked"},
		{"unknown key", strings.Repeat("0", 32), badKey},
		{"half a key", secret[:16], badKey},
		{"key and more", secret + "0", badKey},
		{"token of another server", "Bearer " + secret, badKey},
		{"A22 key in capitals", strings.ToUpper(secret), badKey},
		{"A22 scheme in small letters", "basic" + basic("jose", good)[5:], badKey},
		{"A22 scheme in capitals", "BASIC" + basic("jose", good)[5:], badKey},
		{"A22 tab for a space", "Basic\t" + basic("jose", good)[6:], badKey},
		{"A22 scheme in other letters", "Ваsic" + basic("jose", good)[5:], badKey}, // Cyrillic
		{"A22 two headers joined", secret + ", " + secret, badKey},
		{"A22 space before", " " + secret, badKey},
		{"A22 megabyte", strings.Repeat("a", 1<<20), badKey},
		{"A8 deactivated user", basic("gone", good), "Bad request"},
		{"A8 key of a deactivated user", goneSecret, "Bad request"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w.TB = t
			a, err := w.access.Authenticate(t.Context(), c.header, "", home, "mix")
			switch {
			case err == nil:
				if got := describe(a); got != c.want {
					t.Errorf("the request is from %s, want %s", got, c.want)
				}
				if a.IP != home || a.UserAgent != "mix" {
					t.Errorf("the actor comes from %v with %q", a.IP, a.UserAgent)
				}
			case a.LoggedIn():
				t.Error("a refused actor is logged in")
			case c.want == "Bad request":
				w.wants(err, fault.Malformed, c.want)
			default:
				w.wants(err, fault.Unauthenticated, c.want)
			}
		})
	}
}

func describe(a access.Actor) string {
	who := a.User.Username.String() + a.Org.String()
	switch a.Via {
	case access.Anonymous:
		return "anonymous" + who
	case access.Password:
		return who + " by password"
	case access.APIKey:
		return who + " by key " + a.Key.Name
	}
	return "?"
}

func TestPasswordsCanBeTurnedOffButNotKeys(t *testing.T) {
	w := newWorld(t, access.Options{Rules: func(store.Reader) access.Rules { return access.Rules{NoPasswords: true} }})
	w.user("jose")
	_, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api")
	_, err := w.access.Authenticate(t.Context(), basic("jose", good), "", home, "")
	w.wants(err, fault.Unauthenticated, "Basic authentication is disabled. Update your client to use OAuth or an API key.")
	a, err := w.access.Authenticate(t.Context(), basic("jose", secret), "", home, "")
	if err != nil || describe(a) != "jose by key ci" {
		t.Errorf("a key in the place of a password: %s, %v", describe(a), err)
	}
}

func TestOtherPepperKnowsNoKey(t *testing.T) {
	w := newWorld(t, access.Options{})
	w.user("jose")
	_, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api")
	other := access.New(w.db, w.accounts, []byte("other pepper"), access.Options{})
	_, err := other.Authenticate(t.Context(), secret, "", home, "")
	w.wants(err, fault.Unauthenticated, "invalid API key")
}

// What finds the row is half the hash; the other half must be right, too.
func TestA18WholeHashIsCompared(t *testing.T) {
	w := newWorld(t, access.Options{})
	w.user("jose")
	k, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api")
	last := byte('0')
	if k.Hash[63] == '0' {
		last = '1'
	}
	k.Hash = k.Hash[:63] + string(last)
	forge(w, access.Keys, k)
	_, err := w.access.Authenticate(t.Context(), secret, "", home, "")
	w.wants(err, fault.Unauthenticated, "invalid API key")
}

func TestLastUseIsWrittenBehindTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, access.Options{})
		w.user("jose")
		k, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api")
		running := w.db.Stats().Updates
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.access.Run(ctx) }()
		use := func(ip string) {
			_, err := w.access.Authenticate(t.Context(), secret, "", netip.MustParseAddr(ip), strings.Repeat("é", 200))
			w.must(err)
		}
		seen := func() access.KeyUse {
			u, _ := access.KeyUses.Get(w.db.View(), k.ID)
			return u
		}
		for range 1000 {
			use("192.0.2.1")
		}
		first := time.Now()
		if w.db.Stats().Updates != running {
			t.Error("using a key waits for the log")
		}
		time.Sleep(11 * time.Second)
		if u := seen(); u.IP != "192.0.2.1" || !u.At.Equal(first) || len(u.UserAgent) > 255 {
			t.Errorf("use = %+v, want that of %v", u, first)
		}
		use("192.0.2.2")
		time.Sleep(2 * time.Minute)
		if u := seen(); u.IP != "192.0.2.1" {
			t.Errorf("a use within five minutes was written: %+v", u)
		}
		time.Sleep(3 * time.Minute)
		use("192.0.2.3")
		time.Sleep(11 * time.Second)
		if u := seen(); u.IP != "192.0.2.3" {
			t.Errorf("a use after five minutes was not written: %+v", u)
		}
		if n := w.db.Stats().Updates - running; n != 2 {
			t.Errorf("%d updates for two uses that count", n)
		}
		stop()
		w.must(<-done)
	})
}

func TestLastUseIsWrittenAtTheEnd(t *testing.T) {
	w := newWorld(t, access.Options{})
	w.user("jose")
	k, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api")
	_, err := w.access.Authenticate(t.Context(), secret, "", home, "mix")
	w.must(err)
	w.must(w.access.Run(ended(t)))
	if _, ok := access.KeyUses.Get(w.db.View(), k.ID); !ok {
		t.Error("the last use was lost when the server went down")
	}
}

// Of two nodes, the one that writes second does not write what the first has just written.
func TestLastUseIsWrittenOnceForAllNodes(t *testing.T) {
	w := newWorld(t, access.Options{})
	w.user("jose")
	k, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api")
	for _, node := range []*access.Access{w.access, access.New(w.db, w.accounts, []byte("pepper"), access.Options{})} {
		_, err := node.Authenticate(t.Context(), secret, "", home, "mix")
		w.must(err)
		before := w.db.Revision()
		w.must(node.Run(ended(t)))
		if node != w.access && w.db.Revision() != before {
			t.Error("a use was written twice")
		}
	}
	if _, ok := access.KeyUses.Get(w.db.View(), k.ID); !ok {
		t.Error("no use was written")
	}
}

// No line of the header may panic, or let in who does not know a secret.
func FuzzAuthorization(f *testing.F) {
	w := newWorld(f, access.Options{})
	w.user("jose")
	_, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api")
	for _, s := range []string{"", "Basic ", "Bearer x", "Basic am9zZTo=", basic("jose", "x"), strings.Repeat("0", 32), secret[:31]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if strings.Contains(header, secret) || header == basic("jose", good) {
			t.Skip("knows a secret")
		}
		a, err := w.access.Authenticate(t.Context(), header, "", home, "")
		refused := err == nil || fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Limited) // who tries passwords for long
		if err == nil && a.LoggedIn() || !refused {
			t.Errorf("%q: %s, %v", header, describe(a), err)
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b, access.Options{})
	w.user("jose")
	_, secret := w.newKey(w.as("jose"), access.OfUser(w.users["jose"].ID), "ci", "api")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.access.Authenticate(b.Context(), secret, "", home, "mix"); err != nil {
			b.Fatal(err)
		}
	}
}
