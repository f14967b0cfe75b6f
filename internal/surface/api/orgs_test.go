package api_test

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/org"
	"hexhub/internal/surface/api"
)

// fields are the named fields of the answer, or of each element of a list, as JSON.
func fields(t testing.TB, rec *httptest.ResponseRecorder, names ...string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", rec.Body, err)
	}
	pick := func(v any) any {
		var out []any
		for _, n := range names {
			out = append(out, v.(map[string]any)[n])
		}
		return out
	}
	all, isList := v.([]any)
	if !isList {
		return jsonOf(pick(v))
	}
	picked := []any{}
	for _, e := range all {
		picked = append(picked, pick(e))
	}
	return jsonOf(picked)
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// admin makes an administrator of the site, called root.
func (w *world) admin() {
	w.Helper()
	u, err := w.accounts.Create(w.Context(), audit.By{}, account.Draft{
		Username: "root", Emails: []string{"root@example.com"}, Password: password, Admin: true, Verified: true,
	})
	w.must(err)
	w.users["root"] = u
	w.keys["root"] = w.key("root", "all")
}

func TestOrganizations(t *testing.T) {
	w := newWorld(t)
	w.admin()
	for _, c := range []struct {
		method, path string
		body         any
		as           string
		status       int
		want         string // of name, billing_active, seats, key_max_age
	}{
		{"GET", "/orgs", nil, "", 200, `[]`},
		{"GET", "/orgs", nil, "jose", 200, `[]`},
		{"GET", "/orgs", nil, "eva", 200, `[["forge",true,null,null]]`},
		{"GET", "/repos/hexhub/orgs", nil, "eva", 200, `[["forge",true,null,null]]`},
		{"GET", "/orgs/forge", nil, "eva", 200, `["forge",true,null,null]`},
		{"GET", "/repos/forge/orgs/forge", nil, "eva", 200, `["forge",true,null,null]`},
		{"GET", "/orgs/FORGE", nil, "eva", 404, ``},
		{"GET", "/orgs/forge", nil, "bob", 404, ``},
		{"GET", "/orgs/forge", nil, "", 401, ``},
		{"GET", "/orgs/nowhere", nil, "eva", 404, ``},
		{"POST", "/orgs/forge", map[string]any{"seats": 4}, "eva", 200, `["forge",true,null,null]`},
		{"POST", "/orgs/forge", map[string]any{}, "eva", 200, `["forge",true,null,null]`},
		{"POST", "/orgs/forge", map[string]any{"seats": 4}, "bob", 404, ``},
		{"POST", "/orgs/forge", map[string]any{"key_max_age": "90d"}, "eva", 200, `["forge",true,null,"90d"]`},
		{"GET", "/orgs/forge", nil, "eva", 200, `["forge",true,null,"90d"]`},
		{"POST", "/orgs/forge", map[string]any{"key_max_age": "36h"}, "eva", 200, `["forge",true,null,"36h"]`},
		{"POST", "/orgs/forge", map[string]any{"key_max_age": nil}, "eva", 200, `["forge",true,null,null]`},
		{"POST", "/orgs/forge", map[string]any{"key_max_age": "1m"}, "eva", 422, `{"key_max_age":"must be an hour at least, or 0 for ever"}`},
		{"POST", "/orgs/forge", map[string]any{"key_max_age": 90}, "eva", 422, `{"key_max_age":"expected type string"}`},
		{"POST", "/orgs/forge", map[string]any{"key_max_age": 0}, "eva", 200, `["forge",true,null,null]`},

		{"POST", "/orgs", map[string]any{"name": "mill"}, "jose", 403, ``},
		{"POST", "/orgs", map[string]any{"name": "mill"}, "", 401, ``},
		{"POST", "/orgs", map[string]any{"name": "mill"}, "root", 201, `["mill",true,null,null]`},
		{"POST", "/orgs", map[string]any{"name": "mill"}, "root", 422, `{"name":"has already been taken"}`},
		{"POST", "/orgs", map[string]any{"name": "jose"}, "root", 422, `{"name":"has already been taken"}`},
		{"POST", "/orgs", map[string]any{}, "root", 422, `{"name":"can't be blank"}`},
		{"POST", "/orgs", map[string]any{"name": "a b"}, "root", 422, `{"name":"has invalid format"}`},
		{"POST", "/orgs", map[string]any{"name": 7}, "root", 422, `{"name":"expected type string"}`},
		{"POST", "/orgs", map[string]any{"name": "tarballs"}, "root", 422, `{"name":"is reserved"}`},
	} {
		var wants []want
		if c.as != "" {
			wants = append(wants, w.as(c.as))
		}
		rec := w.do(c.method, c.path, c.body, wants...)
		got := ""
		switch {
		case rec.Code == 422:
			got = jsonOf(tree(t, rec)["errors"])
		case rec.Code < 300:
			got = fields(t, rec, "name", "billing_active", "seats", "key_max_age")
		}
		if rec.Code != c.status || got != c.want && c.want != "" {
			t.Errorf("%s %s %v as %q: %d %s, want %d %s", c.method, c.path, c.body, c.as, rec.Code, rec.Body, c.status, c.want)
		}
		if rec.Code == 201 && rec.Header().Get("Location") != "https://hub.test/api/orgs/mill" {
			t.Errorf("Location = %s", rec.Header().Get("Location"))
		}
		if rec.Code == 200 && c.method == "GET" && rec.Header().Get("Cache-Control") != "private, max-age=60" {
			t.Errorf("%s: %s", c.path, rec.Header().Get("Cache-Control"))
		}
	}
	if got := org.RoleOf(w.db.View(), name.MustRepository("mill"), w.users["root"].ID); got != org.Admin {
		t.Errorf("the founder is %q", got)
	}
}

func TestMembers(t *testing.T) {
	w := newWorld(t)
	_, err := w.orgs.Create(t.Context(), audit.By{}, name.MustRepository("mill"), w.users["bob"].ID)
	w.must(err)
	for _, c := range []struct {
		method, path string
		body         any
		as           string
		status       int
		want         string // of username and role, or errors
	}{
		{"GET", "/orgs/forge/members", nil, "eva", 200, `[["eva","admin"]]`},
		{"GET", "/orgs/forge/members/eva", nil, "eva", 200, `["eva","admin"]`},
		{"GET", "/orgs/forge/members/jose", nil, "eva", 404, ``},
		{"GET", "/orgs/forge/members", nil, "jose", 404, ``},

		{"POST", "/orgs/forge/members", map[string]any{"name": "jose", "role": "read"}, "eva", 200, `["jose","read"]`},
		{"POST", "/orgs/forge/members", map[string]any{"name": "jose", "role": "write"}, "eva", 422, `{"user_id":"is already member"}`},
		{"POST", "/orgs/forge/members", map[string]any{"name": "nobody", "role": "write"}, "eva", 422, `{"name":"unknown user"}`},
		{"POST", "/orgs/forge/members", map[string]any{"role": "write"}, "eva", 422, `{"name":"unknown user"}`},
		{"POST", "/orgs/forge/members", map[string]any{"name": "mill", "role": "write"}, "eva", 422, `{"base":"cannot add an organization as member to an organization"}`},
		{"POST", "/orgs/forge/members", map[string]any{"name": "bob", "role": "owner"}, "eva", 422, `{"role":"is invalid"}`},
		{"POST", "/orgs/forge/members", map[string]any{"name": "bob"}, "eva", 422, `{"role":"can't be blank"}`},
		{"POST", "/orgs/forge/members", map[string]any{"name": "bob@example.com", "role": "write"}, "eva", 200, `["bob","write"]`},
		{"GET", "/orgs/forge/members", nil, "jose", 200, `[["bob","write"],["eva","admin"],["jose","read"]]`},
		{"GET", "/repos/hexhub/orgs/forge/members/bob", nil, "jose", 200, `["bob","write"]`},
		{"GET", "/orgs/forge/members/bob@example.com", nil, "jose", 200, `["bob","write"]`},

		{"POST", "/orgs/forge/members/jose", map[string]any{"role": "write"}, "jose", 404, ``},
		{"POST", "/orgs/forge/members/jose", map[string]any{"role": "write"}, "bob", 404, ``},
		{"POST", "/orgs/forge/members/jose", map[string]any{"role": "write"}, "eva", 200, `["jose","write"]`},
		{"POST", "/orgs/forge/members/nobody", map[string]any{"role": "write"}, "eva", 404, ``},
		{"POST", "/orgs/forge/members/jose", map[string]any{"role": "boss"}, "eva", 422, `{"role":"is invalid"}`},
		{"POST", "/orgs/forge/members/jose", map[string]any{}, "eva", 422, `{"role":"can't be blank"}`},
		{"POST", "/orgs/forge/members/eva", map[string]any{"role": "write"}, "eva", 422, `{"base":"cannot demote last admin member"}`},

		{"DELETE", "/orgs/forge/members/bob", nil, "jose", 404, ``},
		{"DELETE", "/orgs/forge/members/bob", nil, "eva", 204, ``},
		{"DELETE", "/orgs/forge/members/bob", nil, "eva", 204, ``},
		{"DELETE", "/orgs/forge/members/nobody", nil, "eva", 204, ``},
		{"DELETE", "/orgs/forge/members/eva", nil, "eva", 422, `{"base":"cannot remove last admin member"}`},
		{"DELETE", "/orgs/forge/members/jose", nil, "eva", 204, ``},
		{"DELETE", "/orgs/forge/members/eva", nil, "eva", 422, `{"base":"cannot remove last member"}`},
		{"DELETE", "/orgs/forge/members/eva", nil, "bob", 404, ``},
		{"DELETE", "/orgs/nowhere/members/eva", nil, "bob", 404, ``},
	} {
		rec := w.do(c.method, c.path, c.body, w.as(c.as))
		got := ""
		switch rec.Code {
		case 422:
			got = jsonOf(tree(t, rec)["errors"])
		case 200:
			got = fields(t, rec, "username", "role")
		}
		if rec.Code != c.status || got != c.want {
			t.Errorf("%s %s %v as %s: %d %s, want %d %s", c.method, c.path, c.body, c.as, rec.Code, rec.Body, c.status, c.want)
		}
		if c.path == "/orgs/forge/members" && c.status == 200 && c.method == "POST" {
			at := "https://hub.test/api/orgs/forge/members/" + tree(t, rec)["username"].(string)
			if rec.Header().Get("Location") != at {
				t.Errorf("Location = %s", rec.Header().Get("Location"))
			}
		}
	}
	if l := mailtest.Last(t, w.mail, mail.MemberAdded); l.To[0] != "bob@example.com" || l.Params["organization"] != "forge" || l.Params["by"] != "eva" {
		t.Errorf("letter = %+v", l)
	}
}

// Roles arrive as atoms from programs in Erlang.
func TestRolesMayBeAtoms(t *testing.T) {
	w := newWorld(t)
	// #{<<"name">> => <<"jose">>, <<"role">> => write}
	body, err := hex.DecodeString("8374000000026d000000046e616d656d000000046a6f73656d00000004726f6c6564000577726974" + "65")
	w.must(err)
	rec := w.expect(200, "POST", "/orgs/forge/members", body, w.as("eva"), header("Content-Type", "application/vnd.hex+erlang"), inTerms)
	if got := tree(t, rec); got["role"] != "write" || got["username"] != "jose" {
		t.Errorf("answer = %v", got)
	}
}

func TestInvitations(t *testing.T) {
	w := newWorld(t)
	made := w.expect(201, "POST", "/orgs/forge/invitations", map[string]any{"email": "Jose@Example.com", "role": "write"}, w.as("eva"))
	if got := fields(t, made, "email", "user", "role", "invited_by"); got != `["jose@example.com",null,"write","eva"]` {
		t.Errorf("made %s", got)
	}
	id := tree(t, made)["id"].(string)
	if at := made.Header().Get("Location"); at != "https://hub.test/api/orgs/forge/invitations/"+id {
		t.Errorf("Location = %s", at)
	}
	letter := mailtest.Last(t, w.mail, mail.OrgInvitation)
	token := letter.Params["token"]
	if letter.To[0] != "jose@example.com" || len(token) < 40 || strings.Contains(made.Body.String(), token) {
		t.Errorf("letter %+v, answer %s", letter, made.Body)
	}
	w.expect(201, "POST", "/repos/hexhub/orgs/forge/invitations", map[string]any{"username": "bob", "role": "read"}, w.as("eva"))
	all := w.expect(200, "GET", "/orgs/forge/invitations", nil, w.as("eva"))
	if got := fields(t, all, "email", "role"); got != `[["jose@example.com","write"],[null,"read"]]` || strings.Contains(all.Body.String(), token) {
		t.Errorf("all are %s", all.Body)
	}
	for _, c := range []struct {
		body any
		want string
	}{
		{map[string]any{"role": "read"}, `{"email":"give an e-mail address or a user name, and not both"}`},
		{map[string]any{"email": "x@example.com", "username": "bob", "role": "read"}, `{"email":"give an e-mail address or a user name, and not both"}`},
		{map[string]any{"email": "x", "role": "read"}, `{"email":"has invalid format"}`},
		{map[string]any{"email": "x@example.com", "role": "boss"}, `{"role":"is invalid"}`},
		{map[string]any{"email": "x@example.com"}, `{"role":"can't be blank"}`},
		{map[string]any{"username": "nobody", "role": "read"}, `{"username":"unknown user"}`},
		{map[string]any{"username": "eva", "role": "read"}, `{"username":"is already member"}`},
		{map[string]any{"email": 7, "role": "read"}, `{"email":"expected type string"}`},
	} {
		rec := w.expect(422, "POST", "/orgs/forge/invitations", c.body, w.as("eva"))
		if got := jsonOf(tree(t, rec)["errors"]); got != c.want {
			t.Errorf("%v: %s, want %s", c.body, got, c.want)
		}
	}

	w.expect(401, "POST", "/invitations/accept", map[string]any{"token": token})
	w.expect(404, "POST", "/invitations/accept", map[string]any{"token": token[1:]}, w.as("jose"))
	w.expect(404, "POST", "/invitations/accept", map[string]any{}, w.as("jose"))
	joined := w.expect(200, "POST", "/invitations/accept", map[string]any{"token": token}, w.as("jose"))
	if got := fields(t, joined, "name", "role"); got != `["forge","write"]` {
		t.Errorf("joined %s", got)
	}
	w.expect(404, "POST", "/invitations/accept", map[string]any{"token": token}, w.as("bob"))
	left := w.expect(200, "GET", "/orgs/forge/invitations", nil, w.as("eva"))
	var one []struct{ ID string }
	if err := json.Unmarshal(left.Body.Bytes(), &one); err != nil || len(one) != 1 {
		t.Fatalf("%s is left", left.Body)
	}
	w.expect(404, "DELETE", "/orgs/forge/invitations/"+one[0].ID, nil, w.as("jose")) // who may only write
	w.expect(404, "DELETE", "/orgs/forge/invitations/unknown", nil, w.as("eva"))
	w.expect(204, "DELETE", "/orgs/forge/invitations/"+one[0].ID, nil, w.as("eva"))
	w.expect(404, "DELETE", "/orgs/forge/invitations/"+one[0].ID, nil, w.as("eva"))
}

// A15: whoever invites is not told whether the address is known here.
func TestA15InvitingTellsNobodyWhoIsHere(t *testing.T) {
	w := newWorld(t)
	w.must(w.orgs.SetMember(t.Context(), audit.By{}, forge, w.users["jose"].ID, org.Read))
	var first string
	for _, address := range []string{"stranger@example.com", "bob@example.com", "jose@example.com"} {
		rec := w.expect(201, "POST", "/orgs/forge/invitations", map[string]any{"email": address, "role": "read"}, w.as("eva"))
		got := fields(t, rec, "user", "role", "invited_by")
		if first == "" {
			first = got
		}
		if got != first || len(mailtest.Letters(t, w.mail, mail.OrgInvitation)) == 0 {
			t.Errorf("%s: %s, want %s", address, got, first)
		}
	}
	if n := len(mailtest.Letters(t, w.mail, mail.OrgInvitation)); n != 3 {
		t.Errorf("%d letters, want 3", n)
	}
}

// Z4: who may look may not therefore change, whatever method is tried.
func TestZ4ReadersChangeNothing(t *testing.T) {
	w := newWorld(t)
	w.must(w.orgs.SetMember(t.Context(), audit.By{}, forge, w.users["jose"].ID, org.Read))
	w.must(w.orgs.SetMember(t.Context(), audit.By{}, forge, w.users["bob"].ID, org.Write))
	w.keys["reading-admin"] = w.key("eva", "read", access.Permission{Domain: "api", Resource: "read"})
	before, _ := org.Organizations.Get(w.db.View(), "forge")
	for _, c := range []struct {
		method, path string
		body         any
		writer       int // what a writer is answered; readers always 404
	}{
		{"POST", "/orgs/forge", map[string]any{"seats": 1}, 200},
		{"POST", "/orgs/forge", map[string]any{"key_max_age": "1d"}, 404},
		{"POST", "/orgs/forge/members", map[string]any{"name": "jose", "role": "admin"}, 404},
		{"POST", "/orgs/forge/members/jose", map[string]any{"role": "admin"}, 404},
		{"DELETE", "/orgs/forge/members/eva", nil, 404},
		{"GET", "/orgs/forge/invitations", nil, 404},
		{"POST", "/orgs/forge/invitations", map[string]any{"email": "x@example.com", "role": "admin"}, 404},
		{"DELETE", "/orgs/forge/invitations/x", nil, 404},
		{"PUT", "/orgs/forge/members", map[string]any{"name": "jose", "role": "admin"}, 404},
		{"PATCH", "/orgs/forge/members/jose", map[string]any{"role": "admin"}, 404},
	} {
		w.expect(404, c.method, c.path, c.body, w.as("jose"))
		w.expect(c.writer, c.method, c.path, c.body, w.as("bob"))
		if c.method == "POST" || c.method == "DELETE" {
			w.expect(401, c.method, c.path, c.body, w.as("reading-admin"))
		}
	}
	w.expect(200, "GET", "/orgs/forge/invitations", nil, w.as("reading-admin"))
	if after, _ := org.Organizations.Get(w.db.View(), "forge"); !after.UpdatedAt.Equal(before.UpdatedAt) {
		t.Errorf("the organization was changed: %+v", after)
	}
}

// Z10: fields that a client has no business to set are ignored.
func TestZ10FieldsBesideThePointAreIgnored(t *testing.T) {
	w := newWorld(t)
	w.admin()
	extra := func(body map[string]any) map[string]any {
		for k, v := range map[string]any{
			"id": "mine", "user_id": w.users["root"].ID, "org": "hexhub", "org_id": "hexhub", "organization": "hexhub", "admin": true,
			"verified": true, "public": true, "inserted_at": "2001-01-01T00:00:00Z", "expires_at": "2101-01-01T00:00:00Z", "hash": "00", "secret": "00",
			"members": map[string]any{w.users["bob"].ID: "admin"}, "by": "root", "owners": []any{"bob"}, "level ": "full", "revoked_at": nil,
		} {
			if _, given := body[k]; !given {
				body[k] = v
			}
		}
		return body
	}
	old := "2001-01-01T00:00:00.000000Z"
	w.expect(201, "POST", "/orgs", extra(map[string]any{"name": "mill"}), w.as("root"))
	o, _ := org.Organizations.Get(w.db.View(), "mill")
	r, _ := org.Repositories.Get(w.db.View(), "mill")
	if len(o.Members) != 1 || o.Members[w.users["root"].ID] != org.Admin || r.Public || o.InsertedAt.Year() == 2001 {
		t.Errorf("organization = %+v in %+v", o, r)
	}
	w.expect(200, "POST", "/orgs/forge", extra(map[string]any{"seats": 3}), w.as("eva"))
	if o, _ := org.Organizations.Get(w.db.View(), "forge"); len(o.Members) != 1 {
		t.Errorf("organization = %+v", o)
	}
	w.expect(200, "POST", "/orgs/forge/members", extra(map[string]any{"name": "bob", "role": "read"}), w.as("eva"))
	if u, _ := account.ByName(w.db.View(), "bob"); u.Admin {
		t.Error("bob administers the site")
	}
	made := w.expect(201, "POST", "/orgs/forge/invitations", extra(map[string]any{"email": "x@example.com", "role": "read"}), w.as("eva"))
	if got := fields(t, made, "id", "invited_by", "inserted_at", "expires_at"); strings.Contains(got, "mine") || strings.Contains(got, "root") || strings.Contains(got, "2001") || strings.Contains(got, "2101") {
		t.Errorf("invitation = %s", got)
	}
	k := w.expect(201, "POST", "/keys", extra(map[string]any{"name": "ci"}), w.as("bob"))
	if got := tree(t, k); got["inserted_at"] == old || got["secret"] == "00" {
		t.Errorf("key = %v", got)
	}
	if _, ok := access.KeyOf(w.db.View(), access.OfUser(w.users["bob"].ID), "ci"); !ok {
		t.Error("the key is not bob's")
	}
	w.publish("jose", "", "decimal", "1.0.0")
	w.expect(204, "PUT", "/packages/decimal/owners/bob", extra(map[string]any{"level": "maintainer"}), w.as("jose"))
	if got := fields(t, w.expect(200, "GET", "/packages/decimal/owners", nil), "username", "level"); got != `[["bob","maintainer"],["jose","full"]]` {
		t.Errorf("owners = %s", got)
	}
}

// Z10: nobody makes himself more than a user by what he says of himself.
func TestZ10WhoRegistersGivesHimselfNothing(t *testing.T) {
	w := newWorld(t, func(r *account.Rules, _ *api.Options) { r.ConfirmMail = true })
	body := map[string]any{"username": "mallory", "password": password, "emails": []any{map[string]any{"email": "m@example.com", "verified": true, "primary": true}}}
	maps.Copy(body, map[string]any{
		"id": "mine", "role": "mod", "admin": true, "service": true, "verified": true, "deactivated_at": nil, "inserted_at": "2001-01-01T00:00:00Z",
		"organizations": []any{map[string]any{"name": "forge", "role": "admin"}}, "second": map[string]any{}, "tfa_enabled": true,
	})
	w.expect(201, "POST", "/users", body)
	u, ok := account.ByName(w.db.View(), "mallory")
	if !ok || u.ID == "mine" || u.Admin || u.Service || u.Verified() || u.TwoFactor() || u.InsertedAt.Year() == 2001 || org.RoleOf(w.db.View(), forge, u.ID) != "" {
		t.Errorf("registering made %+v", u)
	}
}

// Z9: a role, a level or a permission is one of those there are, to the letter, or nothing is done.
func TestZ9UnknownRolesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	before, _ := org.Organizations.Get(w.db.View(), "forge")
	for _, role := range []any{
		"owner", "Admin", "ADMIN", "admin ", " admin", "admin\x00", "admin\n", "аdmin", "ａdmin", "admin,read", "admin read", "mod", "moderator", "superadmin", "root",
		"read|write", "*", "%", "null", "nil", "true", 0, 1, -1, 3.5, true, false,
		[]any{"admin"},
		[]any{},
		map[string]any{"admin": true},
		map[string]any{"role": "admin"},
	} {
		w.expect(422, "POST", "/orgs/forge/members", map[string]any{"name": "bob", "role": role}, w.as("eva"))
		w.expect(422, "POST", "/orgs/forge/members/eva", map[string]any{"role": role}, w.as("eva"))
		w.expect(422, "POST", "/orgs/forge/invitations", map[string]any{"email": "x@example.com", "role": role}, w.as("eva"))
		w.expect(422, "PUT", "/packages/decimal/owners/bob", map[string]any{"level": role}, w.as("jose"))
		w.expect(422, "POST", "/keys", map[string]any{"name": "k", "permissions": []any{map[string]any{"domain": role}}}, w.as("jose"))
		w.expect(422, "POST", "/keys", map[string]any{"name": "k", "permissions": []any{map[string]any{"domain": "api", "resource": role}}}, w.as("jose"))
	}
	if after, _ := org.Organizations.Get(w.db.View(), "forge"); !after.UpdatedAt.Equal(before.UpdatedAt) {
		t.Errorf("the organization was changed: %+v", after)
	}
	if got := fields(t, w.expect(200, "GET", "/packages/decimal/owners", nil), "username"); got != `[["jose"]]` {
		t.Errorf("owners = %s", got)
	}
}

// Z11: what is another's is not found by its id or name, in whichever path.
func TestZ11ForeignThingsAreNotFound(t *testing.T) {
	w := newWorld(t)
	_, err := w.orgs.Create(t.Context(), audit.By{}, name.MustRepository("mill"), w.users["bob"].ID)
	w.must(err)
	id := tree(t, w.expect(201, "POST", "/orgs/forge/invitations", map[string]any{"email": "x@example.com", "role": "admin"}, w.as("eva")))["id"].(string)
	w.expect(404, "DELETE", "/orgs/mill/invitations/"+id, nil, w.as("bob"))
	w.expect(404, "DELETE", "/orgs/forge/invitations/"+id, nil, w.as("bob"))
	w.expect(404, "GET", "/orgs/mill/members/eva", nil, w.as("bob"))
	w.expect(404, "POST", "/orgs/mill/members/eva", map[string]any{"role": "read"}, w.as("bob"))
	w.expect(204, "DELETE", "/orgs/mill/members/eva", nil, w.as("bob"))
	w.expect(201, "POST", "/orgs/forge/keys", map[string]any{"name": "deploy"}, w.as("eva"))
	w.expect(404, "GET", "/orgs/mill/keys/deploy", nil, w.as("bob"))
	w.expect(404, "DELETE", "/orgs/mill/keys/deploy", nil, w.as("bob"))
	w.expect(404, "DELETE", "/orgs/forge/keys/deploy", nil, w.as("bob"))
	w.expect(404, "GET", "/keys/deploy", nil, w.as("eva"))
	if n := len(org.Invitations(w.db.View(), forge)); n != 1 {
		t.Errorf("%d invitations are left, want 1", n)
	}
	// What is there is not told apart from what is not.
	for _, pair := range [][2]string{
		{"/orgs/forge", "/orgs/nowhere"},
		{"/orgs/forge/members", "/orgs/nowhere/members"},
		{"/orgs/forge/members/eva", "/orgs/nowhere/members/eva"},
		{"/orgs/forge/invitations", "/orgs/nowhere/invitations"},
		{"/orgs/forge/keys", "/orgs/nowhere/keys"},
	} {
		there, not := w.expect(404, "GET", pair[0], nil, w.as("bob")), w.expect(404, "GET", pair[1], nil, w.as("bob"))
		if there.Body.String() != not.Body.String() {
			t.Errorf("%s: %s; %s: %s", pair[0], there.Body, pair[1], not.Body)
		}
	}
}

// Z2: a writer of one organization gets nowhere by saying another's name in the path.
func TestZ2PathsReachNoOtherRepository(t *testing.T) {
	w := newWorld(t)
	_, err := w.orgs.Create(t.Context(), audit.By{}, name.MustRepository("mill"), w.users["bob"].ID)
	w.must(err)
	w.publish("eva", "/repos/forge", "vault", "1.0.0")
	w.publish("bob", "/repos/mill", "wheel", "1.0.0")
	for _, prefix := range []string{"/repos/forge", "/repos/hexhub/repos/forge", "/repos/mill/repos/forge", "/repos/mill:forge"} {
		for _, c := range []struct {
			method, path string
			body         any
		}{
			{"PUT", "/packages/vault/owners/bob", map[string]any{"level": "full", "transfer": true}},
			{"DELETE", "/packages/vault/owners/eva", nil},
			{"POST", "/packages/vault/retire", map[string]any{"reason": "other"}},
			{"POST", "/packages/vault/releases/1.0.0/retire", map[string]any{"reason": "other"}},
			{"DELETE", "/packages/vault/releases/1.0.0/retire", nil},
			{"DELETE", "/packages/vault/releases/1.0.0", nil},
			{"POST", "/packages/vault/releases?replace=true", pack(t, "vault", "1.0.0")},
			{"POST", "/publish", pack(t, "vault", "1.1.0")},
			{"GET", "/packages/vault", nil},
			{"GET", "/packages/vault/owners", nil},
		} {
			w.expect(404, c.method, prefix+c.path, c.body, w.as("bob"))
		}
	}
	w.expect(422, "POST", "/repos/mill/packages/wheel/releases", pack(t, "vault", "1.1.0"), w.as("bob"))
}

// Programs that act for a user change organizations with his second factor only.
func TestChangingOrganizationsThroughATokenTakesACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		code := w.enrol("eva")
		token := bearer(w.tokens("eva", "api")["access_token"])
		w.expect(200, "GET", "/orgs/forge/members", nil, token)
		w.expect(200, "GET", "/orgs/forge/invitations", nil, token)
		for _, c := range []struct {
			method, path string
			body         any
			status       int // with the code
		}{
			{"POST", "/orgs", map[string]any{"name": "mill"}, 403},
			{"POST", "/orgs/forge", map[string]any{"key_max_age": "90d"}, 200},
			{"POST", "/orgs/forge/members", map[string]any{"name": "jose", "role": "read"}, 200},
			{"POST", "/orgs/forge/members/jose", map[string]any{"role": "write"}, 200},
			{"DELETE", "/orgs/forge/members/jose", nil, 204},
			{"POST", "/orgs/forge/invitations", map[string]any{"email": "x@example.com", "role": "read"}, 201},
			{"DELETE", "/orgs/forge/invitations/x", nil, 404},
			{"POST", "/invitations/accept", map[string]any{"token": "x"}, 404},
		} {
			w.challenged(w.do(c.method, c.path, c.body, token), codeRequired, requiredWords)
			w.challenged(w.do(c.method, c.path, c.body, token, otp("000000")), codeInvalid, invalidWords)
			w.expect(c.status, c.method, c.path, c.body, token, otp(code()))
			time.Sleep(10 * time.Minute / 4) // wrong codes are counted
			token = bearer(w.tokens("eva", "api")["access_token"])
		}
	})
}
