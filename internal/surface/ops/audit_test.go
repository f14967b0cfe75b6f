package ops_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hexhub/internal/surface/ops"
)

func (w *world) auditPage(query string) ops.AuditPage {
	w.Helper()
	var page ops.AuditPage
	if err := json.Unmarshal([]byte(w.local(200, "GET", "/operator/audit?"+query, "")), &page); err != nil {
		w.Fatal(err)
	}
	return page
}

func TestAuditLogIsReadByPageAndFilter(t *testing.T) {
	w := newWorld(t)
	w.local(200, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"correct horse battery"}`)
	w.local(200, "POST", "/operator/users", `{"username":"bob","email":"bob@example.com","password":"correct horse battery"}`)
	w.local(200, "POST", "/operator/keys?user=bob", `{"name":"ci"}`)
	first := w.auditPage("limit=2")
	rest := w.auditPage("limit=2&after=" + first.Next)
	if len(first.Entries) != 2 || len(rest.Entries) != 1 || rest.Next != "" || first.Entries[0].Action != "key.generate" {
		t.Errorf("pages %+v and %+v", first, rest)
	}
	for query, want := range map[string]int{
		"user=bob": 2, "action=user.create": 2, "user=eva&action=key.": 0, "org=none": 0, "from=2999-01-01T00:00:00Z": 0, "to=1999-01-01T00:00:00Z": 0,
	} {
		if got := w.auditPage(query).Entries; len(got) != want {
			t.Errorf("%s: %d entries, want %d", query, len(got), want)
		}
	}
	w.local(404, "GET", "/operator/audit?user=nobody", "")
	for _, query := range []string{"limit=x", "limit=0", "from=yesterday", "after=" + url.QueryEscape("../x")} {
		w.local(400, "GET", "/operator/audit?"+query, "")
	}
}

func TestAuditLogIsExportedAsLines(t *testing.T) {
	w := newWorld(t)
	w.local(200, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"correct horse battery"}`)
	w.local(200, "POST", "/operator/keys?user=eva", `{"name":"ci"}`)
	rec := w.ask(ops.New(w.deps).Local(), "GET", "/operator/audit/export?user=eva", "")
	lines := strings.Split(strings.TrimSuffix(rec.Body.String(), "\n"), "\n")
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/x-ndjson" || len(lines) != 2 || !strings.Contains(lines[0], "key.generate") {
		t.Errorf("export = %d %s: %s", rec.Code, rec.Header().Get("Content-Type"), rec.Body)
	}
	w.local(400, "GET", "/operator/audit/export?from=yesterday", "")
	w.local(404, "GET", "/operator/audit/export?user=nobody", "")
}

func TestAuditLogIsVerified(t *testing.T) {
	w := newWorld(t)
	w.local(200, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"correct horse battery"}`)
	if got := w.local(200, "GET", "/operator/audit/verify", ""); !strings.Contains(got, `"rows":1`) || !strings.Contains(got, `"problems":[]`) {
		t.Errorf("verified: %s", got)
	}
}
