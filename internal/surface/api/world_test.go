package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhub/hex/erlterm"
	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/shortlink"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/origin"
	unpacked "hexhub/internal/kernel/pack"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/api"
	"hexhub/internal/surface/call"
)

// A world is a small server in memory: jose owns packages of the default repository hexhub, eva
// administers the organization forge with the private repository of that name, and bob has nothing.
type world struct {
	testing.TB
	http.Handler
	db       *store.DB
	blobs    blob.Store
	catalog  *catalog.Catalog
	counter  *stats.Counter
	keys     map[string]string // secrets of the users' keys, by the user's name
	users    map[string]account.User
	accounts *account.Accounts
	access   *access.Access
	oauth    *oauth.OAuth
	rules    access.Rules
	orgs     *org.Orgs
	mail     *mail.Mail
	serve    func(blob.Store) http.Handler // with other blobs
}

var (
	home  = name.MustRepository("hexhub")
	forge = name.MustRepository("forge")
)

const password = "tall ships on a wine-dark sea"

func newWorld(t testing.TB, options ...func(*account.Rules, *api.Options)) *world {
	t.Helper()
	log := store.NewMemory()
	t.Cleanup(func() { log.Close() })
	db, err := store.Open(t.Context(), log, store.Options{},
		limit.Tables, job.Tables, audit.Tables, mail.Tables, account.Tables, org.Tables, access.Tables, oauth.Tables, catalog.Tables, policy.Tables, shortlink.Tables, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	open, err := account.ParseRegistration("open")
	if err != nil {
		t.Fatal(err)
	}
	rules, o := account.Rules{Registration: open}, api.Options{}
	for _, set := range options {
		set(&rules, &o)
	}
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, db: db, blobs: &blob.Memory{}, keys: map[string]string{}, users: map[string]account.User{}}
	accounts := account.New(db, account.Options{
		Sealer: sealer, Cost: account.Cost{Memory: 64, Passes: 1, Lanes: 1}, Rules: func(store.Reader) account.Rules { return rules },
		LimitLoopback: o.LimitLoopback,
	})
	w.accounts = accounts
	w.mail = mailtest.New(t, db)
	w.orgs = org.New(db, org.Options{Mail: w.mail})
	w.access = access.New(db, accounts, []byte("pepper"), access.Options{
		DefaultRepository: home, ThingOf: catalog.ThingOf, Rules: func(store.Reader) access.Rules { return w.rules },
		Bearer: func(r store.Reader, token string, at time.Time) (access.Token, error) {
			return w.oauth.Bearer(r, token, at)
		},
	})
	w.oauth = oauth.New(db, accounts, w.access, sealer, oauth.Options{DefaultRepository: home, Issuer: "https://hub.test"})
	w.catalog = catalog.New(db, catalog.Options{DefaultRepository: home, Recent: stats.Recent, Total: stats.Total})
	w.counter = stats.New(db, stats.Options{})
	links, err := shortlink.New(db, "https://hub.test", origin.Beside("https://hub.test"))
	w.must(err)
	packs, err := unpacked.NewShelf(t.TempDir(), unpacked.Options{})
	w.must(err)
	t.Cleanup(func() { packs.Close() })
	origins, err := origin.Parse("https://*.docs.test")
	w.must(err)
	w.serve = func(blobs blob.Store) http.Handler {
		return api.New(api.Rooms{
			Trees: docs.NewTrees(blobs, packs), Pages: docs.Addresses{Origins: origins, Default: home},
			DB: db, Blobs: blobs, Accounts: accounts, Access: w.access, Orgs: w.orgs, Catalog: w.catalog, Docs: docs.New(db, blobs), Policies: policy.New(db, home), Links: links,
			OAuth: w.oauth, Audit: audit.New(db, audit.Options{}),
			Default: home, URL: "https://hub.test",
		}, o)
	}
	w.Handler = w.serve(w.blobs)
	_, err = w.orgs.EnsureDefault(t.Context(), home)
	w.must(err)
	for _, n := range []string{"jose", "eva", "bob"} {
		u, err := accounts.Create(t.Context(), audit.By{Username: "test"}, account.Draft{
			Username: n, FullName: strings.ToUpper(n[:1]) + n[1:], Emails: []string{n + "@example.com"}, Password: password, Verified: true,
		})
		w.must(err)
		w.users[n] = u
		w.keys[n] = w.key(n, "laptop")
	}
	_, err = w.orgs.Create(t.Context(), audit.By{}, forge, w.users["eva"].ID)
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// key makes a key of the user and returns its secret.
func (w *world) key(user, keyName string, permissions ...access.Permission) string {
	w.Helper()
	u := w.users[user]
	_, secret, err := w.access.CreateKey(w.Context(), access.Actor{User: u, Via: access.Password}, access.OfUser(u.ID),
		access.KeyDraft{Name: keyName, Permissions: permissions})
	w.must(err)
	return secret
}

// A want changes a request before it is sent.
type want func(*http.Request)

func header(key, value string) want {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(key)] = []string{value} }
}

func (w *world) as(user string) want { return header("Authorization", w.keys[user]) }

func basic(user, password string) want {
	return header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

func from(ip string) want {
	return func(r *http.Request) {
		*r = *r.WithContext(call.With(r.Context(), &call.Call{ID: "test", IP: netip.MustParseAddr(ip)}))
	}
}

func inTerms(r *http.Request) { r.Header.Set("Accept", "application/vnd.hex+erlang") }

// do sends a request. A body that is no text or bytes is sent as JSON.
func (w *world) do(method, path string, body any, wants ...want) *httptest.ResponseRecorder {
	w.Helper()
	var b io.Reader
	contentType := "application/octet-stream"
	switch body := body.(type) {
	case nil:
	case []byte:
		b = bytes.NewReader(body)
	case string:
		b = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		w.must(err)
		b, contentType = bytes.NewReader(text), "application/json"
	}
	r := httptest.NewRequestWithContext(context.WithoutCancel(w.Context()), method, path, b)
	r.Header.Set("Content-Type", contentType)
	from("192.0.2.1")(r)
	for _, want := range wants {
		want(r)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

// expect sends a request that must be answered with the status.
func (w *world) expect(status int, method, path string, body any, wants ...want) *httptest.ResponseRecorder {
	w.Helper()
	rec := w.do(method, path, body, wants...)
	if rec.Code != status {
		w.Fatalf("%s %s: %d %s, want %d", method, path, rec.Code, rec.Body, status)
	}
	return rec
}

// tree reads an answer in either format.
func tree(t testing.TB, rec *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var v any
	var err error
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "application/vnd.hex+erlang") {
		v, err = erlterm.Decode(rec.Body.Bytes())
	} else {
		err = json.Unmarshal(rec.Body.Bytes(), &v)
	}
	m, ok := v.(map[string]any)
	if err != nil || !ok {
		t.Fatalf("answer %q is no object: %v", rec.Body, err)
	}
	return m
}

// pack makes a tarball; edits change its metadata.
func pack(t testing.TB, pkg, version string, edits ...func(*tarball.Metadata)) []byte {
	t.Helper()
	m := tarball.Metadata{
		Name: pkg, Version: version, App: pkg, Description: new("The package " + pkg), Licenses: []string{"MIT"},
		Links: map[string]string{"GitHub": "https://github.com/x/" + pkg}, BuildTools: []string{"mix"}, Elixir: "~> 1.15",
		Requirements: []tarball.Requirement{},
	}
	for _, edit := range edits {
		edit(&m)
	}
	var b bytes.Buffer
	if _, err := tarball.Write(&b, m, []tarball.Source{{Path: "mix.exs", Content: []byte("# " + pkg)}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// publish publishes versions of a package to the default repository, or that of the prefix.
func (w *world) publish(user, prefix, pkg string, versions ...string) {
	w.Helper()
	for _, v := range versions {
		w.expect(201, "POST", prefix+"/packages/"+pkg+"/releases?replace=false", pack(w, pkg, v), w.as(user))
	}
}
