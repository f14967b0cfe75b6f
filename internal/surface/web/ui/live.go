package ui

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/live"
)

// Live is a piece of a page that is sent again, to those who have the page open, when it has changed. The id is the
// element's, and stays. What is in it should be read through Web.View, or the page is made again for any commit
// whatever. A piece within another is part of that one.
func Live(id string) templ.Component { return LiveAs("div", id, "") }

// LiveAs is Live as an element other than a division, such as the body of a table, and with classes.
func LiveAs(element, id, class string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		children := templ.GetChildren(ctx)
		ctx = templ.ClearChildren(ctx)
		if taken, _ := ctx.Value(takenKey{}).(*pieces); taken != nil {
			html, err := taken.take(ctx, id, children)
			if err != nil {
				return err
			}
			children = templ.Raw(html)
		}
		open := "<" + element + ` id="` + templ.EscapeString(id) + `"`
		if class != "" {
			open += ` class="` + templ.EscapeString(class) + `"`
		}
		return templ.Join(templ.Raw(open+" data-live>"), children, templ.Raw("</"+element+">")).Render(ctx, w)
	})
}

// View returns the present moment, for a page to be made from. To those who have the page open it is sent again when
// what was read here has changed.
func (u *Web) View(r *http.Request) *store.View {
	if l := lookOf(r.Context()); l != nil {
		return l.rows.Open(u.o.DB)
	}
	return u.o.DB.View()
}

// Saw tells that a page is made from what was read through a View that is kept with it.
func Saw(r *http.Request, v *store.View) {
	if l := lookOf(r.Context()); l != nil {
		l.rows.Add(v)
	}
}

// Again has a page made again after a time at the latest, for it shows more than rows.
func Again(r *http.Request, after time.Duration) {
	if l := lookOf(r.Context()); l != nil {
		l.again(after)
	}
}

// Close ends the streams of all pages that are open, and begins no others.
func (u *Web) Close() { u.streams.Close() }

// A look is the making of a page for those who have it open.
type look struct {
	rows, rights store.Sight
	within       time.Duration
	looked       bool // at who it is
	user         account.User
	session      account.Session
	known        bool
}

type lookKey struct{}

func lookOf(ctx context.Context) *look {
	l, _ := ctx.Value(lookKey{}).(*look)
	return l
}

func (l *look) again(after time.Duration) {
	if l.within == 0 || after < l.within {
		l.within = max(after, time.Millisecond)
	}
}

// visitor finds who has the secret of a session. That a page is open is no use of it. What he is a member of
// counts among what the page depends on, whether or not the page says so.
func (l *look) visitor(db *store.DB, secret string) (account.User, account.Session, bool) {
	if l.looked {
		return l.user, l.session, l.known
	}
	l.looked = true
	v := l.rights.Open(db)
	l.user, l.session, l.known = account.OfCookie(v, secret, time.Now())
	if l.known {
		for range org.Of(v, l.user.ID) { // is remembered by the View
		}
		l.again(time.Until(l.session.ExpiresAt))
	}
	return l.user, l.session, l.known
}

// wantsEvents reports whether a page is asked for that stays open.
func wantsEvents(r *http.Request) bool {
	return r.Method == http.MethodGet && slices.Contains(r.Header.Values("Accept"), "text/event-stream")
}

// follow answers with what becomes of a page while it is open.
func (u *Web) follow(w http.ResponseWriter, r *http.Request, render Render) error {
	if from := r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return fault.New(fault.Forbidden, "Pages of this site are followed from this site alone.")
	}
	if u.o.DB == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	call.Lasts(r.Context())
	q := u.asMade(r)
	var first look
	_, session, known := first.visitor(u.o.DB, u.Cookie(q, SessionCookie))
	first.rights.Close()
	who := limit.IPKey(call.From(r.Context()).IP)
	if known {
		who = session.ID
	} else {
		u.without(q, SessionCookie) // whoever is nobody sees what all others see
	}
	return u.streams.Serve(w, r, live.Page{
		Key: strings.Join(append(q.Header["Cookie"], q.Host, q.URL.RequestURI()), "\n"), Who: who,
		Make: func(ctx context.Context) live.Picture { return u.picture(ctx, q, session.ID, render) },
	})
}

// asMade is the request as it is made again: with our cookies, of which some speak of one time only, and with nothing
// else that could tell one visitor from another.
func (u *Web) asMade(r *http.Request) *http.Request {
	q := r.Clone(context.Background())
	q.Header, q.TLS, q.RemoteAddr = http.Header{}, nil, ""
	kept := r.Cookies()
	slices.SortStableFunc(kept, func(a, b *http.Cookie) int { return strings.Compare(a.Name, b.Name) })
	for _, c := range kept {
		if plain := strings.TrimPrefix(c.Name, "__Host-"); strings.HasPrefix(plain, "hexhub") && plain != call.RevisionCookie && plain != call.FlashCookie {
			q.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return q
}

// without takes a cookie out of a request.
func (u *Web) without(r *http.Request, name string) {
	kept := r.Cookies()
	r.Header.Del("Cookie")
	for _, c := range kept {
		if c.Name != u.cookieName(name) {
			r.AddCookie(c)
		}
	}
}

// picture makes a page for those who have it open in the session, or in none.
func (u *Web) picture(ctx context.Context, q *http.Request, sessionID string, render Render) live.Picture {
	l, all := new(look), u.o.DB.View()
	all.SeeAll()
	defer all.Close()
	if sessionID != "" {
		if err := u.o.DB.Fresh(ctx); err != nil {
			return live.Picture{Err: err}
		}
	}
	_, session, _ := l.visitor(u.o.DB, u.Cookie(q, SessionCookie))
	defer l.rights.Close()
	defer l.rows.Close()
	if session.ID != sessionID {
		return live.Picture{Err: fault.New(fault.Unauthenticated, "The session in which the page was opened has ended.")}
	}
	w := &canvas{header: http.Header{}}
	ctx = call.With(context.WithValue(ctx, lookKey{}, l), &call.Call{ID: "live-" + id.New(), IP: call.From(ctx).IP})
	if err := render(w, q.WithContext(ctx)); err != nil {
		return live.Picture{Err: err}
	}
	if l.rows.Empty() {
		l.rows.Add(all)
	}
	l.rows.Join(&l.rights)
	return live.Picture{Pieces: w.pieces.all, Rows: &l.rows, Rights: &l.rights, Within: l.within}
}

// A canvas keeps the pieces of a page, and nothing else of the answer.
type canvas struct {
	header http.Header
	pieces pieces
}

// Header implements http.ResponseWriter.
func (c *canvas) Header() http.Header { return c.header }

// Write implements http.ResponseWriter.
func (c *canvas) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader implements http.ResponseWriter.
func (c *canvas) WriteHeader(int) {}

func (c *canvas) taken() *pieces { return &c.pieces }

// pieces are those of a page, in order.
type pieces struct{ all []live.Piece }

type takenKey struct{}

// take keeps the piece, and returns what is in it.
func (p *pieces) take(ctx context.Context, id string, children templ.Component) (string, error) {
	var b strings.Builder
	if err := children.Render(context.WithValue(ctx, takenKey{}, (*pieces)(nil)), &b); err != nil {
		return "", fmt.Errorf("render the live piece %q: %w", id, err)
	}
	p.all = append(p.all, live.Piece{ID: id, HTML: b.String()})
	return b.String(), nil
}

// takenFrom returns where what writes a page puts the pieces of it; nil if the page is sent as a whole.
func takenFrom(w http.ResponseWriter) *pieces {
	for {
		switch v := w.(type) {
		case interface{ taken() *pieces }:
			return v.taken()
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return nil
		}
	}
}
