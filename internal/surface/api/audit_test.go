package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/hex/erlterm"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// logs reads a page of an audit log.
func logs(t *testing.T, rec *httptest.ResponseRecorder) (out []map[string]any) {
	t.Helper()
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s: %v", rec.Body, err)
	}
	return out
}

func actions(entries []map[string]any) (out []string) {
	for _, e := range entries {
		out = append(out, e["action"].(string))
	}
	return out
}

// at returns what is at a path of keys within an entry.
func at(entry map[string]any, path ...string) any {
	var v any = entry
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func TestAuditLogsTellWhatWasDone(t *testing.T) {
	w := newWorld(t)
	agent := header("User-Agent", "hex/2.5.0 (elixir/1.19)")
	w.expect(201, "POST", "/publish", pack(t, "decimal", "1.0.0"), w.as("jose"), agent)
	w.expect(204, "PUT", "/packages/decimal/owners/bob", map[string]any{"level": "maintainer"}, w.as("jose"), agent)
	w.expect(204, "POST", "/packages/decimal/releases/1.0.0/retire", map[string]any{"reason": "security", "message": "do not use"}, w.as("jose"), agent)

	ofPackage := logs(t, w.expect(200, "GET", "/packages/decimal/audit-logs", nil))
	if got := actions(ofPackage); !slices.Equal(got, []string{"release.retire", "owner.add", "release.publish"}) {
		t.Fatalf("the package's log = %v", got)
	}
	for _, e := range ofPackage {
		if at(e, "user_agent") != "hex/2.5.0 (elixir/1.19)" || at(e, "params", "package", "name") != "decimal" {
			t.Errorf("entry %v", e)
		}
		if _, err := time.Parse(time.RFC3339, e["inserted_at"].(string)); err != nil {
			t.Error(err)
		}
	}
	if e := ofPackage[0]; at(e, "params", "release", "version") != "1.0.0" || at(e, "params", "release", "retirement", "message") != "do not use" {
		t.Errorf("retirement %v", e)
	}
	if e := ofPackage[1]; at(e, "params", "user", "username") != "bob" || at(e, "params", "level") != "maintainer" {
		t.Errorf("owner %v", e)
	}

	mine := actions(logs(t, w.expect(200, "GET", "/users/me/audit-logs", nil, w.as("jose"))))
	if !slices.Equal(mine, []string{"release.retire", "owner.add", "release.publish", "key.generate", "user.create"}) {
		t.Errorf("jose's log = %v", mine)
	}
	if bobs := actions(logs(t, w.expect(200, "GET", "/users/me/audit-logs", nil, w.as("bob")))); !slices.Contains(bobs, "owner.add") {
		t.Errorf("bob's log = %v; want what was done to him, too", bobs)
	}
	if forges := logs(t, w.expect(200, "GET", "/orgs/forge/audit-logs", nil, w.as("eva"))); len(forges) != 1 || at(forges[0], "params", "organization", "name") != "forge" {
		t.Errorf("forge's log = %v", forges)
	}
	if v, err := erlterm.Decode(w.expect(200, "GET", "/packages/decimal/audit-logs", nil, inTerms, w.as("jose")).Body.Bytes()); err != nil || len(v.([]any)) != 3 {
		t.Errorf("in terms %v, %v", v, err)
	}
}

func TestAuditLogsAreForThoseWhomTheyConcern(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.publish("eva", "/repos/forge", "vault", "1.0.0")
	_, secret, err := w.access.CreateKey(t.Context(), access.SystemActor("test"), access.OfOrg(forge), access.KeyDraft{Name: "ci"})
	w.must(err)
	w.keys["forge"] = secret
	w.keys["fetcher"] = w.key("jose", "fetcher", fetchAll)
	for path, want := range map[string]map[string]int{
		"/users/me/audit-logs":                              {"": 401, "jose": 200, "forge": 404, "fetcher": 401},
		"/orgs/forge/audit-logs":                            {"": 401, "jose": 404, "forge": 200, "eva": 200},
		"/orgs/nothing/audit-logs":                          {"": 401, "jose": 404, "forge": 404, "eva": 404},
		"/orgs/FORGE/audit-logs":                            {"eva": 404},
		"/packages/decimal/audit-logs":                      {"": 200, "jose": 200, "bob": 200, "fetcher": 401},
		"/packages/absent/audit-logs":                       {"": 404, "jose": 404},
		"/repos/forge/packages/vault/audit-logs":            {"": 404, "jose": 404, "eva": 200, "forge": 200},
		"/repos/forge/packages/absent/audit-logs":           {"": 404, "jose": 404, "eva": 404},
		"/repos/hexhub/packages/decimal/audit-logs":         {"": 200},
		"/repos/hexhub/repos/hexhub/users/me/audit-logs":    {"jose": 404},
		"/repos/hexhub/users/me/audit-logs":                 {"jose": 200},
		"/repos/x/repos/hexhub/packages/decimal/audit-logs": {"": 200},
	} {
		for who, status := range want {
			as := w.as(who)
			if who == "" {
				as = func(*http.Request) {}
			}
			if rec := w.do("GET", path, nil, as); rec.Code != status {
				t.Errorf("%s as %q: %d, want %d", path, who, rec.Code, status)
			}
		}
	}
}

// What everybody may see of a public package's log is chosen: a param that nobody listed is not shown.
func TestStrangersSeeChosenParamsOfAPublicLogOnly(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	secrets := []string{"203.0.113.77", "canary", "jose@example.com"}
	by := audit.By{UserID: w.users["jose"].ID, Username: "jose", Org: "canary", KeyID: "canary-id", KeyName: "canary", Session: "canary", IP: secrets[0], UserAgent: "bot (+mailto:jose@example.com)"}
	w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
		audit.RecordTx(tx, by, "release.publish", map[string]any{
			"package":      map[string]any{"name": "decimal", "repository": "hexhub", "owner_email": secrets[2], "meta": map[string]any{"maintainers": []string{secrets[2]}, "extra": map[string]any{"canary": 1}}},
			"release":      map[string]any{"version": "1.0.0", "has_docs": false, "publisher_ip": secrets[0]},
			"user":         map[string]any{"username": "jose", "handles": map[string]string{"x": "canary"}, "email": secrets[2]},
			"organization": map[string]any{"name": "acme", "members": []string{"canary"}},
			"level":        "full", "ip": secrets[0], "email": secrets[2], "canary": true, "permissions": []string{"repository:canary"},
		}, time.Now(), audit.PackageRef("hexhub", "decimal"))
		return nil
	}))
	for name, as := range map[string]want{"anonymous": func(*http.Request) {}, "bob": w.as("bob"), "eva": w.as("eva")} {
		rec := w.expect(200, "GET", "/packages/decimal/audit-logs", nil, as)
		for _, secret := range secrets {
			if strings.Contains(rec.Body.String(), secret) {
				t.Errorf("%s is told %s: %s", name, secret, rec.Body)
			}
		}
		if e := logs(t, rec)[0]; at(e, "params", "level") != "full" || at(e, "params", "organization", "name") != "acme" || at(e, "params", "release", "version") != "1.0.0" {
			t.Errorf("%s is shown too little: %v", name, e)
		}
	}
	own := w.expect(200, "GET", "/packages/decimal/audit-logs", nil, w.as("jose")).Body.String()
	if !strings.Contains(own, "owner_email") || strings.Contains(own, `"ip":"203.0.113.77"`) == false {
		t.Errorf("the owner is shown %s", own)
	}
	if strings.Contains(own, `"key_name"`) || strings.Contains(own, "canary-id") {
		t.Errorf("an entry tells more than its params: %s", own)
	}
}

// Z3: who left an organization reads nothing of its private packages in his own log, not even what he did.
func TestZ3LeaversLogsForgetPrivatePackages(t *testing.T) {
	w := newWorld(t)
	w.must(w.orgs.SetMember(t.Context(), audit.By{}, forge, w.users["bob"].ID, org.Write))
	w.publish("bob", "/repos/forge", "vault", "1.0.0")
	if got := w.expect(200, "GET", "/users/me/audit-logs", nil, w.as("bob")).Body.String(); !strings.Contains(got, "vault") {
		t.Fatalf("the member's log: %s", got)
	}
	w.must(w.orgs.RemoveMember(t.Context(), audit.By{}, forge, w.users["bob"].ID))
	rec := w.expect(200, "GET", "/users/me/audit-logs", nil, w.as("bob"))
	if strings.Contains(rec.Body.String(), "vault") {
		t.Errorf("the leaver's log: %s", rec.Body)
	}
	entries := logs(t, rec)
	if got := actions(entries); !slices.Equal(got[:3], []string{"organization.member.remove", "release.publish", "organization.member.add"}) {
		t.Errorf("the leaver's log = %v", got)
	}
	if at(entries[0], "params", "organization", "name") != "forge" {
		t.Errorf("he is not told who sent him away: %v", entries[0])
	}
}

func TestAuditPagesAreReachedByNumberAndByCursor(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	for i := range 249 {
		w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
			audit.RecordTx(tx, audit.By{}, fmt.Sprint("deed.", i), nil, time.Now().Add(time.Duration(i+1)*time.Millisecond), audit.PackageRef("hexhub", "decimal"))
			return nil
		}))
	}
	uncounted := from("127.0.0.1")
	var byNumber, byCursor []string
	for page := 1; page <= 4; page++ {
		rec := w.expect(200, "GET", fmt.Sprint("/packages/decimal/audit-logs?page=", page), nil, uncounted)
		got := actions(logs(t, rec))
		if want := []int{100, 100, 50, 0}[page-1]; len(got) != want || (rec.Header().Get("Link") != "") != (page < 3) {
			t.Errorf("page %d has %d entries and Link %q", page, len(got), rec.Header().Get("Link"))
		}
		byNumber = append(byNumber, got...)
	}
	for path := "/packages/decimal/audit-logs"; path != ""; {
		rec := w.expect(200, "GET", path, nil, uncounted)
		byCursor = append(byCursor, actions(logs(t, rec))...)
		path, _, _ = strings.Cut(strings.TrimPrefix(rec.Header().Get("Link"), "<https://hub.test/api"), `>; rel="next"`)
	}
	if len(byNumber) != 250 || !slices.Equal(byNumber, byCursor) {
		t.Errorf("%d entries by number and %d by cursor, want the same 250", len(byNumber), len(byCursor))
	}
	for page, status := range map[string]int{"0": 200, "-7": 200, "x": 200, "100": 200, "101": 400, "1000000000": 400, "99999999999999999999": 400} { // W15
		if rec := w.do("GET", "/packages/decimal/audit-logs?page="+page, nil, uncounted); rec.Code != status {
			t.Errorf("page %s: %d, want %d", page, rec.Code, status)
		}
	}
	w.expect(400, "GET", "/packages/decimal/audit-logs?after=../../x", nil, uncounted)
}

// Whoever may not invite does not read whom others invited.
func TestMembersDoNotReadAddressesOfInvitedPeople(t *testing.T) {
	w := newWorld(t)
	w.must(w.orgs.SetMember(t.Context(), audit.By{}, forge, w.users["bob"].ID, org.Write))
	w.must(w.db.Update(t.Context(), func(tx *store.Tx) error {
		audit.RecordTx(tx, audit.By{}, "organization.invitation.create", map[string]any{"email": "new@example.com"}, time.Now(), audit.OrgRef("forge"))
		return nil
	}))
	for who, shown := range map[string]bool{"eva": true, "bob": false} {
		if got := strings.Contains(w.expect(200, "GET", "/orgs/forge/audit-logs", nil, w.as(who)).Body.String(), "new@example.com"); got != shown {
			t.Errorf("%s reads the address: %t", who, got)
		}
	}
}
