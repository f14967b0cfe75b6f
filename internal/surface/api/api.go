// Package api speaks the HTTP API of Hex, in JSON and in Erlang terms.
//
// It knows the wire: media types, statuses, words, headers, validators, limits, and how a user, a
// package or a key looks to a client. It refuses to decide: who may do what, and whether something is
// valid, the rooms say, and their faults are mapped to answers here, once.
//
// A request passes the door (its format is agreed, its caller known and counted), then the handler of
// its route, which returns an [answer] or an error, and one place sends either. What differs from hex.pm
// differs on purpose and says so where it happens.
package api

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/shortlink"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/door"
)

// Rooms are what the API speaks for. All are required.
type Rooms struct {
	DB       *store.DB
	Blobs    blob.Store // where tarballs go
	Accounts *account.Accounts
	Access   *access.Access
	Orgs     *org.Orgs
	Catalog  *catalog.Catalog
	Docs     *docs.Docs
	Trees    *docs.Trees
	Pages    docs.Addresses // of documentation
	Manuals  *docsearch.Index
	Policies *policy.Policies
	Links    *shortlink.Links
	Audit    *audit.Audit
	OAuth    *oauth.OAuth
	Default  name.Repository // the server's own repository
	URL      string          // of the site, without a slash at its end, for all links

	// Spread waits until the nodes that can be reached have the rows of this moment, for a second at most. It is nil
	// where there is one node.
	Spread func(context.Context)
}

// Options are what the API may be told. The zero value works.
type Options struct {
	Limiter       *limit.Limiter // shared by all surfaces; nil makes one
	LimitLoopback bool           // count callers on this machine too, whom hex.pm and we let pass
	Checks        int            // archives examined at a time; zero means one per processor
}

// New returns the handler of everything below /api. Paths reach it without that prefix and plain, as
// front makes them.
func New(rooms Rooms, o Options) http.Handler {
	if o.Limiter == nil {
		o.Limiter = limit.New(100_000)
	}
	if o.Checks <= 0 {
		o.Checks = runtime.GOMAXPROCS(0)
	}
	a := &api{
		Rooms: rooms, Options: o, checks: make(chan struct{}, o.Checks),
		door:     door.Door{DB: rooms.DB, Access: rooms.Access, Limiter: o.Limiter, LimitLoopback: o.LimitLoopback},
		document: documentOf(rooms.URL),
	}
	mux := http.NewServeMux()
	for _, rt := range routes {
		for _, p := range rt.patterns() {
			mux.Handle(p, a.serve(rt.handle, rt.entrance(a.door)))
		}
	}
	// Also what exists with other methods: hex.pm knows no 405.
	mux.Handle("/", a.serve(func(*api, *request) (*answer, error) { return nil, errNotFound }, a.door.Enter))
	return withoutTrailingSlash(mux)
}

type api struct {
	Rooms
	Options
	door     door.Door
	checks   chan struct{} // holds a token for each archive being examined
	document answer
}

// A request is one call past the door.
type request struct {
	*http.Request
	view    *store.View // the moment at which it is answered
	actor   access.Actor
	control *http.ResponseController
}

// bodyTime is how long a body may take that is not an upload.
const bodyTime = 30 * time.Second

// bodyRead gives the rest of the request all its time, once its body is here: a deadline that passed
// while a handler works would end it.
func (r *request) bodyRead() { _ = r.control.SetReadDeadline(time.Time{}) }

// A handler answers one route.
type handler func(*api, *request) (*answer, error)

// An entrance lets a request in, and says who sends it.
type entrance func(http.ResponseWriter, *http.Request) (*http.Request, access.Actor, error)

// serve makes an http.Handler of a handler.
func (a *api) serve(h handler, enter entrance) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ans, err := a.answer(w, r, h, enter)
		a.door.TellRevision(w)
		if err == nil {
			err = ans.send(w, r, f)
		}
		if err != nil {
			fail(w, r, f, err)
		}
	})
}

func (a *api) answer(w http.ResponseWriter, r *http.Request, h handler, enter entrance) (format, *answer, error) {
	if r.Header.Get("Origin") != "" && isRead(r) {
		w.Header().Set("Access-Control-Allow-Origin", "*") // never with credentials: there are no cookies here
	}
	w.Header().Set("Vary", "accept-encoding")
	control := http.NewResponseController(w)
	if r.ContentLength != 0 {
		// Also for a body that nobody reads: net/http reads some of it after the answer.
		// A connection that takes no deadline, as in a test, has none.
		_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	}
	f, ok := negotiate(r)
	if !ok {
		return f, nil, errNotAcceptable
	}
	r, actor, err := enter(w, r)
	if err != nil {
		return f, nil, err
	}
	ans, err := h(a, &request{Request: r, view: a.DB.View(), actor: actor, control: control})
	return f, ans, err
}

// withoutTrailingSlash makes /packages/x/ what /packages/x is, without a redirect: mix does not survive
// one to a relative address.
func withoutTrailingSlash(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, ok := strings.CutSuffix(r.URL.Path, "/"); ok && path != "" {
			u := *r.URL
			u.Path, u.RawPath = path, strings.TrimSuffix(u.RawPath, "/")
			r = r.WithContext(r.Context()) // a copy
			r.URL = &u
		}
		h.ServeHTTP(w, r)
	})
}

// link makes an absolute address on the site of the segments of a path.
func (a *api) link(path ...string) string {
	var b strings.Builder
	b.WriteString(a.URL)
	for _, p := range path {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}

// readable returns the repository that the path names, the default one if it names none, for those who
// may read it. One that they must not know of is as absent as one that is not there.
func (a *api) readable(r *request) (org.Repository, error) {
	repo, _ := org.Resolve(r.view, a.Default, r.PathValue("repository"))
	return repo, a.mayRead(r, repo)
}

func (a *api) mayRead(r *request, repo org.Repository) error {
	return access.May(r.view, r.actor, access.Read, access.Thing{Repository: repo})
}

// loggedIn demands credentials that may read, as mayRead does not for what is public.
func (a *api) loggedIn(r *request) error {
	if !r.actor.LoggedIn() {
		return door.ErrMissing
	}
	home, _ := org.Resolve(r.view, a.Default, "")
	return a.mayRead(r, home)
}
