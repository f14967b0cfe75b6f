package account

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// A section is a page about the user, as the menu beside all of them shows it.
type section struct {
	Path, Words string
	Here        bool
}

var sections = []section{
	{Path: ui.Home, Words: "Overview"},
	{Path: "/dashboard/profile", Words: "Profile"},
	{Path: "/dashboard/email", Words: "E-mail"},
	{Path: "/dashboard/security", Words: "Security"},
	{Path: "/dashboard/sessions", Words: "Sessions"},
	{Path: "/dashboard/keys", Words: "API keys"},
	{Path: "/dashboard/orgs", Words: "Organizations"},
	{Path: "/dashboard/audit-logs", Words: "Activity"},
	{Path: "/dashboard/delete-account", Words: "Delete account"},
}

// accountPage is what all pages about the user show.
type accountPage struct {
	ui.Page
	Sections []section
	User     account.User
	Form     ui.Form
}

func (p *pages) accountPage(w http.ResponseWriter, r *http.Request, v ui.Visit, title string) accountPage {
	page := accountPage{Page: p.web.Page(w, r, title), User: v.User, Sections: slices.Clone(sections)}
	for i, s := range page.Sections {
		page.Sections[i].Here = s.Path == r.URL.Path || s.Path != ui.Home && strings.HasPrefix(r.URL.Path, s.Path+"/")
	}
	return page
}

type profilePage struct {
	accountPage
	Handles []handle
}

// A handle is a field for the user's name elsewhere.
type handle struct{ Name, Label string }

var handles = []handle{
	{"github", "GitHub"}, {"twitter", "X"}, {"bluesky", "Bluesky"}, {"elixirforum", "Elixir Forum"}, {"freenode", "Libera"}, {"slack", "Slack"},
}

func (p *pages) profilePage(w http.ResponseWriter, r *http.Request, v ui.Visit) *profilePage {
	page := &profilePage{accountPage: p.accountPage(w, r, v, "Profile"), Handles: handles}
	return page
}

func (p *pages) profile(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	page := p.profilePage(w, r, v)
	page.Form.Values = map[string][]string{"full_name": {v.User.FullName}}
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
	profile := account.Profile{FullName: form.Get("full_name"), Handles: map[string]string{}}
	fields := []string{"full_name"}
	for _, h := range handles {
		profile.Handles[h.Name] = form.Get(h.Name)
		fields = append(fields, h.Name)
	}
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
		line.What, line.Detail = cmp.Or(agentName(agent), "A browser"), ""
		if line.OAuth {
			client, _ := oauth.ClientOf(view, s.Client)
			line.What, line.Detail = cmp.Or(client.Name, "A program"), clip(s.Name, 200)
			if name := agentName(agent); name != "" {
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

type entryLine struct {
	Words, Action, By, IP, UserAgent string
	At                               time.Time
}

type activityPage struct {
	accountPage
	Entries []entryLine
	Next    string
}

// entriesShown is how many deeds a page shows.
const entriesShown = 50

func (p *pages) activity(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	view := p.DB.View()
	entries, next, err := audit.List(r.Context(), view, audit.UserRef(v.User.ID), r.URL.Query().Get("after"), entriesShown)
	if err != nil {
		return err
	}
	page := activityPage{accountPage: p.accountPage(w, r, v, "Activity"), Next: next}
	for _, e := range entries {
		line := entryLine{Words: deedInWords(e), Action: e.Action, At: e.At}
		switch {
		case e.By.UserID != v.User.ID: // where others are is not the user's business
			line.By = cmp.Or(e.By.Username, e.By.Org, "somebody unknown")
		case e.By.KeyName != "":
			line.By = "the key " + e.By.KeyName
			fallthrough
		default:
			line.IP, line.UserAgent = e.By.IP, agentName(e.By.UserAgent)
		}
		page.Entries = append(page.Entries, line)
	}
	return p.web.Show(w, http.StatusOK, page.show())
}
