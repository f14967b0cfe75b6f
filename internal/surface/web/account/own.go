package account

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// accountPage is what all pages about the user show.
type accountPage struct{ ui.Dashboard }

func (p *pages) accountPage(w http.ResponseWriter, r *http.Request, v ui.Visit, title string) accountPage {
	return accountPage{p.web.Dashboard(w, r, v, title, privateOf(p.DB.View(), v.User.ID))}
}

type profilePage struct{ accountPage }

func (p *pages) profilePage(w http.ResponseWriter, r *http.Request, v ui.Visit) *profilePage {
	return &profilePage{p.accountPage(w, r, v, "Profile")}
}

func (p *pages) profile(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	page := p.profilePage(w, r, v)
	page.Form.Values = url.Values{"full_name": {v.User.FullName}, "url": {v.User.URL}}
	for name, value := range v.User.Handles {
		page.Form.Values.Set(name, value)
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) saveProfile(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	profile, fields := ui.ProfileOf(form)
	if err := p.Accounts.SetProfile(r.Context(), v.Actor.By(), v.User.ID, profile); err != nil {
		page := p.profilePage(w, r, v)
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.show, fields...)
	}
	p.web.Flash(w, "profile")
	return ui.GoTo(w, "/dashboard/profile")
}

// sessionLine is a session in the list. Much of it is a stranger's text.
type sessionLine struct {
	ID, What, Detail, IP string
	OAuth, Current       bool
	UsedAt, Since, Until time.Time
}

type sessionsPage struct {
	accountPage
	Live []sessionLine
}

func (p *pages) sessions(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	view := p.DB.View()
	page := sessionsPage{accountPage: p.accountPage(w, r, v, "Sessions")}
	for _, s := range account.SessionsOf(view, v.User.ID) {
		line := sessionLine{ID: s.ID, IP: s.IP, OAuth: s.Kind == account.OAuth, Current: s.ID == v.Session.ID, Since: s.InsertedAt, Until: s.ExpiresAt, UsedAt: s.InsertedAt}
		agent := s.UserAgent
		if use, ok := account.SessionUses.Get(view, s.ID); ok {
			line.UsedAt, line.IP, agent = use.At, use.IP, cmp.Or(use.UserAgent, agent)
		}
		line.What, line.Detail = cmp.Or(ui.Agent(agent), "A browser"), ""
		if line.OAuth {
			client, _ := oauth.ClientOf(view, s.Client)
			line.What, line.Detail = cmp.Or(client.Name, "A program"), ui.Clip(s.Name, 200)
			if name := ui.Agent(agent); name != "" {
				line.Detail = cmp.Or(line.Detail, name)
			}
		}
		page.Live = append(page.Live, line)
	}
	slices.SortStableFunc(page.Live, func(a, b sessionLine) int { return b.UsedAt.Compare(a.UsedAt) })
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) endSessions(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	by, key := v.Actor.By(), "session-ended"
	if id := form.Get("id"); id != "others" {
		err = p.Accounts.EndSession(r.Context(), by, v.User.ID, id)
	} else {
		key = "sessions-ended"
		err = p.Accounts.EndSessions(r.Context(), by, v.User.ID, v.Session.ID)
	}
	if err != nil && !fault.Is(err, fault.NotFound) { // whose end was wanted has ended
		return err
	}
	p.web.Flash(w, key)
	return ui.GoTo(w, "/dashboard/sessions")
}

type activityPage struct {
	accountPage
	Entries []ui.Entry
	Earlier string
}

// entriesShown is how many deeds a page shows.
const entriesShown = 100

func (p *pages) activity(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	view := p.DB.View()
	entries, next, err := audit.List(r.Context(), view, audit.UserRef(v.User.ID), r.URL.Query().Get("after"), entriesShown)
	if err != nil {
		return err
	}
	page := activityPage{accountPage: p.accountPage(w, r, v, "Audit log"), Entries: ui.Entries(entries, v.User.ID)}
	if next != "" {
		page.Earlier = "/dashboard/audit-logs?" + url.Values{"after": {next}}.Encode()
	}
	return p.web.Show(w, http.StatusOK, page.show())
}
