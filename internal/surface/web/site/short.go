package site

import (
	"net/http"

	"hexhub/internal/kernel/fault"
)

// follow leads on to where a short link was made for. What it led to once may be another place when it has
// been forgotten for long, so browsers must not remember it for ever.
func (s *site) follow(w http.ResponseWriter, r *http.Request) error {
	address, ok, err := s.Links.Follow(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.NotFound, "This short link leads nowhere. It may have been mistyped, or was not used for ninety days.")
	}
	w.Header().Set("Location", address)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.WriteHeader(http.StatusMovedPermanently)
	return nil
}
