package front_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/storetest"
	"hexhub/internal/surface/front"
)

// A node that is cut off tells what is everybody's, and how old it may be, and refuses all else before anybody
// looks at it.
func TestStaleNodeTellsOnlyWhatIsEverybodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := storetest.NewSeverable(store.NewMemory())
		db, err := store.Open(context.Background(), log, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		h := front.New(front.Options{API: echo("api"), Ops: echo("ops"), Repo: echo("repo"), Site: echo("site"), DB: db})
		requests := []struct {
			method, path string
			header       http.Header
			public       bool
		}{
			{"GET", "/api/packages", nil, true},
			{"OPTIONS", "/api/packages", nil, true},
			{"GET", "/api/packages", http.Header{"Authorization": {"key"}}, false},
			{"GET", "/api/packages", http.Header{"Authorization": {""}}, false},
			{"GET", "/api/packages", http.Header{"Cookie": {"hexhub=secret"}}, true}, // the API looks at none
			{"POST", "/api/oauth/token", nil, false},
			{"DELETE", "/api/keys", nil, false},
			{"GET", "/api/operator/status", http.Header{"Authorization": {"key"}}, false},
			{"GET", "/repo/names", http.Header{"Authorization": {"key"}}, true}, // sees to it itself
			{"GET", "/", nil, true},
			{"GET", "/", http.Header{"Cookie": {"hexhub=secret"}}, false},
			{"GET", "/", http.Header{"Cookie": {"theme=dark; __Host-hexhub=secret"}}, false},
			{"GET", "/password/new", http.Header{"Cookie": {"hexhub-reset=secret"}}, false},
			{"GET", "/", http.Header{"Cookie": {"theme=dark; hexhub_revision=7; hexhub-flash=out"}}, true},
			{"GET", "/assets/style.css", http.Header{"Cookie": {"hexhub=secret"}}, true},
			{"POST", "/login", nil, false},
		}
		for _, age := range []time.Duration{0, 2 * time.Second, 7 * time.Second} {
			log.Cut(age > 0)
			time.Sleep(age)
			for _, c := range requests {
				w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
				if c.header != nil {
					r.Header = c.header
				}
				h.ServeHTTP(w, r)
				want := 200
				if age > 0 && !c.public {
					want = 503
				}
				if w.Code != want || (w.Header().Get("Retry-After") == "1") != (want == 503) {
					t.Errorf("%s %s %v at age %v: %d, Retry-After %q; want %d", c.method, c.path, c.header, age, w.Code, w.Header().Get("Retry-After"), want)
				}
				if stale := w.Header().Get("X-HexHub-Stale"); (stale != "") != (age > 5*time.Second) {
					t.Errorf("%s %s at age %v says that it is %q seconds old", c.method, c.path, age, stale)
				}
			}
		}
	})
}
