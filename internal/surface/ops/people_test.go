package ops_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/surface/ops"
)

// answer reads what the socket answers with 200.
func answer[T any](w *world, method, target, body string) T {
	w.Helper()
	var v T
	if err := json.Unmarshal([]byte(w.local(200, method, target, body)), &v); err != nil {
		w.Fatal(err)
	}
	return v
}

// A reset is mailed to the user, and its token told to nobody else; only who owns the machine may have the
// link itself.
func TestResetsGoToTheUser(t *testing.T) {
	w := newWorld(t)
	w.local(200, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"`+password+`"}`)
	w.local(200, "POST", "/operator/users", `{"username":"robot","service":true}`)

	got := answer[ops.Reset](w, "POST", "/operator/user/reset?user=eva", "")
	if got.MailedTo != "eva@example.com" || got.URL != "" || !got.Resting {
		t.Errorf("reset = %+v", got)
	}
	if l := mailtest.Last(t, w.deps.Mail, mail.ResetPassword); l.To[0] != "eva@example.com" || l.Params["token"] == "" {
		t.Errorf("letter = %+v", l)
	}
	w.local(409, "POST", "/operator/user/reset?user=robot", "")
	w.local(200, "PUT", "/operator/user/recovery?user=eva", `{"on":false}`)
	w.local(409, "POST", "/operator/user/reset?user=eva", "")

	link := answer[ops.Reset](w, "POST", "/operator/user/reset-link?user=robot", "")
	u, err := url.Parse(link.URL)
	if err != nil || !strings.HasPrefix(link.URL, "http://127.0.0.1:4000/password/new?") {
		t.Fatalf("link = %q", link.URL)
	}
	if whose, err := w.deps.Accounts.CheckReset(u.Query().Get("key")); err != nil || whose.Username.String() != "robot" {
		t.Errorf("the link is %s's: %v", whose.Username, err)
	}
	if strings.Contains(w.log.String(), u.Query().Get("key")) {
		t.Error("A20 the log holds the token of the link")
	}
}

// Where no mail is sent, an invitation's link is the administrator's to hand over.
func TestInvitationsAreHandedOverWhereNoMailIsSent(t *testing.T) {
	w := newWorld(t)
	got := answer[ops.Invitation](w, "POST", "/operator/invitations", `{"email":"ann@example.com"}`)
	u, err := url.Parse(got.URL)
	if err != nil || !got.Resting {
		t.Fatalf("invitation = %+v", got)
	}
	if address, err := w.deps.Accounts.Invited(u.Query().Get("invitation")); err != nil || address != "ann@example.com" {
		t.Errorf("the link is for %q: %v", address, err)
	}
	listed := answer[[]ops.Invitation](w, "GET", "/operator/invitations", "")
	if len(listed) != 1 || listed[0].Email != "ann@example.com" || listed[0].URL != "" {
		t.Errorf("listed = %+v", listed)
	}
	w.local(422, "POST", "/operator/invitations", `{"email":"nowhere"}`)
	w.local(200, "DELETE", "/operator/invitations?email=ann@example.com", "")
	w.local(404, "DELETE", "/operator/invitations?email=ann@example.com", "")
	if _, err := w.deps.Accounts.Invited(u.Query().Get("invitation")); err == nil {
		t.Error("what was taken back still works")
	}
}

func TestAccountsAreLookedAfter(t *testing.T) {
	w := newWorld(t)
	w.local(200, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"`+password+`"}`)
	u, _ := account.ByName(w.deps.DB.View(), "eva")
	for range 2 {
		if _, _, err := w.deps.Accounts.StartSession(t.Context(), audit.By{}, u.ID, "192.0.2.1", "Firefox"); err != nil {
			t.Fatal(err)
		}
	}
	sessions := answer[[]ops.Session](w, "GET", "/operator/user/sessions?user=eva", "")
	if len(sessions) != 2 || sessions[0].UserAgent != "Firefox" || sessions[0].Kind != account.Browser {
		t.Fatalf("sessions = %+v", sessions)
	}
	w.local(404, "DELETE", "/operator/user/sessions?user=eva&id=none", "")
	w.local(200, "DELETE", "/operator/user/sessions?user=eva&id="+sessions[0].ID, "")
	if left := answer[[]ops.Session](w, "GET", "/operator/user/sessions?user=eva", ""); len(left) != 1 || left[0].ID != sessions[1].ID {
		t.Errorf("left = %+v", left)
	}
	w.local(200, "DELETE", "/operator/user/sessions?user=eva&all=true", "")
	if left := answer[[]ops.Session](w, "GET", "/operator/user/sessions?user=eva", ""); len(left) != 0 {
		t.Errorf("left = %+v", left)
	}
	w.local(409, "DELETE", "/operator/user/two-factor?user=eva", "")
	w.local(200, "DELETE", "/operator/user?user=eva", "")
	w.local(404, "GET", "/operator/user?user=eva", "")
	w.local(422, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"`+password+`"}`)
}

func TestOrganizationsAreLookedAfter(t *testing.T) {
	w := newWorld(t)
	for _, n := range []string{"eva", "bob", "ann"} {
		w.local(200, "POST", "/operator/users", `{"username":"`+n+`","email":"`+n+`@example.com","password":"`+password+`"}`)
	}
	w.local(200, "POST", "/operator/orgs?user=eva&org=acme", "")
	w.local(200, "PUT", "/operator/org/member?user=bob&org=acme", `{"role":"write","new":true}`)
	w.local(422, "PUT", "/operator/org/member?user=bob&org=acme", `{"role":"write","new":true}`)
	w.local(404, "PUT", "/operator/org/member?user=ann&org=acme", `{"role":"read","old":true}`)
	w.local(200, "PUT", "/operator/org/member?user=bob&org=acme", `{"role":"read","old":true}`)
	w.local(404, "DELETE", "/operator/org/member?user=ann&org=acme", "")
	w.local(422, "DELETE", "/operator/org/member?user=eva&org=acme", "") // the last administrator
	w.local(422, "PUT", "/operator/org?org=acme", `{"key_max_age":"soon"}`)
	if got := answer[ops.Org](w, "PUT", "/operator/org?org=acme", `{"key_max_age":"90d"}`); got.KeyMaxAge != "2160h0m0s" {
		t.Errorf("org = %+v", got)
	}
	got := answer[ops.Org](w, "DELETE", "/operator/org/member?user=bob&org=acme", "")
	if len(got.Members) != 1 || got.Members["eva"] != "admin" {
		t.Errorf("members = %v", got.Members)
	}

	i := answer[ops.OrgInvitation](w, "POST", "/operator/org/invitations?org=acme", `{"email":"zoe@example.com","role":"read"}`)
	w.local(422, "POST", "/operator/org/invitations?org=acme", `{"role":"read"}`)
	w.local(404, "DELETE", "/operator/org/invitations?org=acme&id=none", "")
	if listed := answer[[]ops.OrgInvitation](w, "GET", "/operator/org/invitations?org=acme", ""); len(listed) != 1 || listed[0].ID != i.ID {
		t.Errorf("invitations = %+v", listed)
	}
	w.local(200, "DELETE", "/operator/org/invitations?org=acme&id="+i.ID, "")

	k := answer[ops.Key](w, "POST", "/operator/keys?org=acme", `{"name":"ci","permissions":[{"domain":"repository","resource":"acme"}]}`)
	if k.Secret == "" || k.ExpiresAt == nil {
		t.Errorf("key = %+v, want one that ends as the organization says", k)
	}
	if ended := answer[[]ops.Key](w, "DELETE", "/operator/keys?org=acme&all=true", ""); len(ended) != 1 {
		t.Errorf("ended = %+v", ended)
	}
	w.local(404, "DELETE", "/operator/keys?org=acme&name=ci", "")
	w.local(404, "GET", "/operator/keys?org=none", "")
}

func TestClientsOfTokensAreLookedAfter(t *testing.T) {
	w := newWorld(t)
	w.local(422, "POST", "/operator/clients", `{"name":"Portal","grants":["authorization_code"],"scopes":["api:read"]}`)
	c := answer[ops.Client](w, "POST", "/operator/clients",
		`{"name":"Portal","confidential":true,"grants":["authorization_code","refresh_token"],"redirect_uris":["https://portal.example.com/back"],"scopes":["api:read"]}`)
	if c.Secret == "" || c.BuiltIn {
		t.Errorf("client = %+v", c)
	}
	listed := w.local(200, "GET", "/operator/clients", "")
	if !strings.Contains(listed, "Portal") || strings.Contains(listed, c.Secret) || !strings.Contains(listed, "Gleam") {
		t.Errorf("listed = %s", listed)
	}
	w.local(200, "DELETE", "/operator/clients?id="+c.ID, "")
	w.local(404, "DELETE", "/operator/clients?id="+c.ID, "")
}
