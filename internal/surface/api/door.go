package api

import (
	"net/http"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

var errMissing = fault.New(fault.Unauthenticated, "missing authentication information")

// enter lets a request in, with the moment at which it is answered.
func (a *api) enter(w http.ResponseWriter, r *http.Request) (*request, error) {
	r, actor, err := a.door.Enter(w, r)
	if err != nil {
		return nil, err
	}
	return &request{Request: r, view: a.DB.View(), actor: actor}, nil
}

// origin is where the request comes from.
func (r *request) origin() account.Origin {
	return account.Origin{IP: call.From(r.Context()).IP, UserAgent: r.UserAgent()}
}
