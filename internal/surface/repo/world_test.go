package repo_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/index"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/stats"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/repo"
)

const (
	password = "four unrelated wooden words"
	script   = `
user jose password="` + password + `"
user eve
org guild admin=jose
key jose all permissions=repositories
key jose api permissions=api:write
key guild bot permissions=repository:guild
key jose docs permissions=docs:guild
key eve all permissions=repositories
policy guild/open public cooldown=7d deny=evil
policy guild/strict cooldown=7d deny=evil

package hexhub/decimal owner=jose
release hexhub/decimal 2.0.0 docs
release hexhub/decimal 2.1.0-rc-1.2
release hexhub/decimal 2.10.0 retired="security:see GHSA-1"
package guild/secret
release guild/secret 1.0.0 requires="decimal ~> 2.0" docs
`
)

var hexhub = name.MustRepository("hexhub")

// signer is made once: the time it takes to find primes is no part of any test.
var signer = sync.OnceValue(func() *registry.Signer {
	s, err := registry.GenerateKey()
	if err != nil {
		panic(err)
	}
	return s
})

// A server is the surface above rooms in memory.
type server struct {
	http.Handler
	world.Rooms
	oauth   *oauth.OAuth
	stats   *stats.Counter
	secrets map[string]string
}

func newServer(t testing.TB, text string, blobs blob.Store) *server {
	t.Helper()
	return newServerOver(t, store.NewMemory(), text, blobs)
}

func newServerOver(t testing.TB, log store.Log, text string, blobs blob.Store) *server {
	t.Helper()
	ctx := context.Background() // outlives the test's own, which ends before its cleanups
	db, err := store.Open(ctx, log, store.Options{},
		audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, oauth.Tables, catalog.Tables, policy.Tables, stats.Tables, index.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 64, Passes: 1, Lanes: 1}})
	s := &server{stats: stats.New(db, stats.Options{}), Rooms: world.Rooms{
		DB: db, Blobs: blobs, Repository: hexhub, Accounts: accounts, Orgs: org.New(db, org.Options{}),
		Catalog: catalog.New(db, catalog.Options{DefaultRepository: hexhub}),
	}}
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	s.Access = access.New(db, accounts, make([]byte, 32), access.Options{
		DefaultRepository: hexhub, ThingOf: catalog.ThingOf,
		Bearer: func(r store.Reader, token string, at time.Time) (access.Token, error) {
			return s.oauth.Bearer(r, token, at)
		},
	})
	s.oauth = oauth.New(db, accounts, s.Access, sealer, oauth.Options{DefaultRepository: hexhub})
	if _, err := s.Orgs.EnsureDefault(ctx, hexhub); err != nil {
		t.Fatal(err)
	}
	w, err := world.Build(ctx, s.Rooms, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s.secrets = w.Secrets
	x, err := index.New(db, signer(), index.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = repo.New(repo.Deps{DB: db, Index: x, Access: s.Access, Blobs: blobs, Stats: s.stats, Default: hexhub})
	return s
}

// Addresses of nobody (RFC 5737).
var client = netip.MustParseAddr("192.0.2.1")

// ask sends a request with headers in pairs. A method other than GET stands before the path.
func (s *server) ask(target string, headers ...string) *httptest.ResponseRecorder {
	method, path, given := strings.Cut(target, " ")
	if !given {
		method, path = http.MethodGet, target
	}
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r.WithContext(call.With(r.Context(), &call.Call{ID: "id", IP: client})))
	return w
}

// as returns the header that shows the key.
func (s *server) as(key string) []string { return []string{"Authorization", s.secrets[key]} }

// get asks for what must be there.
func (s *server) get(t testing.TB, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	w := s.ask(path, headers...)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s = %d %s", path, w.Code, w.Body)
	}
	return w
}

func ref(repository, pkg string) catalog.Ref {
	return catalog.Ref{Repository: name.MustRepository(repository), Name: name.MustPackage(pkg)}
}

func (s *server) downloads(t testing.TB, of catalog.Ref, v string) int64 {
	t.Helper()
	if err := s.stats.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	row, _ := stats.Release(s.DB.View(), of.Repository, of.Name, version.MustParse(v))
	return row.Total
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
