package account_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
)

const canary = `"><svg/onload=alert(1)>`

func TestAddressesAreLookedAfter(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.as("eva")
	p := b.submit(b.get("/dashboard/email"), "/dashboard/email/add", "email", "Second@example.com")
	p.wants(t, 200, "/dashboard/email", "E-mail")
	if !p.says("second@example.com") || !strings.Contains(p.flash(), "mailed a link") {
		t.Fatalf("flash = %q\n%s", p.flash(), p.html)
	}
	if p := b.post("/dashboard/email/primary", "email", "second@example.com"); p.status != 422 {
		t.Errorf("an unproved address became primary: %d", p.status)
	}
	scanner := w.browser()
	scanner.submit(scanner.get(w.link(mail.VerifyEmail)), "/email/verify")
	b.post("/dashboard/email/primary", "email", "second@example.com")
	b.post("/dashboard/email/public", "email", "second@example.com")
	b.post("/dashboard/email/remove", "email", "eva@example.com")
	u, _ := account.ByName(w.db.View(), "eva")
	if len(u.Emails) != 1 || u.PublicEmail() != "second@example.com" || !u.Emails[0].Primary {
		t.Errorf("emails = %+v", u.Emails)
	}
	if p := b.post("/dashboard/email/remove", "email", "second@example.com"); p.status != 422 || !strings.Contains(p.problem(), "primary") {
		t.Errorf("the last address: %d %q", p.status, p.problem())
	}
	if p := b.post("/dashboard/email/public", "email", "none"); p.status != 200 {
		t.Errorf("hiding the address: %d", p.status)
	}
	if p := b.post("/dashboard/email/add", "email", "no address"); p.faultOf("email") != "E-mail has invalid format." {
		t.Errorf("a bad address: %q", p.faultOf("email"))
	}
	if p := b.post("/dashboard/email/remove", "email", "nobody@example.com"); p.status != 404 {
		t.Errorf("somebody's address: %d", p.status)
	}
}

func TestChangingThePasswordTakesTheOldOne(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b, other := w.as("eva"), w.as("eva")
	p := b.get("/dashboard/security")
	if p := b.submit(p, "/dashboard/security/password", "password_current", "wrong", "password", "another four unrelated words"); p.faultOf("password_current") == "" {
		t.Errorf("%d\n%s", p.status, p.html)
	}
	if p := b.submit(p, "/dashboard/security/password", "password_current", good, "password", "password"); p.faultOf("password") == "" {
		t.Errorf("%d\n%s", p.status, p.html)
	}
	p = b.submit(p, "/dashboard/security/password", "password_current", good, "password", "another four unrelated words")
	p.wants(t, 200, "/dashboard/security", "Security")
	if p := other.get("/dashboard"); p.path != "/login" {
		t.Error("another session outlived the old password")
	}
}

// W8: sessions can be listed and ended while they are used, and ending one ends it at once.
func TestW8SessionsAreListedAndEnded(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	w.user("joe")
	b, other, foreign := w.as("eva"), w.as("eva"), w.as("joe")
	p := b.get("/dashboard/sessions")
	if n := len(p.find("ul")[0].find("li")); n != 2 || !p.says("Firefox on Linux this one") {
		t.Errorf("%d sessions:\n%s", n, p.html)
	}
	id := ""
	for _, form := range p.find("form", "action", "/dashboard/sessions/revoke") {
		if v := form.find("input", "name", "id")[0].attr["value"]; v != "others" {
			id = v
		}
	}
	foreign.post("/dashboard/sessions/revoke", "id", id) // Z11: it is not his
	if p := other.get("/dashboard"); p.path != "/dashboard" {
		t.Fatal("somebody ended another user's session")
	}
	b.post("/dashboard/sessions/revoke", "id", id).wants(t, 200, "/dashboard/sessions", "Sessions")
	if p := other.get("/dashboard"); p.path != "/login" {
		t.Error("the session goes on")
	}
	third := w.as("eva")
	b.post("/dashboard/sessions/revoke", "id", "others")
	if p := third.get("/dashboard"); p.path != "/login" {
		t.Error("another session goes on")
	}
	if p := b.get("/dashboard/sessions"); p.path != "/dashboard/sessions" {
		t.Error("one's own session ended as well")
	}
}

func TestKeysAreMadeShownOnceAndRevoked(t *testing.T) {
	w := newWorld(t)
	u := w.user("eva")
	b := w.as("eva")
	p := b.submit(b.get("/dashboard/keys"), "/dashboard/keys", "name", canary)
	secrets := p.find("pre", "id", "secret")
	if p.status != 200 || len(secrets) != 1 || strings.Contains(p.html, "<svg/onload") {
		t.Fatalf("%d\n%s", p.status, p.html)
	}
	secret := secrets[0].text
	a, err := w.access.Authenticate(t.Context(), secret, "", w.ip(), "mix")
	if err != nil || a.User.ID != u.ID || !slices.Equal(a.Permissions, []access.Permission{{Domain: "api", Resource: "write"}}) || a.Key.RevokeAt == nil {
		t.Errorf("actor = %+v, %v", a, err)
	}
	p = b.get("/dashboard/keys")
	if strings.Contains(p.html, secret) || strings.Contains(p.html, "<svg/onload") || !p.says(canary) {
		t.Errorf("the list shows\n%s", p.html)
	}
	b.submit(p, "/dashboard/keys/revoke").wants(t, 200, "/dashboard/keys", "API keys")
	if _, err := w.access.Authenticate(t.Context(), secret, "", w.ip(), "mix"); err == nil {
		t.Error("the key still works")
	}
	for _, c := range []struct {
		fields []string
		field  string
	}{
		{[]string{"name", "", "permission", "api"}, "name"},
		{[]string{"name", "ci"}, ""},
		{[]string{"name", "ci", "permission", "api:everything"}, ""},
		{[]string{"name", "ci", "more", "package:acme/nothing"}, ""},
		{[]string{"name", "ci", "more", "repository:guild"}, ""},
	} {
		p := b.post("/dashboard/keys", append(c.fields, "expires", "30d")...)
		if p.status != 422 || c.field != "" && p.faultOf(c.field) == "" || c.field == "" && p.problem() == "" || len(p.find("pre", "id", "secret")) > 0 {
			t.Errorf("%v: %d %q\n%s", c.fields, p.status, p.problem(), p.html)
		}
	}
	if live := access.KeysOf(w.db.View(), access.OfUser(u.ID)); len(live) != 0 {
		t.Errorf("keys = %+v", live)
	}
}

func TestInvitationLeadsThroughLoginAndBack(t *testing.T) {
	w := newWorld(t)
	boss, eva := w.user("boss"), w.user("eva")
	guild := name.MustRepository("guild")
	_, err := w.orgs.Create(t.Context(), operator, guild, boss.ID)
	w.must(err)
	invite := func(d org.InvitationDraft) string {
		_, err := w.orgs.Invite(t.Context(), access.Actor{User: boss, Via: access.Browser}.By(), guild, d)
		w.must(err)
		return w.link(mail.OrgInvitation)
	}
	link := invite(org.InvitationDraft{Email: "eva@example.com", Role: org.Write})
	b := w.browser()
	p := b.get(link)
	p.wants(t, 200, "/invites", "Join guild")
	if !p.says("boss invites you") || strings.Contains(w.log.String(), strings.TrimPrefix(link, "/invites?token=")) {
		t.Errorf("who invites is not said, or the token is logged:\n%s\n%s", p.html, w.log)
	}
	if org.RoleOf(w.db.View(), guild, eva.ID) != "" {
		t.Fatal("opening the link joined")
	}
	p = b.get(p.find("main")[0].find("a")[0].attr["href"])
	p = b.submit(p, "/login", "login", "eva", "password", good)
	p.wants(t, 200, "/invites", "Join guild")
	b.submit(p, "/invites", "answer", "accept").wants(t, 200, "/dashboard/orgs", "Organizations")
	if org.RoleOf(w.db.View(), guild, eva.ID) != org.Write {
		t.Error("accepting did not join")
	}
	w.browser().get(link).wants(t, 404, "/invites", "Nothing is here.")

	// Who has no account makes one on the way, although nobody else may.
	w.rules.Registration = account.Registration{}
	n := w.browser()
	p = n.get(invite(org.InvitationDraft{Email: "new@example.com", Role: org.Read}))
	var register string
	for _, a := range p.find("main")[0].find("a") {
		register = a.attr["href"]
	}
	p = n.submit(n.get(register), "/signup", "username", "newcomer", "password", good)
	p.wants(t, 200, "/invites", "Join guild")
	n.submit(p, "/invites", "answer", "accept").wants(t, 200, "/dashboard/orgs", "Organizations")

	// Who was invited by name needs no mail.
	joe := w.user("joe")
	invite(org.InvitationDraft{Username: "joe", Role: org.Read})
	j := w.as("joe")
	p = j.get("/dashboard/orgs")
	j.submit(p, "/invites", "answer", "accept").wants(t, 200, "/dashboard/orgs", "Organizations")
	if org.RoleOf(w.db.View(), guild, joe.ID) != org.Read {
		t.Error("accepting did not join")
	}
}

func TestDecliningLeavesOneOutside(t *testing.T) {
	w := newWorld(t)
	boss, eva := w.user("boss"), w.user("eva")
	guild := name.MustRepository("guild")
	_, err := w.orgs.Create(t.Context(), operator, guild, boss.ID)
	w.must(err)
	_, err = w.orgs.Invite(t.Context(), operator, guild, org.InvitationDraft{Email: "eva@example.com", Role: org.Write})
	w.must(err)
	b := w.as("eva")
	b.submit(b.get(w.link(mail.OrgInvitation)), "/invites", "answer", "decline").wants(t, 200, "/dashboard/orgs", "Organizations")
	if org.RoleOf(w.db.View(), guild, eva.ID) != "" || len(org.Invitations(w.db.View(), guild)) != 0 {
		t.Error("declining joined, or left the invitation open")
	}
	_, err = w.orgs.Invite(t.Context(), operator, guild, org.InvitationDraft{Username: "eva", Role: org.Write})
	w.must(err)
	b.submit(b.get("/dashboard/orgs"), "/invites", "answer", "decline").wants(t, 200, "/dashboard/orgs", "Organizations")
	if org.RoleOf(w.db.View(), guild, eva.ID) != "" || len(org.Invitations(w.db.View(), guild)) != 0 {
		t.Error("declining joined, or left the invitation open")
	}
}

func TestActivityIsOnesOwnAndEscaped(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.as("eva")
	b.submit(b.get("/dashboard/keys"), "/dashboard/keys", "name", canary)
	p := b.get("/dashboard/audit-logs")
	for _, want := range []string{"The key " + canary + " was made", "The account was made", "A session began", "operator"} {
		if !p.says(want) {
			t.Errorf("no %q in\n%s", want, p.html)
		}
	}
	if strings.Contains(p.html, "<svg/onload") {
		t.Error("a key's name is not escaped")
	}
	if p := b.get("/dashboard/audit-logs?after=" + urlEscape(`../x"><svg>`)); p.status >= 500 {
		t.Errorf("a cursor that is none: %d", p.status)
	}
}

func TestDeletingTakesTheMailTheNameAndThePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("eva")
		b := w.as("eva")
		p := b.submit(b.get("/dashboard/delete-account"), "/dashboard/delete-account")
		if p.path != "/dashboard/delete-account" || !strings.Contains(p.flash(), "on its way") {
			t.Fatalf("%s %q", p.path, p.flash())
		}
		link := w.link(mail.DeletionRequest)
		time.Sleep(20 * time.Minute)
		p = b.get(link)
		p.wants(t, 200, "/dashboard/delete-account", "Delete your account")
		if strings.Contains(p.html, link[len("/dashboard/delete-account?key="):]) {
			t.Error("the token shows in the page")
		}
		if p := b.submit(p, "/dashboard/delete-account/confirm", "username", "joe", "proof", good); p.faultOf("username") == "" {
			t.Errorf("%d %q", p.status, p.problem())
		}
		if p := b.submit(p, "/dashboard/delete-account/confirm", "username", "eva", "proof", "wrong"); p.faultOf("proof") == "" {
			t.Errorf("%d %q", p.status, p.problem())
		}
		b.submit(p, "/dashboard/delete-account/confirm", "username", "eva", "proof", good).wants(t, 200, "/dashboard/delete-account/confirm", "Your account is gone.")
		if _, ok := account.ByName(w.db.View(), "eva"); ok {
			t.Error("the account is there")
		}
		if p := b.get("/dashboard"); p.path != "/login" {
			t.Error("the browser is still in")
		}
	})
}

func TestProfileIsSaved(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.as("eva")
	p := b.submit(b.get("/dashboard/profile"), "/dashboard/profile", "full_name", "Eva "+canary, "github", "https://github.com/eva")
	p.wants(t, 200, "/dashboard/profile", "eva")
	u, _ := account.ByName(w.db.View(), "eva")
	if u.FullName != "Eva "+canary || u.Handles["github"] != "eva" || strings.Contains(p.html, "<svg/onload") {
		t.Errorf("user = %q %v\n%s", u.FullName, u.Handles, p.html)
	}
	if p := b.submit(p, "/dashboard/profile", "full_name", strings.Repeat("x", 256)); p.faultOf("full_name") == "" {
		t.Errorf("%d %q", p.status, p.problem())
	}
}

// L, Z: what is about a user is shown to himself only.
func TestPagesAboutAUserAreForHimselfOnly(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	for _, path := range []string{"/dashboard", "/dashboard/profile", "/dashboard/email", "/dashboard/security", "/dashboard/security/totp", "/dashboard/sessions", "/dashboard/keys", "/dashboard/orgs", "/dashboard/audit-logs", "/dashboard/delete-account", "/sudo", "/oauth/device/authorize"} {
		p := w.browser().still().get(path)
		if got := p.header.Get("Location"); p.status != http.StatusSeeOther || !regexp.MustCompile(`^/login(\?return=|$)`).MatchString(got) {
			t.Errorf("%s: %d to %q", path, p.status, got)
		}
	}
}
