package ui

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

func notFound(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "The address may be misspelled, or what it named is gone.")
}

// A Message is a page that says one thing and where to go from there.
type Message struct {
	Heading, Problem string
	Next             *Step

	ways    []Step // besides Next
	wait    int    // seconds until it is worth to try again, if that is known
	search  bool   // what was not found may be searched for
	wanted  string // what was looked for, as far as the address tells
	near    []Step // what is named alike
	request string // id of the request to tell somebody, if that is of use
}

// A Step is a link to go on with.
type Step struct{ Path, Words string }

// Say answers with a message.
func (u *Web) Say(w http.ResponseWriter, r *http.Request, status int, m Message) error {
	return u.Show(w, status, messagePage{u.Page(w, r, m.Heading), m}.show())
}

type messagePage struct {
	Page
	Message
}

// fail answers with a page that says what went wrong, for whom it may be told, and what to do next.
func (u *Web) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := u.met(w, r, err)
	m := u.message(r, f)
	if g, ok := errors.AsType[*gone](err); ok {
		m.Heading, m.Next, m.ways, m.search, m.near = "It is gone.", g.next(), []Step{{"/packages", "All packages"}}, false, nil
	}
	page := messagePage{u.Page(w, r, m.Heading), m}
	if f.Kind == fault.Internal {
		// Whatever went wrong must not go wrong again: nobody is looked up.
		page.Page = u.bare(m.Heading)
	}
	page.NoIndex = true
	if err := u.Show(w, statusOf(err, f), page.show()); err != nil {
		u.o.Log.Error("page failed", "request", call.From(r.Context()).ID, "err", err)
	}
}

// met notes what went wrong, of which all that may be told is returned. The answer is for nobody to keep.
func (u *Web) met(w http.ResponseWriter, r *http.Request, err error) *fault.Error {
	c := call.From(r.Context())
	f, ok := errors.AsType[*fault.Error](err)
	if ok && f.Kind != fault.Internal {
		call.Note(r.Context(), slog.String("error", err.Error()))
	} else {
		u.o.Log.Error("page failed", "request", c.ID, "path", c.Path(r.URL.EscapedPath()), "err", err)
		f = fault.New(fault.Internal, "It is our fault, and it is logged. Tell your administrator this request id: %s", c.ID)
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	for _, name := range []string{"Content-Disposition", "Content-Encoding", "Etag"} { // of what should have been sent
		h.Del(name)
	}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)+1))
	}
	return f
}

// Tell says what went wrong in a line of text, for programs, which read no pages.
func (u *Web) Tell(w http.ResponseWriter, r *http.Request, err error) error {
	f := u.met(w, r, err)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(statusOf(err, f))
	_, _ = io.WriteString(w, sentence("", cmp.Or(f.Message, f.Fields.String()))+"\n") // who went away does not miss it
	return nil
}

// bare is the frame of a page that is made of nothing but what is in the binary.
func (u *Web) bare(title string) Page {
	return Page{site: u.o.URL, Repository: u.o.Repository, Version: u.o.Version, Title: title + " · " + u.o.Repository, Bare: true, dress: dress{Name: u.o.Repository}}
}

// message says what a fault means and what whoever met it can do.
func (u *Web) message(r *http.Request, f *fault.Error) Message {
	id := call.From(r.Context()).ID
	m := Message{Heading: heading(f.Kind), Problem: f.Message, Next: &Step{"/", "To the home page"}}
	switch {
	case f.Kind == fault.Internal:
	case f.Message == "":
		m.Problem = sentence("", f.Fields.String())
	default:
		m.Problem = sentence("", f.Message)
	}
	switch f.Kind {
	case fault.Unauthenticated:
		m.Next, m.ways = &Step{"/login", "Log in"}, []Step{{"/", "To the home page"}}
	case fault.Internal:
		m.request, m.ways = id, []Step{{"/status", "Does the registry work?"}}
	case fault.NotFound:
		m.search, m.wanted = true, wanted(r)
		m.ways = []Step{{"/packages", "All packages"}, {"/docs", "Docs"}}
		if u.o.Near != nil && m.wanted != "" {
			for _, name := range u.o.Near(m.wanted) {
				m.near = append(m.near, Step{"/packages/" + name, name})
			}
		}
	case fault.Forbidden:
		m.forbid(f.Code, id)
	case fault.Limited:
		m.wait = int((f.RetryAfter + time.Second - 1) / time.Second)
		m.again(r, Step{"/", "To the home page"})
	case fault.Unavailable:
		m.Problem += " Nothing is lost: try again in a moment. Public pages, fetching packages and building with them go on meanwhile."
		m.Next, m.ways = &Step{"/status", "Status"}, []Step{{"/", "To the home page"}}
		m.again(r, Step{"/status", "Status"})
	}
	return m
}

// again offers to ask for the same page once more, and another way, where asking changes nothing.
func (m *Message) again(r *http.Request, other Step) {
	if r.Method == http.MethodGet {
		m.Next, m.ways = &Step{r.URL.RequestURI(), "Try again"}, []Step{other}
	}
}

// forbid says who can allow what is not.
func (m *Message) forbid(code, request string) {
	switch code {
	case foreign:
	case access.Unverified:
		m.Problem = "Your e-mail address is not confirmed yet. Open the link in the letter that came when you gave it, or have another one sent."
		m.Next, m.ways = &Step{"/dashboard/email", "Confirm your address"}, []Step{{"/dashboard", "To the dashboard"}}
	default:
		m.Problem += " An owner of the package, an administrator of the organization or whoever runs this registry can allow it; tell them the request id."
		m.request, m.ways = request, []Step{{"/dashboard", "To the dashboard"}}
	}
}

// wanted is the name that the address of a page may have been about.
func wanted(r *http.Request) string {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead || len(parts) < 2 || parts[0] != "packages" {
		return ""
	}
	name, err := name.ParsePackage(parts[1])
	if err != nil {
		return ""
	}
	return name.String()
}

func heading(k fault.Kind) string {
	switch k {
	case fault.Malformed, fault.Invalid, fault.Unsupported:
		return "That cannot be read."
	case fault.TooLarge:
		return "That is too much."
	case fault.Unauthenticated:
		return "Log in first."
	case fault.Forbidden:
		return "That is not allowed."
	case fault.NotFound:
		return "Nothing is here."
	case fault.Conflict:
		return "That is not possible now."
	case fault.Limited:
		return "Too many tries."
	case fault.Unavailable:
		return "Not just now."
	default:
		return "That did not work."
	}
}

// statusOf is the status of an answer about an error, of which the fault is what may be told.
func statusOf(err error, f *fault.Error) int {
	if _, ok := errors.AsType[*gone](err); ok {
		return http.StatusGone
	}
	switch f.Kind {
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unsupported:
		return http.StatusUnsupportedMediaType
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Limited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
