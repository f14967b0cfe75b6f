package ops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/operator"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/lead"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/ops"
)

// A world is an operator's side of a node in memory.
type world struct {
	*testing.T
	deps ops.Deps
	log  bytes.Buffer
}

func newWorld(t *testing.T) *world {
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{},
		job.Tables, lead.Tables, scrub.Tables, audit.Tables, mail.Tables, setting.Tables, level.Tables, limit.Tables, account.Tables, org.Tables,
		access.Tables, oauth.Tables, catalog.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &world{T: t}
	letters := mailtest.New(t, db)
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 64, Passes: 1, Lanes: 1}, Mail: letters, Sealer: sealer})
	var tokens *oauth.OAuth
	rights := access.New(db, accounts, []byte("pepper"), access.Options{Bearer: func(r store.Reader, token string, at time.Time) (access.Token, error) {
		return tokens.Bearer(r, token, at)
	}})
	tokens = oauth.New(db, accounts, rights, sealer, oauth.Options{})
	reg := prometheus.NewRegistry()
	ops.RegisterMetrics(reg, ops.Measured{Version: "1.2.3", DB: db})
	w.deps = ops.Deps{
		Version: "1.2.3", DB: db, Accounts: accounts, Orgs: org.New(db, org.Options{Mail: letters}), Audit: audit.New(db, audit.Options{}), Metrics: reg,
		Access:   rights,
		OAuth:    tokens,
		Catalog:  catalog.New(db, catalog.Options{DefaultRepository: name.MustRepository("hexhub")}),
		Settings: setting.New(db, []setting.Definition{{Name: "colour", Default: "blue", Check: func(string) error { return nil }}}),
		Mail:     letters, Jobs: job.New(db, job.Options{}),
		Registry: connect.Registry{URL: "http://127.0.0.1:4000", Repository: "hexhub", Fingerprint: "SHA256:x"},
		Setup: func(context.Context) (string, time.Time, error) {
			return "http://127.0.0.1:4000/setup/X", time.Now(), nil
		},
		Logger: slog.New(slog.NewJSONHandler(&w.log, nil)),
	}
	w.deps.Operator = operator.New(operator.Deps{DB: db, Jobs: w.deps.Jobs, Mail: letters})
	return w
}

func (w *world) ask(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(w.Context(), method, target, strings.NewReader(body))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

// local asks the socket, and wants the status.
func (w *world) local(status int, method, target, body string) string {
	w.Helper()
	rec := w.ask(ops.New(w.deps).Local(), method, target, body)
	if rec.Code != status {
		w.Fatalf("%s %s: %d %s, want %d", method, target, rec.Code, rec.Body, status)
	}
	return rec.Body.String()
}

// What is served over TCP tells how the node does, and obeys nobody.
func TestPublicObeysNobody(t *testing.T) {
	w := newWorld(t)
	public := ops.New(w.deps).Public()
	for target, want := range map[string]int{
		"/healthz": 200, "/readyz": 200, "/metrics": 200,
		"/": 404, "/operator/status": 404, "/operator/users": 404, "/debug/pprof/": 404, "/debug/pprof/heap": 404,
	} {
		if rec := w.ask(public, "GET", target, ""); rec.Code != want {
			t.Errorf("GET %s: %d, want %d", target, rec.Code, want)
		}
	}
	if rec := w.ask(public, "POST", "/operator/users", "{}"); rec.Code != http.StatusNotFound {
		t.Errorf("POST /operator/users: %d, want 404", rec.Code)
	}
}

func TestReadinessSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*ops.Deps)
		status int
		body   string
	}{
		{"well", func(*ops.Deps) {}, 200, "ok\n"},
		{"not ready", func(d *ops.Deps) { d.Ready = func() error { return errors.New("draining") } }, 503, "not ready: draining\n"},
		{"read-only", func(d *ops.Deps) { d.DB.SetReadOnly(fault.New(fault.Unavailable, "an operator said so")) }, 200, "ok, read-only: an operator said so\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.spoil(&w.deps)
			rec := w.ask(ops.New(w.deps).Public(), "GET", "/readyz", "")
			if rec.Code != c.status || rec.Body.String() != c.body {
				t.Errorf("readyz = %d %q, want %d %q", rec.Code, rec.Body, c.status, c.body)
			}
		})
	}
}

func TestMetricsTellOfTheStore(t *testing.T) {
	w := newWorld(t)
	w.local(200, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"correct horse battery"}`)
	text := w.ask(ops.New(w.deps).Public(), "GET", "/metrics", "").Body.String()
	for _, line := range []string{
		`version="1.2.3"} 1`, `hexhub_store_rows{table="user"} 1`, `hexhub_store_read_only 0`,
		`hexhub_store_updates_total 1`, `hexhub_store_age_seconds 0`, "go_goroutines ",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}

// Every deed is in the audit log, as the operator's.
func TestDeedsAreAudited(t *testing.T) {
	w := newWorld(t)
	w.local(200, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"correct horse battery","admin":true}`)
	w.local(200, "POST", "/operator/users", `{"username":"robot","service":true}`)
	w.local(200, "PUT", "/operator/user/password?user=robot", `{"password":"correct horse staple"}`)
	w.local(200, "PUT", "/operator/user/admin?user=robot", `{"on":true}`)
	w.local(200, "PUT", "/operator/user/active?user=robot", `{"on":false}`)
	w.local(200, "PUT", "/operator/user/active?user=robot", `{"on":true}`)
	w.local(200, "POST", "/operator/keys?user=robot", `{"name":"ci"}`)
	w.local(200, "DELETE", "/operator/keys?user=robot&name=ci", "")
	w.local(200, "PUT", "/operator/settings", `{"name":"colour","value":"red"}`)
	entries, _, err := audit.List(t.Context(), w.deps.DB.View(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Action)
		if e.By.Username != "hexhub operator" || e.By.UserID != "" {
			t.Errorf("%s was done by %+v", e.Action, e.By)
		}
	}
	for _, want := range []string{
		"user.create", "password.add", "user.admin", "user.deactivate", "user.reactivate", "key.generate", "key.remove", "setting.update",
	} {
		if !strings.Contains(strings.Join(got, " "), want) {
			t.Errorf("the audit log lacks %s: %v", want, got)
		}
	}
}

func TestProblemsHaveKindFieldsAndRequest(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ name, method, target, body, kind string }{
		{"unknown deed", "GET", "/operator/nothing", "", "not found"},
		{"wrong method", "PATCH", "/operator/settings", "{}", "not found"},
		{"unknown user", "GET", "/operator/user?user=nobody", "", "not found"},
		{"unknown check", "GET", "/operator/doctor?only=heart", "", "not found"},
		{"unknown field", "POST", "/operator/users", `{"colour":"red"}`, "malformed"},
		{"no JSON", "POST", "/operator/users", `username=eva`, "malformed"},
		{"no body", "PUT", "/operator/settings", ``, "malformed"},
		{"too large", "POST", "/operator/users", `{"username":"` + strings.Repeat("a", 70<<10) + `"}`, "malformed"},
		{"bad fields", "POST", "/operator/users", `{"username":"-","email":"x","password":"short"}`, "invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := w.ask(ops.New(w.deps).Local(), c.method, c.target, c.body)
			var p ops.Problem
			if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
				t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
			}
			if p.Kind != c.kind || p.Request == "" || p.Message == "" && len(p.Fields) == 0 {
				t.Errorf("problem = %+v, want of kind %s, with words and a request", p, c.kind)
			}
		})
	}
}

// Neither passwords nor keys leave but where they must, and the command line not at all.
func TestA20SecretsStayInside(t *testing.T) {
	w := newWorld(t)
	const password = "canary horse battery"
	out := w.local(200, "POST", "/operator/users", `{"username":"eva","email":"eva@example.com","password":"`+password+`"}`)
	var k ops.Key
	if err := json.Unmarshal([]byte(w.local(200, "POST", "/operator/keys?user=eva", `{"name":"ci"}`)), &k); err != nil || k.Secret == "" {
		t.Fatalf("key = %+v, %v", k, err)
	}
	out += w.local(200, "GET", "/operator/users", "") + w.local(200, "GET", "/operator/user?user=eva", "") + w.local(200, "GET", "/operator/keys?user=eva", "")
	entries, _, err := audit.List(t.Context(), w.deps.DB.View(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"answers": out, "log": w.log.String(), "audit log": string(told)} {
		for _, secret := range []string{"canary", "argon2", k.Secret} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s hold %q", where, secret)
			}
		}
	}
	rec := w.ask(ops.New(w.deps).Local(), "GET", "/debug/pprof/cmdline", "")
	if body, _ := io.ReadAll(rec.Body); rec.Code != http.StatusNotFound {
		t.Errorf("A20 /debug/pprof/cmdline: %d %q, want 404", rec.Code, body)
	}
}
