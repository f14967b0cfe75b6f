package pass_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/pass"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
)

// L12: who may read is let in by a code, which holds nothing that lasts, and comes to the page that he wanted.
func TestL12CodesLeadReadersToTheirPage(t *testing.T) {
	w := newWorld(t, each)
	rea := w.logIn("rea")
	e, err := w.Redeem(t.Context(), vaults, w.code(rea, page, "shown"), "shown")
	w.must(err)
	if e.Page != "/1.0.0/Vault.html?theme=dark" || strings.Contains(e.Cookie, rea.Session) {
		t.Errorf("entered %+v", e)
	}
	if !w.reads(e.Cookie) {
		t.Error("the cookie lets nobody read")
	}
	if a, ok := w.OfCookie(w.db.View(), vaults, e.Cookie, time.Now()); !ok || a.User.ID != rea.User.ID || a.Session != rea.Session {
		t.Errorf("the cookie is %v's", a.User.Username)
	}
}

// A13: however many use one code at once, one is let in.
func TestA13OneUseOfACodeSucceeds(t *testing.T) {
	w := newWorld(t, each)
	code := w.code(w.logIn("rea"), page, "shown")
	var wg sync.WaitGroup
	var in atomic.Int32
	for range 1000 {
		wg.Go(func() {
			if _, err := w.Redeem(t.Context(), vaults, code, "shown"); err == nil {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 {
		t.Errorf("%d of 1000 uses succeeded", in.Load())
	}
}

// L12: a code that somebody else got hold of is worth nothing: in another browser, on another origin, later.
func TestL12CodesAreBoundToBrowserAndOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, each)
		rea := w.logIn("rea")
		code := w.code(rea, page, "shown")
		for what, try := range map[string][3]string{
			"another browser":  {vaults, code, "other"},
			"no browser":       {vaults, code, ""},
			"the hash of it":   {vaults, code, account.HashToken("shown")},
			"another origin":   {"https://guild--other.docs.example.com", code, "shown"},
			"a shared origin":  {"https://docs.example.com", code, "shown"},
			"another revision": {vaults, "x" + code, "shown"},
			"half of it":       {vaults, code[:len(code)-1], "shown"},
			"nothing":          {vaults, "", "shown"},
		} {
			_, err := w.Redeem(t.Context(), try[0], try[1], try[2])
			w.refused(what, err, fault.Forbidden)
		}
		time.Sleep(time.Minute)
		_, err := w.Redeem(t.Context(), vaults, code, "shown")
		w.refused("a minute later", err, fault.Forbidden)

		fresh := w.code(rea, page, "shown")
		w.must(w.accounts.EndSession(t.Context(), operator, rea.User.ID, rea.Session))
		_, err = w.Redeem(t.Context(), vaults, fresh, "shown")
		w.refused("after logging out", err, fault.Forbidden)
	})
}

// Z3: whatever took the right away, the cookie and the ticket of before are worth nothing from then on.
func TestZ3CookiesAndTicketsEndWithTheRight(t *testing.T) {
	ctx := context.Background()
	for what, end := range map[string]func(*world, access.Actor) error{
		"log out": func(w *world, a access.Actor) error {
			return w.accounts.EndSession(ctx, operator, a.User.ID, a.Session)
		},
		"end all sessions": func(w *world, a access.Actor) error {
			return w.accounts.EndSessions(ctx, operator, a.User.ID, "")
		},
		"leave the organization": func(w *world, a access.Actor) error {
			return w.orgs.RemoveMember(ctx, operator, guild, a.User.ID)
		},
		"deactivate": func(w *world, a access.Actor) error {
			return w.accounts.Deactivate(ctx, operator, a.User.ID)
		},
	} {
		w := newWorld(t, each)
		rea, place := w.logIn("rea"), w.target(page).Place
		cookie, ticket := w.enter(rea), w.Ticket(rea, place, time.Now())
		byTicket := func() bool {
			v := w.db.View()
			got, ok := w.OfTicket(v, place, ticket, time.Now())
			return ok && w.May(v, got.Actor, place) == nil
		}
		if !w.reads(cookie) || !byTicket() {
			t.Fatalf("%s: not let in before", what)
		}
		w.must(end(w, rea))
		if w.reads(cookie) || byTicket() {
			t.Errorf("%s: let in afterwards", what)
		}
	}
}

// L4: who may not read learns nothing: what there is, what there is not and what nobody could have look alike.
func TestL4StrangersAreToldTheSameOfAnything(t *testing.T) {
	w := newWorld(t, each)
	sam := w.logIn("sam")
	var words []string
	for _, address := range []string{page, "https://guild--nothing.docs.example.com/", "https://ghost--vault.docs.example.com/"} {
		for _, challenge := range []string{"", account.HashToken("shown")} {
			to, err := w.Way(t.Context(), sam, w.target(address), challenge)
			w.refused(address, err, fault.NotFound)
			if challenge != "" && to != "" {
				t.Errorf("sent to %s", to)
			}
			words = append(words, err.Error())
		}
	}
	for _, said := range words {
		if said != words[0] {
			t.Errorf("told %q and %q", words[0], said)
		}
	}
	if _, err := w.Way(t.Context(), access.Actor{}, w.target(page), account.HashToken("shown")); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody in particular: %v", err)
	}
}

// What everybody may read needs no code, and neither does what the site's own cookie reaches.
func TestCodesAreForOtherOriginsOnly(t *testing.T) {
	for setting, address := range map[string]string{
		each: "https://plug.docs.example.com/1.0.0/",
		"":   "https://hub.example.com/docs-view/@guild/vault/1.0.0/",
	} {
		w := newWorld(t, setting)
		if to, err := w.Way(t.Context(), w.logIn("rea"), w.target(address), account.HashToken("shown")); err != nil || to != address {
			t.Errorf("%s: sent to %s, %v", address, to, err)
		}
	}
}

func TestTicketsLastForMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "https://docs.example.com")
		rea, place := w.logIn("rea"), w.target("https://docs.example.com/@guild/vault/").Place
		ticket := w.Ticket(rea, place, time.Now())
		for minute := range 12 {
			got, ok := w.OfTicket(w.db.View(), place, ticket, time.Now())
			if ok != (minute < 10) || ok && got.Old != (minute > 5) {
				t.Errorf("in minute %d it is good %t, old %t", minute, ok, got.Old)
			}
			time.Sleep(time.Minute)
		}
	})
}

// D2: what lets somebody read one package, or is good on one origin, is nothing at another.
func TestD2CookiesAndTicketsAreOfOnePlace(t *testing.T) {
	w := newWorld(t, each)
	rea, v, at := w.logIn("rea"), w.db.View(), time.Now()
	cookie := w.enter(rea)
	place, other := w.target(page).Place, w.target("https://guild--other.docs.example.com/").Place
	ticket := w.Ticket(rea, place, at)
	if _, ok := w.OfCookie(v, "https://guild--other.docs.example.com", cookie, at); ok {
		t.Error("a cookie is good on another origin")
	}
	if _, ok := w.OfTicket(v, other, ticket, at); ok {
		t.Error("a ticket is good for another package")
	}
	if _, ok := w.OfTicket(v, place, cookie, at); ok {
		t.Error("a cookie is taken for a ticket")
	}
	if _, ok := w.OfCookie(v, vaults, ticket, at); ok {
		t.Error("a ticket is taken for a cookie")
	}
	for _, bad := range []string{"", ticket[:len(ticket)-1], ticket + "A", strings.ToUpper(ticket), strings.Repeat("A", 1<<20)} {
		if _, ok := w.OfTicket(v, place, bad, at); ok {
			t.Errorf("%.100q is taken for a ticket", bad)
		}
	}
}

// Programs have sessions, too, which no browser is let in by.
func TestOnlyBrowsersAreLetIn(t *testing.T) {
	w := newWorld(t, each)
	rea := w.logIn("rea")
	cookie := w.enter(rea)
	w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
		s, _ := account.Sessions.Get(tx, rea.Session)
		s.Kind = account.OAuth
		account.Sessions.Put(tx, s)
		return nil
	}))
	if w.reads(cookie) {
		t.Error("a program's session is taken for a browser's")
	}
}

// Who asks for codes over and over fills nothing, and the latest is good.
func TestCodesOfASessionAreBounded(t *testing.T) {
	w := newWorld(t, each)
	rea := w.logIn("rea")
	first := w.code(rea, page, "shown")
	var last string
	for range 20 {
		last = w.code(rea, page, "shown")
	}
	if n := w.db.Stats().Rows["docs-code"]; n != 16 {
		t.Errorf("%d codes are kept", n)
	}
	_, err := w.Redeem(t.Context(), vaults, first, "shown")
	w.refused("the first", err, fault.Forbidden)
	_, err = w.Redeem(t.Context(), vaults, last, "shown")
	w.must(err)
}

func TestUnusedCodesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, each)
		w.code(w.logIn("rea"), page, "shown")
		w.must(w.Forget(t.Context()))
		if n := w.db.Stats().Rows["docs-code"]; n != 1 {
			t.Errorf("of a code that is good %d are left", n)
		}
		time.Sleep(3 * time.Minute)
		w.must(w.Forget(t.Context()))
		if n := w.db.Stats().Rows["docs-code"]; n != 0 {
			t.Errorf("%d codes are left", n)
		}
	})
}

// W6: people are sent nowhere but to documentation of this server, at its own address.
func TestW6PeopleAreSentToDocumentationOnly(t *testing.T) {
	w := newWorld(t, each)
	for _, bad := range []string{
		"", "/", "//evil.org", "/\\evil.org", "https:evil.org", "https://evil.org/", "https://hub.example.com/", "https://docs.example.com/", "javascript:alert(1)",
		"\thttps://guild--vault.docs.example.com/", "https://guild--vault.docs.example.com/\r\nSet-Cookie: a=b", "https://guild--vault.docs.example.com\\@evil.org/",
		"https://evil.org@guild--vault.docs.example.com/", "https://guild--vault.docs.example.com/../x", "https://guild--vault.docs.example.com/%2e%2e/x",
		"https://guild--vault.docs.example.com/a%5cb", "https://guild--vault.docs.example.com/a%00b", "http://guild--vault.docs.example.com/",
		"https://guild--vault.docs.example.com/" + strings.Repeat("a", 5000),
	} {
		if got, err := w.Target(bad); !fault.Is(err, fault.Malformed) {
			t.Errorf("%.100q is taken for %+v, %v", bad, got, err)
		}
	}
	for address, want := range map[string]string{
		"https://guild--vault.docs.example.com":            "https://guild--vault.docs.example.com",
		"https://docs.example.com/@guild/vault/1.0.0/?q=%": "https://guild--vault.docs.example.com/1.0.0/?q=%",
		page + "#top": page,
	} {
		if got := w.target(address); got.Address != want {
			t.Errorf("%s is taken for %s, want %s", address, got.Address, want)
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{page, "https://docs.example.com/@guild/vault/1.0.0/a.html?q", "https://evil.org", "//x", "https:\\x"} {
		f.Add(s)
	}
	origins, err := origin.Parse(each)
	if err != nil {
		f.Fatal(err)
	}
	passes := pass.New(nil, nil, origins, name.MustRepository("hexhub"))
	f.Fuzz(func(t *testing.T, address string) {
		got, err := passes.Target(address)
		if err != nil {
			return
		}
		if !strings.HasPrefix(got.Address, "https://") || !strings.Contains(got.Address, ".docs.example.com") && !strings.HasPrefix(got.Address, "https://docs.example.com/") {
			t.Errorf("%q leads to %q", address, got.Address)
		}
		if again, err := passes.Target(got.Address); err != nil || again.Address != got.Address {
			t.Errorf("%q leads to %q, and that to %q, %v", address, got.Address, again.Address, err)
		}
	})
}
