package account

import (
	"net/http"

	"hexhub/internal/surface/web/ui"
)

type dashboardPage struct {
	accountPage
	ToDo []ui.Message
}

func (p *pages) dashboard(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	page := &dashboardPage{accountPage: p.accountPage(w, r, v, "Dashboard")}
	if !v.User.Verified() {
		page.ToDo = append(page.ToDo, ui.Message{Problem: "Your address is not confirmed, so you cannot publish yet.", Next: &ui.Step{Path: "/dashboard/email", Words: "Confirm it"}})
	}
	if !v.User.TwoFactor() {
		page.ToDo = append(page.ToDo, ui.Message{Problem: "Whoever has your password can publish as you.", Next: &ui.Step{Path: "/dashboard/security", Words: "Turn on two-factor authentication"}})
	}
	return p.web.Show(w, http.StatusOK, page.show())
}
