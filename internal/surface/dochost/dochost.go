// Package dochost serves the documentation of packages as pages, on hosts of their own or below a path of the site.
//
// Pages and scripts here are strangers', so the package knows how browsers are told to keep them away from the site and
// from each other, and what a file may pass for. It knows addresses, validators and caches; which release an address
// means is docs' to say, and who may read what is private, access' and pass'. Of the site's cookies none is looked at, but
// where documentation is a path of the site: there its session tells who opens a page that is private.
package dochost

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/pass"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/typesense"
)

// Deps are what is shown, and where. All are required but Log.
type Deps struct {
	DB      *store.DB
	Trees   *docs.Trees
	Origins origin.Origins
	Manuals *docsearch.Index // nil finds nothing
	Default name.Repository  // the one whose packages have no repository in their address
	Site    string           // where people open the site, without a trailing slash
	Access  *access.Access
	Passes  *pass.Passes
	Session func(*http.Request) string // the secret of a browser's session on the site

	External func(r store.Reader, private bool) bool // whether pages may use what is elsewhere
	Log      *slog.Logger                            // nil discards
}

// New returns the handler of all documentation: of requests to hosts that Origins serves, with their paths as they are,
// and of those below [origin.Path] on the site, without that. Paths are plain, as front makes them.
func New(d Deps) http.Handler {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &surface{
		Deps: d, packages: &memory{d.DB, cache[catalog.Ref, *shown](rememberedPackages)},
		manners: cache[page, manner](rememberedPages), bars: cache[barredPage, barred](rememberedBars),
	}
}

// cache is one of so many entries. It fails for no number that is above zero.
func cache[K comparable, V any](size int) *lru.Cache[K, V] {
	c, err := lru.New[K, V](size)
	if err != nil {
		panic(err)
	}
	return c
}

type surface struct {
	Deps
	packages *memory
	manners  *lru.Cache[page, manner]
	bars     *lru.Cache[barredPage, barred]
}

// ServeHTTP implements http.Handler.
func (s *surface) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		s.refuse(w, r, err)
	}
}

func (s *surface) serve(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errMethod
	}
	place, rest, ok := s.Origins.Of(r.Host, r.URL.Path)
	switch {
	case hidesSlash(r.URL), r.Header.Get("Service-Worker") != "":
		return errAbsent // a worker would go on to answer for pages, whoever may still read them
	case r.URL.Path == pass.Enter && s.Origins.Serves(r.Host):
		return s.redeem(w, r, place)
	case !ok:
		return s.outside(w, r)
	}
	_, own := s.Origins.Own(place)
	switch byPath := len(rest) < len(r.URL.Path); {
	case place.Repository == s.Default:
		place.Repository = name.Repository{}
		fallthrough
	case own && byPath:
		return redirect(w, r, s.Origins.Base(place), rest, kept)
	}
	return s.show(w, r, &asked{place: place, rest: rest, base: s.Origins.Base(place), own: own})
}

// hidesSlash reports whether a slash was sent in disguise: what is one path here could be another to a proxy.
func hidesSlash(u *url.URL) bool {
	return strings.Contains(u.RawPath, "%2f") || strings.Contains(u.RawPath, "%2F")
}

// outside answers for what is of no package: the way to all of them is the site.
func (s *surface) outside(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	switch {
	case r.URL.Path != "/" && r.URL.Path != "":
		return errAbsent
	case typesense.Is(q):
		return s.search(w, r, q)
	case q.Has("q"), q.Has("packages"): // as mix hex.search opens hexdocs.pm
		return redirect(w, r, s.Site, "/search", kept)
	}
	return redirect(w, r, s.Site, "/packages", kept)
}

// kept says that what is everybody's may be kept if it is asked for anew.
const kept = "public, no-cache"

// redirect leads to a path elsewhere for now, and keeps what was asked besides, such as the theme.
func redirect(w http.ResponseWriter, r *http.Request, base, path, kept string) error {
	to := base + (&url.URL{Path: path}).EscapedPath()
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	h := w.Header()
	h.Set("Cache-Control", kept)
	h.Set("Location", to)
	w.WriteHeader(http.StatusFound)
	return nil
}
