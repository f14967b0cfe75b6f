package account_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
)

func urlEscape(s string) string { return url.QueryEscape(s) }

// link returns the path and query of the link in the newest letter of the kind.
func (w *world) link(kind mail.Kind) string {
	w.Helper()
	l := mailtest.Last(w.T, w.mail, kind).Params
	switch kind {
	case mail.VerifyEmail:
		return "/email/verify?" + url.Values{"username": {l["username"]}, "email": {l["address"]}, "key": {l["token"]}}.Encode()
	case mail.ResetPassword:
		return "/password/new?" + url.Values{"username": {l["username"]}, "key": {l["token"]}}.Encode()
	case mail.DeletionRequest:
		return "/dashboard/delete-account?key=" + url.QueryEscape(l["token"])
	case mail.OrgInvitation:
		return "/invites?token=" + url.QueryEscape(l["token"])
	case mail.SiteInvitation:
		return "/signup?invitation=" + url.QueryEscape(l["token"])
	}
	w.Fatalf("letters of kind %s have no link", kind)
	return ""
}

func (w *world) letters(kind mail.Kind) int { return len(mailtest.Letters(w.T, w.mail, kind)) }

func TestRegisteringLogsInAndAsksForTheAddress(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	p := b.Get("/signup?return=/dashboard/keys")
	p.Wants(t, 200, "/signup", "Create your account")
	p = b.Submit(p, "/signup", "username", "Eva", "email", "Eva@example.com", "password", good, "full_name", `Eva "><svg/onload=x>`)
	if p.Path != "/dashboard/keys" && p.Path != "/dashboard" {
		t.Fatalf("registering leads to %s\n%s", p.Path, p.HTML)
	}
	if !strings.Contains(p.Flash(), "mailed a link") {
		t.Errorf("flash = %q", p.Flash())
	}
	if strings.Contains(b.Get("/dashboard").HTML, "<svg/onload") {
		t.Error("the full name is not escaped")
	}
	link := w.link(mail.VerifyEmail)
	// A program that follows the link, in a place where nobody is logged in, uses nothing up.
	scanner := w.browser()
	for range 3 {
		scanner.Get(link).Wants(t, 200, "/email/verify", "Confirm your address")
	}
	if u, _ := account.ByName(w.db.View(), "eva"); u.Verified() {
		t.Fatal("following the link confirmed the address")
	}
	p = scanner.Submit(scanner.Get(link), "/email/verify")
	p.Wants(t, 200, "/login", "Log in")
	if u, _ := account.ByName(w.db.View(), "eva"); !u.Verified() || p.Flash() != "Your address is confirmed." {
		t.Errorf("after the button: verified = %t, flash = %q", u.Verified(), p.Flash())
	}
	scanner.Submit(scanner.Get(link), "/email/verify").Wants(t, 403, "/email/verify", "This link does not work.")
}

func TestRegistrationSaysWhatIsWrongBesideEachField(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.browser()
	for _, c := range []struct{ field, value, says string }{
		{"username", "eva", "User name has already been taken."},
		{"username", "me", "User name"},
		{"username", "a b", "User name has invalid format."},
		{"email", "eva@example.com", "E-mail already in use."},
		{"email", "nonsense", "E-mail has invalid format."},
		{"email", "", "E-mail can't be blank."},
		{"password", "short", "Password should be at least 8 characters."},
		{"password", "", "Password can't be blank."},
		{"full_name", strings.Repeat("x", 300), "Full name should be at most 255 characters."},
	} {
		form := map[string]string{"username": "joe", "email": "joe@example.com", "password": good, "full_name": "Joe"}
		form[c.field] = c.value
		p := b.Post("/signup", "username", form["username"], "email", form["email"], "password", form["password"], "full_name", form["full_name"])
		if p.Status != http.StatusUnprocessableEntity || !strings.HasPrefix(p.FaultOf(c.field), c.says) {
			t.Errorf("%s=%q: %d %q\n%s", c.field, c.value, p.Status, p.FaultOf(c.field), p.HTML)
		}
		for name, value := range form {
			if shown := p.Find("input", "name", name)[0].Attr["value"]; name != "password" && shown != value || name == "password" && shown != "" {
				t.Errorf("%s=%q: %s is shown as %q", c.field, c.value, name, shown)
			}
		}
	}
}

func TestClosedRegistrationTakesInvitations(t *testing.T) {
	w := newWorld(t)
	w.rules.Registration = account.Registration{}
	b := w.browser()
	b.Get("/signup").Wants(t, 403, "/signup", "By invitation only")
	if p := b.Get("/login"); len(p.Find("a", "href", "/signup")) > 0 {
		t.Error("the login page offers what is not to be had")
	}
	b.Get("/signup?invitation=guess").Wants(t, 404, "/signup", "Nothing is here.")
	if p := b.Post("/signup", "username", "eva", "email", "eva@example.com", "password", good); p.Path == "/dashboard" {
		t.Error("somebody registered without an invitation")
	}
	if _, _, err := w.accounts.Invite(t.Context(), operator, "eva@example.com"); err != nil {
		t.Fatal(err)
	}
	link := w.link(mail.SiteInvitation)
	p := b.Get(link)
	if p.Find("input", "name", "email")[0].Attr["value"] != "eva@example.com" {
		t.Errorf("the address is to be typed again:\n%s", p.HTML)
	}
	b.Submit(p, "/signup", "username", "eva", "password", good).Wants(t, 200, "/dashboard", "Hello, eva")
	w.browser().Get(link).Wants(t, 404, "/signup", "Nothing is here.")
}

// A15: asking for mail says the same whoever asks, and mails only whom it concerns.
func TestA15AskingForMailSaysTheSameOfEverybody(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	for path, kind := range map[string]mail.Kind{"/password/reset": mail.ResetPassword, "/email/verification": mail.VerifyEmail} {
		known := w.browser().Post(path, "login", "eva@example.com")
		unknown := w.browser().Post(path, "login", "nobody@example.com")
		if known.HTML != unknown.HTML || known.Status != 200 || known.Status != unknown.Status {
			t.Errorf("%s: %d and %d, and the pages differ = %t", path, known.Status, unknown.Status, known.HTML != unknown.HTML)
		}
		if n := w.letters(kind); kind == mail.ResetPassword && n != 1 || kind == mail.VerifyEmail && n != 0 {
			t.Errorf("%s: %d letters", path, n)
		}
	}
}

// A17: the link works once, for a day, in any browser, and its token does not stay in the address.
func TestA17ResetLinkWorksOnceAndEndsSessions(t *testing.T) {
	w := newWorld(t)
	u := w.user("eva")
	in := w.as("eva")
	_, secret, err := w.access.CreateKey(t.Context(), access.SystemActor("test"), access.OfUser(u.ID), access.KeyDraft{Name: "ci"})
	w.must(err)
	w.browser().Post("/password/reset", "login", "eva")
	link := w.link(mail.ResetPassword)
	b := w.browser()
	first := b.Still().Get(link)
	if got := first.Header.Get("Location"); got != "/password/new" || first.Header.Get("Referrer-Policy") != "same-origin" || first.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the token leaves the address for %q: %v", got, first.Header)
	}
	p := b.Get(link)
	p.Wants(t, 200, "/password/new", "Choose a new password")
	token := mailtest.Last(t, w.mail, mail.ResetPassword).Params["token"]
	if strings.Contains(p.HTML, token) || strings.Contains(w.log.String(), token) {
		t.Error("the token shows in the page or in the log")
	}
	if _, ok := p.Find("input", "name", "revoke_keys")[0].Attr["checked"]; !ok {
		t.Error("revoking the keys is not proposed")
	}
	if p := b.Submit(p, "/password/new", "password", "short"); p.FaultOf("password") != "Password should be at least 8 characters." && p.FaultOf("password") != "New password should be at least 8 characters." {
		t.Errorf("a bad password: %d %q", p.Status, p.FaultOf("password"))
	}
	b.Submit(p, "/password/new", "password", "another four unrelated words").Wants(t, 200, "/login", "Log in")
	if p := in.Get("/dashboard"); p.Path != "/login" {
		t.Error("a session outlived the reset")
	}
	_ = secret
	other := w.browser()
	other.Get(link).Wants(t, 403, "/password/new", "This link does not work.")
	b.Get("/password/new").Wants(t, 403, "/password/new", "This link does not work.")
	if p := w.browser().Post("/login", "login", "eva", "password", good); p.Status != 422 {
		t.Error("the old password still works")
	}
	w.browser().Post("/login", "login", "eva", "password", "another four unrelated words").Wants(t, 200, "/dashboard", "Hello, eva")
}

func TestA17ResetLinkExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("eva")
		w.browser().Post("/password/reset", "login", "eva")
		link := w.link(mail.ResetPassword)
		b := w.browser()
		b.Get(link).Wants(t, 200, "/password/new", "Choose a new password")
		time.Sleep(25 * time.Hour)
		b.Get(link).Wants(t, 403, "/password/new", "This link does not work.")
	})
}

// A17: a reset does not get around the second factor.
func TestA17ResetLeavesTheSecondFactor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("eva")
		w.enrol("eva")
		w.browser().Post("/password/reset", "login", "eva")
		b := w.browser()
		b.Submit(b.Get(w.link(mail.ResetPassword)), "/password/new", "password", "another four unrelated words")
		b.Post("/login", "login", "eva", "password", "another four unrelated words").Wants(t, 200, "/tfa", "Second step")
		if p := b.Get("/dashboard"); p.Path != "/login" {
			t.Error("the password alone let somebody in")
		}
	})
}

// A16: whatever a request says of the host, links lead to the configured address, and redirects nowhere else.
func TestA16HostOfTheRequestIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.browser()
	for _, path := range []string{"/login", "/password/reset"} {
		for _, evil := range []func(*http.Request){
			func(r *http.Request) { r.Host = "evil.example" },
			func(r *http.Request) { r.Header.Set("X-Forwarded-Host", "evil.example") },
			func(r *http.Request) { r.Header.Set("Forwarded", "host=evil.example;proto=http") },
			func(r *http.Request) { r.Header.Set("X-Original-Url", "https://evil.example/x") },
		} {
			form := url.Values{"login": {"eva"}, "password": {good}}.Encode()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, strings.NewReader(form))
			w.must(err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			evil(r)
			p := b.Still().Do(r)
			if strings.Contains(p.HTML, "evil.example") || strings.Contains(p.Header.Get("Location"), "evil") || strings.Contains(p.Header.Get("Set-Cookie"), "evil") {
				t.Errorf("%s: %v\n%s", path, p.Header, p.HTML)
			}
		}
	}
	for _, e := range mailtest.Letters(t, w.mail, "") {
		for name, value := range e.Params {
			if strings.Contains(value, "evil") {
				t.Errorf("a letter has %s = %q", name, value)
			}
		}
	}
	page, _, err := w.mail.Outbox(t.Context(), "", 100)
	w.must(err)
	if len(page) == 0 {
		t.Fatal("nobody was written to")
	}
	for _, e := range page {
		if _, m, err := w.mail.Read(t.Context(), e.ID); err != nil || strings.Contains(m.Text, "evil") {
			t.Errorf("letter: %v\n%s", err, m.Text)
		}
	}
}
