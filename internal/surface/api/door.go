package api

import (
	"net/http"

	"hexhub/internal/kernel/fault"
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
