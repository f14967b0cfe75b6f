// Package ui is what all pages of the web site share: the frame around them, the components that they are
// made of, the headers that protect them, and the page that says what went wrong.
//
// It knows what a page looks like and no page. Every page is plain HTML that works without scripts, in
// light and dark, and is built whole before a byte of it is sent.
package ui

//go:generate go tool -modfile=../../../../tools/go.mod templ generate -path .. -log-level warn -include-version=false

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/live"
)

// Options are what every page shows.
type Options struct {
	URL        string // where people open the site, without a trailing slash
	Repository string // the name of the default repository, which is that of the site
	Version    string // of the program
	Log        *slog.Logger

	DB *store.DB // whose changes a browser sees on whichever node it comes to next, and in pages that are open; nil has none

	Brand func(store.Reader) Brand // what the operator has made his own of it, now; nil is ours
	Logo  *Logo                    // of the operator; nil means our sign

	Live live.Options // how pages that are open are kept up to date

	// Near names public packages whose names are like one that is not there; nil knows none.
	Near func(name string) []string

	// Open finds whose session has the secret, as account.Accounts does; nil knows nobody.
	Open func(secret string, from account.Origin) (account.User, account.Session, bool)

	// Sudo notes that the user proved in the session who he is, and returns another secret for it, as
	// account.Accounts does; nil has no pages that need a proof.
	Sudo func(ctx context.Context, userID, sessionID, proof string, from account.Origin) (string, error)
}

// A Web is a site to which pages are added before it serves. Forms that other sites send it are refused.
type Web struct {
	o       Options
	mux     *http.ServeMux
	guarded http.Handler
	routes  []string          // patterns of all that is served
	words   map[string]string // that Flash can say
	streams *live.Streams

	compress func(http.Handler) http.HandlerFunc
}

// New returns a site with the assets and no page.
func New(o Options) *Web {
	mux := http.NewServeMux()
	if o.Open == nil {
		o.Open = func(string, account.Origin) (account.User, account.Session, bool) {
			return account.User{}, account.Session{}, false
		}
	}
	guard := http.NewCrossOriginProtection()
	w := &Web{o: o, mux: mux, guarded: guard.Handler(mux), words: map[string]string{}, compress: compressor()}
	guard.SetDenyHandler(w.Refuse(&fault.Error{Kind: fault.Forbidden, Code: foreign, Message: "Another site sent this form, so nothing was done. If you meant it, do it on the page itself."}))
	w.o.Live.Log = o.Log
	w.streams = live.New(w.o.Live)
	w.addAssets()
	w.Handle("POST /theme", w.setTheme)
	if o.Sudo != nil {
		w.User("GET /sudo", w.askSure)
		w.User("POST /sudo", w.takeSure)
	}
	w.handle("/", w.page(notFound))
	return w
}

// foreign is the code of the fault that a form was sent by another site, which nobody here can allow.
const foreign = "foreign_form"

// ServeHTTP implements http.Handler.
func (u *Web) ServeHTTP(w http.ResponseWriter, r *http.Request) { u.guarded.ServeHTTP(w, r) }

// A Render answers a request with a page, or returns why it cannot.
type Render func(w http.ResponseWriter, r *http.Request) error

// Handle adds a page at a pattern of http.ServeMux.
func (u *Web) Handle(pattern string, render Render) { u.handle(pattern, u.page(render)) }

func (u *Web) handle(pattern string, h http.Handler) {
	u.routes = append(u.routes, pattern)
	u.mux.Handle(pattern, h)
}

// Routes lists the patterns of all pages and assets, for tests that must cover them all. The last resort, for
// what has no page, is "/".
func (u *Web) Routes() []string { return slices.Clone(u.routes) }

// page turns a function that renders into a handler with the headers that every page has.
func (u *Web) page(render Render) http.Handler {
	return u.small(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy("'self'"))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Nobody else hears where visitors come from. We do: with no-referrer browsers say of our own forms that they come
		// from nowhere, and without TLS nothing else tells that they are ours.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Add("Vary", "Cookie, Accept") // every page says who is logged in, and can be had live
		if err := u.caughtUp(r); err != nil {
			u.fail(w, r, err)
			return
		}
		if r.Method == http.MethodPost {
			to := w
			w = &afterDeed{ResponseWriter: to, tell: func() { u.tellRevision(to, r) }}
		}
		if err := u.answer(w, r, render); err != nil {
			u.fail(w, r, err)
		}
	}))
}

// answer renders the page once, or for as long as it is open.
func (u *Web) answer(w http.ResponseWriter, r *http.Request, render Render) error {
	if wantsEvents(r) {
		return u.follow(w, r, render)
	}
	return render(w, r)
}

// caughtUp waits until this node shows what the browser has done on another.
func (u *Web) caughtUp(r *http.Request) error {
	if u.o.DB == nil {
		return nil
	}
	_, err := call.CatchUp(r, u.o.DB)
	return err
}

// Refuse returns the page that says an error which is found before a request is looked at. It is as for somebody
// whom nobody knows.
func (u *Web) Refuse(err error) http.Handler {
	page := u.page(func(http.ResponseWriter, *http.Request) error { return err })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.Header.Del("Cookie")
		page.ServeHTTP(w, r)
	})
}

// afterDeed tells something in the header of the answer, at the last moment.
type afterDeed struct {
	http.ResponseWriter
	tell func()
	told bool
}

// WriteHeader implements http.ResponseWriter.
func (w *afterDeed) WriteHeader(status int) {
	if !w.told {
		w.told = true
		w.tell()
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *afterDeed) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// policy is what a page may do: use what we serve, and send forms to the targets.
func policy(targets string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action " + targets + "; frame-ancestors 'none'; base-uri 'none'"
}

// LeadTo lets the answer to a form of this page redirect to another site. Browsers hold a form to its
// page's policy through all redirects that follow.
func LeadTo(w http.ResponseWriter, target *url.URL) {
	source := target.Scheme + ":"
	if target.Host != "" {
		source += "//" + target.Host
	}
	if strings.ContainsFunc(source, func(r rune) bool { return odd(r) || strings.ContainsRune(";,'\"", r) }) {
		return // no client's address is like that; the policy stays what it is
	}
	w.Header().Set("Content-Security-Policy", policy("'self' "+source))
}

// A Page is what the frame shows; what a page's own template shows embeds it.
type Page struct {
	Title, Repository, Version string
	Path                       string // of the page, to come back to; without a query, which may hold secrets
	Theme                      Theme
	Visitor                    string // the name of the user who is logged in, if any
	Flash                      string // what came of the step before
	Bare                       bool   // shows no way to log in
	Keyless                    bool   // single keys do nothing

	About     string // what the page is about, for who finds it elsewhere
	Canonical string // path of the page that stands for this one, if one does
	Picture   string // path of a picture of what the page is about, as /og/NAME.png; empty means the site's
	Embed     string // path of what tells other sites how to show a link to the page; empty for nothing
	NoIndex   bool   // robots should not remember the page
	Feeds     []Step // that tell when what is shown here changes
	Section   string // path of the part of the site that the page belongs to, such as "/packages"
	Query     string // what was searched for
	Tabbed    string // the page is a tab, and fades into others of the same name; letters, digits and hyphens

	dress dress  // what the operator has made his own
	admin bool   // the visitor administers the site
	site  string // where people open it
}

// description is what search engines show of the page. One that says nothing about itself says where it is.
func (p Page) description() string {
	if p.About != "" || p.NoIndex {
		return p.About
	}
	return p.Title + ": packages for Elixir, Erlang and Gleam."
}

// picture is the path of the picture that is shown beside a link to the page.
func (p Page) picture() string {
	if p.Picture == "" {
		return "/og.png"
	}
	return p.Picture
}

// sections lists the parts of the site.
func (p Page) sections() []Tab {
	tabs := []Tab{{Path: "/packages", Words: "Packages"}, {Path: "/docs", Words: "Docs"}}
	if p.admin {
		tabs = append(tabs, Tab{Path: "/admin", Words: "Admin"})
	}
	return Open([]Group{{Tabs: tabs}}, p.Section)[0].Tabs
}

// Page returns the frame of a page with the title, for whoever asked. What is to be said once is said.
func (u *Web) Page(w http.ResponseWriter, r *http.Request, title string) Page {
	p := Page{site: u.o.URL, Repository: u.o.Repository, Version: u.o.Version, Theme: u.Theme(r), Flash: u.takeFlash(w, r), Keyless: u.Cookie(r, keysCookie) != ""}
	if r.Method == http.MethodGet {
		p.Path = r.URL.Path
	}
	p.dress = u.dress(r)
	p.Title = p.dress.Name
	if title != "" {
		p.Title = title + " · " + p.Title
	}
	if visitor, _, ok := u.Visitor(r); ok {
		p.Visitor, p.admin = visitor.Username.String(), visitor.Admin
		w.Header().Set("Cache-Control", "no-store")
	}
	return p
}

// Visitor returns who is logged in, and in which session.
func (u *Web) Visitor(r *http.Request) (account.User, account.Session, bool) {
	secret := u.Cookie(r, SessionCookie)
	if secret == "" {
		return account.User{}, account.Session{}, false
	}
	if l := lookOf(r.Context()); l != nil {
		return l.visitor(u.o.DB, secret)
	}
	return u.o.Open(secret, Origin(r))
}

// Actor returns who asks: the user who is logged in, or nobody in particular.
func (u *Web) Actor(r *http.Request) access.Actor {
	user, session, ok := u.Visitor(r)
	if !ok {
		from := Origin(r)
		return access.Actor{IP: from.IP, UserAgent: from.UserAgent}
	}
	return ActorOf(r, user, session)
}

// Origin is where a request comes from.
func Origin(r *http.Request) account.Origin {
	return account.Origin{IP: call.From(r.Context()).IP, UserAgent: r.UserAgent()}
}

// Show renders a page whole, then sends it.
func (u *Web) Show(w http.ResponseWriter, status int, page templ.Component) error {
	var b bytes.Buffer
	ctx := context.Background()
	if taken := takenFrom(w); taken != nil {
		ctx = context.WithValue(ctx, takenKey{}, taken)
	}
	if err := page.Render(ctx, &b); err != nil {
		return fmt.Errorf("render a page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-cache")
	}
	w.WriteHeader(status)
	if _, err := w.Write(b.Bytes()); err != nil {
		u.o.Log.Debug("visitor went away", "err", err)
	}
	return nil
}
