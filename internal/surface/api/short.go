package api

import (
	"net/http"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

// postShortURL gives an address a short one. Nobody needs a credential for it: mix outdated has none.
func (a *api) postShortURL(r *request) (*answer, error) {
	p, err := r.params()
	if err != nil {
		return nil, err
	}
	bad := fault.Fields{}
	address := p.text(bad, "url")
	if err := invalid(bad); err != nil {
		return nil, err
	}
	code, err := a.Links.Shorten(r.Context(), call.From(r.Context()).IP, address)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusCreated, body: object{"url": a.link("l", code)}}, nil
}
