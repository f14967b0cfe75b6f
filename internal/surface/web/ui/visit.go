package ui

import (
	"log/slog"
	"net/http"

	"github.com/a-h/templ"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

// A Visit is a request of somebody who is logged in.
type Visit struct {
	User    account.User
	Session account.Session
	Actor   access.Actor
}

// A Visited page is for those who are logged in.
type Visited func(w http.ResponseWriter, r *http.Request, v Visit) error

// Visit finds out who is logged in.
func (u *Web) Visit(r *http.Request) (Visit, bool) {
	user, session, ok := u.Visitor(r)
	return Visit{User: user, Session: session, Actor: ActorOf(r, user, session)}, ok
}

// ActorOf is the user in the session, as the rooms ask who acts.
func ActorOf(r *http.Request, u account.User, s account.Session) access.Actor {
	from := Origin(r)
	return access.Actor{User: u, Via: access.Browser, Session: s.ID, IP: from.IP, UserAgent: from.UserAgent}
}

// Open adds a page for everybody that nobody may keep, since it is about who asks.
func (u *Web) Open(pattern string, render Render) {
	u.Handle(pattern, func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		return render(w, r)
	})
}

// User adds a page for those who are logged in. Others log in first.
func (u *Web) User(pattern string, render Visited) { u.Open(pattern, u.LoggedIn(render)) }

// Sure adds a page for those who lately proved again who they are. Others do so first, and a form that they
// sent is sent again with the proof.
func (u *Web) Sure(pattern string, render Visited) { u.User(pattern, u.proved(render)) }

// LoggedIn has others log in first.
func (u *Web) LoggedIn(render Visited) Render {
	return func(w http.ResponseWriter, r *http.Request) error {
		v, ok := u.Visit(r)
		if !ok {
			return GoTo(w, With("/login", u.PageOf(r)))
		}
		return render(w, r, v)
	}
}

// Refused shows a form again with what is wrong, or returns the fault if the form can do nothing about it.
func (u *Web) Refused(w http.ResponseWriter, r *http.Request, err error, form *Form, page func() templ.Component, fields ...string) error {
	if !form.Refuse(err, fields...) {
		return err
	}
	call.Note(r.Context(), slog.String("error", err.Error()))
	status := http.StatusUnprocessableEntity
	if fault.Is(err, fault.Limited) {
		status = http.StatusTooManyRequests
	}
	return u.Show(w, status, page())
}
