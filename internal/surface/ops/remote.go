package ops

import (
	"net/http"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/fault"
)

// bodyTime is how long a body may take.
const bodyTime = 30 * time.Second

// Remote returns the handler for administrators who are elsewhere, for all below /operator/ of the public
// site's /api. It asks for an API key or an access token of an administrator; cookies and passwords are
// nothing to it. Reads take a credential for api:read, all else one for api:write and, where tokens need
// it, a code of the second factor.
//
// The right is asked for before the path is looked at, so that who has it not learns nothing by trying.
func (o *Ops) Remote() http.Handler {
	mux := http.NewServeMux()
	for _, d := range deeds {
		h := d.do
		if d.atMachine != "" {
			h = func(*Ops, *http.Request) (any, error) { return nil, fault.New(fault.Forbidden, "%s", d.atMachine) }
		}
		mux.Handle(d.pattern(), o.remote(h))
	}
	mux.Handle("/operator/", o.remote((*Ops).noSuchDeed))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			// Also for a body that nobody reads; a connection that takes no deadline, as in a test, has none.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Vary", "Authorization")
		h.Set("X-Content-Type-Options", "nosniff")
		r, err := o.admit(w, r)
		if err != nil {
			o.do(w, r, func(*Ops, *http.Request) (any, error) { return nil, err })
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Refuse returns what answers administrators elsewhere an error that is found before their request is looked at.
func (o *Ops) Refuse(err error) http.Handler {
	return o.remote(func(*Ops, *http.Request) (any, error) { return nil, err })
}

func (o *Ops) remote(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.do(w, r, func(o *Ops, r *http.Request) (any, error) {
			body, err := h(o, r)
			o.Door.TellRevision(w)
			return body, err
		})
	})
}

var (
	errMissing  = fault.New(fault.Unauthenticated, "missing authentication information: log in with hexhub login, or send an API key")
	errPassword = fault.New(fault.Unauthenticated, "a password does not do here: log in with hexhub login, or send an API key")
	errNothing  = fault.New(fault.NotFound, "there is nothing here, or not for you: only administrators of this server can operate it from elsewhere")
)

// admit lets administrators in, and tells others no more than that they are none.
func (o *Ops) admit(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	r, a, err := o.Door.Enter(w, r)
	switch {
	case err != nil:
		return r, err
	case a.Via == access.Anonymous:
		return r, errMissing
	case a.Via == access.Password:
		return r, errPassword
	}
	verb := access.Inspect
	if !isRead(r) {
		verb = access.Administer
		a = o.Access.WithCode(r.Context(), a, r.Header.Get("X-Hex-Otp"))
		r = r.WithContext(access.With(r.Context(), a))
	}
	err = access.May(o.DB.View(), a, verb, access.Thing{})
	if fault.Is(err, fault.Forbidden) && !a.User.Admin {
		return r, errNothing
	}
	return r, err
}
