package api_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/surface/api"
)

// rebar3 asks for a reset, and nobody may learn from the answer who is here.
func TestA15ResetsAreAnsweredAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i, who := range []string{"jose", "jose@example.com", "Jose%40example.com", "nobody", "me", "..%2f", "%00", "a%20b", "forge"} {
			rec := w.expect(204, "POST", "/users/"+who+"/reset", nil, from(fmt.Sprintf("198.51.100.%d", i+1)))
			if rec.Body.Len() != 0 || rec.Header().Get("Content-Type") != "" {
				t.Errorf("%s: %v %s", who, rec.Header(), rec.Body)
			}
		}
		for range 10 {
			w.expect(204, "POST", "/users/nobody/reset", nil)
		}
		if rec := w.expect(429, "POST", "/users/jose/reset", nil); rec.Header().Get("Retry-After") == "" {
			t.Errorf("no word of when to come again: %v", rec.Header())
		}
		time.Sleep(time.Hour)
		w.expect(204, "POST", "/users/jose/reset", nil)
	})
}

func TestInvitedRegisterWhereOthersMayNot(t *testing.T) {
	w := newWorld(t, func(r *account.Rules, _ *api.Options) { *r = account.Rules{ConfirmMail: true} })
	body := map[string]any{"username": "mia", "email": "mia@example.com", "password": password}
	w.expect(403, "POST", "/users", body)
	token, _, err := w.accounts.Invite(t.Context(), audit.By{Username: "root"}, "mia@example.com")
	w.must(err)
	for _, bad := range []any{"x" + token, 7} {
		body["invitation"] = bad
		if errs, _ := tree(t, w.expect(422, "POST", "/users", body))["errors"].(map[string]any); errs["invitation"] == nil {
			t.Errorf("invitation %v: %v", bad, errs)
		}
	}
	body["invitation"] = token
	w.expect(201, "POST", "/users", body)
	if u, _ := account.ByName(w.db.View(), "mia"); !u.Verified() {
		t.Error("the address that the invitation was mailed to is not proved")
	}
	body["username"] = "eve"
	w.expect(422, "POST", "/users", body)
}

// Before his address is proved a user may make keys, and nothing else.
func TestUnconfirmedMayMakeKeysOnly(t *testing.T) {
	w := newWorld(t, func(r *account.Rules, _ *api.Options) { r.ConfirmMail = true })
	w.expect(201, "POST", "/users", map[string]any{"username": "mia", "email": "mia@example.com", "password": password})
	as := basic("mia", password)
	w.expect(201, "POST", "/keys", map[string]any{"name": "laptop"}, as)
	rec := w.expect(403, "POST", "/packages/fresh/releases", pack(t, "fresh", "1.0.0"), as)
	if got := tree(t, rec)["message"]; got != "email not verified" {
		t.Errorf("message = %v", got)
	}
}
