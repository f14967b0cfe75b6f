package site

import (
	"net/http"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/connect"
)

func (s *site) home(w http.ResponseWriter, r *http.Request) error {
	if !account.HasAdmin(s.web.View(r)) {
		return s.web.Show(w, http.StatusOK, s.view(w, r, "").waiting())
	}
	page := s.view(w, r, "")
	page.Guides, page.Numbers = connect.Guides(s.Registry), s.numbers.now(r, s.count)
	return s.web.Show(w, http.StatusOK, page.home())
}
