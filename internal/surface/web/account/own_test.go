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
	p := b.Submit(b.Get("/dashboard/email"), "/dashboard/email/add", "email", "Second@example.com")
	p.Wants(t, 200, "/dashboard/email", "E-mail")
	if !p.Says("second@example.com") || !strings.Contains(p.Flash(), "mailed a link") {
		t.Fatalf("flash = %q\n%s", p.Flash(), p.HTML)
	}
	if p := b.Post("/dashboard/email/primary", "email", "second@example.com"); p.Status != 422 {
		t.Errorf("an unproved address became primary: %d", p.Status)
	}
	scanner := w.browser()
	scanner.Submit(scanner.Get(w.link(mail.VerifyEmail)), "/email/verify")
	b.Post("/dashboard/email/primary", "email", "second@example.com")
	b.Post("/dashboard/email/public", "email", "second@example.com")
	b.Post("/dashboard/email/remove", "email", "eva@example.com")
	u, _ := account.ByName(w.db.View(), "eva")
	if len(u.Emails) != 1 || u.PublicEmail() != "second@example.com" || !u.Emails[0].Primary {
		t.Errorf("emails = %+v", u.Emails)
	}
	if p := b.Post("/dashboard/email/remove", "email", "second@example.com"); p.Status != 422 || !strings.Contains(p.Problem(), "primary") {
		t.Errorf("the last address: %d %q", p.Status, p.Problem())
	}
	if p := b.Post("/dashboard/email/public", "email", "none"); p.Status != 200 {
		t.Errorf("hiding the address: %d", p.Status)
	}
	if p := b.Post("/dashboard/email/add", "email", "no address"); p.FaultOf("email") != "E-mail has invalid format." {
		t.Errorf("a bad address: %q", p.FaultOf("email"))
	}
	if p := b.Post("/dashboard/email/remove", "email", "nobody@example.com"); p.Status != 404 {
		t.Errorf("somebody's address: %d", p.Status)
	}
}

func TestChangingThePasswordTakesTheOldOne(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b, other := w.as("eva"), w.as("eva")
	p := b.Get("/dashboard/security")
	if p := b.Submit(p, "/dashboard/security/password", "password_current", "wrong", "password", "another four unrelated words"); p.FaultOf("password_current") == "" {
		t.Errorf("%d\n%s", p.Status, p.HTML)
	}
	if p := b.Submit(p, "/dashboard/security/password", "password_current", good, "password", "password"); p.FaultOf("password") == "" {
		t.Errorf("%d\n%s", p.Status, p.HTML)
	}
	p = b.Submit(p, "/dashboard/security/password", "password_current", good, "password", "another four unrelated words")
	p.Wants(t, 200, "/dashboard/security", "Security")
	if p := other.Get("/dashboard"); p.Path != "/login" {
		t.Error("another session outlived the old password")
	}
}

// W8: sessions can be listed and ended while they are used, and ending one ends it at once.
func TestW8SessionsAreListedAndEnded(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	w.user("joe")
	b, other, foreign := w.as("eva"), w.as("eva"), w.as("joe")
	p := b.Get("/dashboard/sessions")
	if n := len(p.Find("form", "action", "/dashboard/sessions/revoke")); n != 2 || !p.Says("Firefox on Linux this one") {
		t.Errorf("%d sessions to end, want the other one and all others:\n%s", n, p.HTML)
	}
	id := ""
	for _, form := range p.Find("form", "action", "/dashboard/sessions/revoke") {
		if v := form.Find("input", "name", "id")[0].Attr["value"]; v != "others" {
			id = v
		}
	}
	foreign.Post("/dashboard/sessions/revoke", "id", id) // Z11: it is not his
	if p := other.Get("/dashboard"); p.Path != "/dashboard" {
		t.Fatal("somebody ended another user's session")
	}
	b.Post("/dashboard/sessions/revoke", "id", id).Wants(t, 200, "/dashboard/sessions", "Sessions")
	if p := other.Get("/dashboard"); p.Path != "/login" {
		t.Error("the session goes on")
	}
	third := w.as("eva")
	b.Post("/dashboard/sessions/revoke", "id", "others")
	if p := third.Get("/dashboard"); p.Path != "/login" {
		t.Error("another session goes on")
	}
	if p := b.Get("/dashboard/sessions"); p.Path != "/dashboard/sessions" {
		t.Error("one's own session ended as well")
	}
}

func TestKeysAreMadeShownOnceAndRevoked(t *testing.T) {
	w := newWorld(t)
	u := w.user("eva")
	b := w.as("eva")
	p := b.Submit(b.Get("/dashboard/keys"), "/dashboard/keys", "name", canary, "preset", "custom", "permission", "api:write")
	secrets := p.Find("pre", "id", "secret")
	if p.Status != 200 || len(secrets) != 1 || strings.Contains(p.HTML, "<svg/onload") {
		t.Fatalf("%d\n%s", p.Status, p.HTML)
	}
	secret := secrets[0].Text
	a, err := w.access.Authenticate(t.Context(), secret, "", w.ip(), "mix")
	if err != nil || a.User.ID != u.ID || !slices.Equal(a.Permissions, []access.Permission{{Domain: "api", Resource: "write"}}) || a.Key.RevokeAt == nil {
		t.Errorf("actor = %+v, %v", a, err)
	}
	p = b.Get("/dashboard/keys")
	if strings.Contains(p.HTML, secret) || strings.Contains(p.HTML, "<svg/onload") || !p.Says(canary) {
		t.Errorf("the list shows\n%s", p.HTML)
	}
	p = b.Submit(p, "/dashboard/keys/revoke")
	p.Wants(t, 200, "/dashboard/keys", "API keys")
	if _, err := w.access.Authenticate(t.Context(), secret, "", w.ip(), "mix"); err == nil {
		t.Error("the key still works")
	}
	p = b.Submit(p, "/dashboard/keys/restore")
	if _, err := w.access.Authenticate(t.Context(), secret, "", w.ip(), "mix"); err != nil || !p.Says("The key lives again") || len(p.Find("form", "action", "/dashboard/keys/restore")) > 0 {
		t.Errorf("after undo: %v\n%s", err, p.HTML)
	}
	if p := w.as("eva").Get("/dashboard/keys"); len(p.Find("form", "action", "/dashboard/keys/restore")) > 0 {
		t.Error("another session is offered to undo")
	}
	b.Submit(p, "/dashboard/keys/revoke").Wants(t, 200, "/dashboard/keys", "API keys")
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
		p := b.Post("/dashboard/keys", append(c.fields, "expires", "30d")...)
		if p.Status != 422 || c.field != "" && p.FaultOf(c.field) == "" || c.field == "" && p.Problem() == "" || len(p.Find("pre", "id", "secret")) > 0 {
			t.Errorf("%v: %d %q\n%s", c.fields, p.Status, p.Problem(), p.HTML)
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
	p := b.Get(link)
	p.Wants(t, 200, "/invites", "Join guild")
	if !p.Says("boss invites you") || strings.Contains(w.log.String(), strings.TrimPrefix(link, "/invites?token=")) {
		t.Errorf("who invites is not said, or the token is logged:\n%s\n%s", p.HTML, w.log)
	}
	if org.RoleOf(w.db.View(), guild, eva.ID) != "" {
		t.Fatal("opening the link joined")
	}
	p = b.Get(p.Find("main")[0].Find("a")[0].Attr["href"])
	p = b.Submit(p, "/login", "login", "eva", "password", good)
	p.Wants(t, 200, "/invites", "Join guild")
	b.Submit(p, "/invites", "answer", "accept").Wants(t, 404, "/dashboard/orgs", "Nothing is here.") // the pages of organizations are elsewhere
	if org.RoleOf(w.db.View(), guild, eva.ID) != org.Write {
		t.Error("accepting did not join")
	}
	w.browser().Get(link).Wants(t, 404, "/invites", "This invitation is over.")
	w.browser().Get("/invites").Wants(t, 404, "/invites", "No invitation is open.")
	b.Submit(p, "/invites", "answer", "accept").Wants(t, 404, "/invites", "No invitation is open.")

	// Who has no account makes one on the way, although nobody else may.
	w.rules.Registration = account.Registration{}
	n := w.browser()
	p = n.Get(invite(org.InvitationDraft{Email: "new@example.com", Role: org.Read}))
	var register string
	for _, a := range p.Find("main")[0].Find("a") {
		register = a.Attr["href"]
	}
	p = n.Submit(n.Get(register), "/signup", "username", "newcomer", "password", good)
	p.Wants(t, 200, "/invites", "Join guild")
	n.Submit(p, "/invites", "answer", "accept").Wants(t, 404, "/dashboard/orgs", "Nothing is here.") // the pages of organizations are elsewhere

	// Who was invited by name needs no mail.
	joe := w.user("joe")
	invite(org.InvitationDraft{Username: "joe", Role: org.Read})
	j := w.as("joe")
	j.Post("/invites", "id", org.Invitations(w.db.View(), guild)[0].ID, "answer", "accept").Wants(t, 404, "/dashboard/orgs", "Nothing is here.") // the pages of organizations are elsewhere
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
	b.Submit(b.Get(w.link(mail.OrgInvitation)), "/invites", "answer", "decline").Wants(t, 404, "/dashboard/orgs", "Nothing is here.") // the pages of organizations are elsewhere
	if org.RoleOf(w.db.View(), guild, eva.ID) != "" || len(org.Invitations(w.db.View(), guild)) != 0 {
		t.Error("declining joined, or left the invitation open")
	}
	_, err = w.orgs.Invite(t.Context(), operator, guild, org.InvitationDraft{Username: "eva", Role: org.Write})
	w.must(err)
	b.Post("/invites", "id", org.Invitations(w.db.View(), guild)[0].ID, "answer", "decline").Wants(t, 404, "/dashboard/orgs", "Nothing is here.") // the pages of organizations are elsewhere
	if org.RoleOf(w.db.View(), guild, eva.ID) != "" || len(org.Invitations(w.db.View(), guild)) != 0 {
		t.Error("declining joined, or left the invitation open")
	}
}

func TestActivityIsOnesOwnAndEscaped(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.as("eva")
	b.Submit(b.Get("/dashboard/keys"), "/dashboard/keys", "name", canary)
	p := b.Get("/dashboard/audit-logs")
	for _, want := range []string{"The key " + canary + " was made", "The account was made", "A session began", "operator"} {
		if !p.Says(want) {
			t.Errorf("no %q in\n%s", want, p.HTML)
		}
	}
	if strings.Contains(p.HTML, "<svg/onload") {
		t.Error("a key's name is not escaped")
	}
	if p := b.Get("/dashboard/audit-logs?after=" + urlEscape(`../x"><svg>`)); p.Status >= 500 {
		t.Errorf("a cursor that is none: %d", p.Status)
	}
}

func TestDeletingTakesTheMailTheNameAndThePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.user("eva")
		b := w.as("eva")
		p := b.Submit(b.Get("/dashboard/delete-account"), "/dashboard/delete-account")
		if p.Path != "/dashboard/delete-account" || !strings.Contains(p.Flash(), "on its way") {
			t.Fatalf("%s %q", p.Path, p.Flash())
		}
		link := w.link(mail.DeletionRequest)
		time.Sleep(20 * time.Minute)
		p = b.Get(link)
		p.Wants(t, 200, "/dashboard/delete-account", "Delete your account")
		if strings.Contains(p.HTML, link[len("/dashboard/delete-account?key="):]) {
			t.Error("the token shows in the page")
		}
		if p := b.Submit(p, "/dashboard/delete-account/confirm", "username", "joe", "proof", good); p.FaultOf("username") == "" {
			t.Errorf("%d %q", p.Status, p.Problem())
		}
		if p := b.Submit(p, "/dashboard/delete-account/confirm", "username", "eva", "proof", "wrong"); p.FaultOf("proof") == "" {
			t.Errorf("%d %q", p.Status, p.Problem())
		}
		b.Submit(p, "/dashboard/delete-account/confirm", "username", "eva", "proof", good).Wants(t, 200, "/dashboard/delete-account/confirm", "Your account is gone.")
		if _, ok := account.ByName(w.db.View(), "eva"); ok {
			t.Error("the account is there")
		}
		if p := b.Get("/dashboard"); p.Path != "/login" {
			t.Error("the browser is still in")
		}
	})
}

func TestProfileIsSaved(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.as("eva")
	p := b.Submit(b.Get("/dashboard/profile"), "/dashboard/profile", "full_name", "Eva "+canary, "github", "https://github.com/eva")
	p.Wants(t, 200, "/dashboard/profile", "eva")
	u, _ := account.ByName(w.db.View(), "eva")
	if u.FullName != "Eva "+canary || u.Handles["github"] != "eva" || strings.Contains(p.HTML, "<svg/onload") {
		t.Errorf("user = %q %v\n%s", u.FullName, u.Handles, p.HTML)
	}
	if p := b.Submit(p, "/dashboard/profile", "full_name", strings.Repeat("x", 256)); p.FaultOf("full_name") == "" {
		t.Errorf("%d %q", p.Status, p.Problem())
	}
}

// L, Z: what is about a user is shown to himself only.
func TestPagesAboutAUserAreForHimselfOnly(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	for _, path := range []string{"/dashboard", "/dashboard/profile", "/dashboard/email", "/dashboard/security", "/dashboard/security/totp", "/dashboard/sessions", "/dashboard/keys", "/dashboard/audit-logs", "/dashboard/delete-account", "/sudo", "/oauth/device/authorize"} {
		p := w.browser().Still().Get(path)
		if got := p.Header.Get("Location"); p.Status != http.StatusSeeOther || !regexp.MustCompile(`^/login(\?return=|$)`).MatchString(got) {
			t.Errorf("%s: %d to %q", path, p.Status, got)
		}
	}
}
