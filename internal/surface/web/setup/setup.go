// Package setup is the pages on which whoever started the registry becomes its administrator, says who may come in,
// and sees the first package arrive.
//
// It renders what the rooms know and decides nothing.
package setup

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/setting"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the pages show and use.
type Deps struct {
	DB       *store.DB
	Accounts *account.Accounts
	Access   *access.Access
	Settings *setting.Settings
	Rooms    world.Rooms        // in which a sample is published
	Examine  func() doctor.Deps // what the doctor looks at now
	Registry connect.Registry   // without a key
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	s := &setup{Deps: d, web: web}
	web.Handle("GET /setup", s.ask)
	web.Handle("POST /setup", s.create)
	web.Handle("GET /setup/{token}", s.open)
	web.Handle("GET /setup/registry", s.administrators(access.Inspect, s.askRegistry))
	web.Handle("POST /setup/registry", s.administrators(access.Administer, web.Proved(s.setRegistry)))
	web.Handle("GET /setup/first", s.administrators(access.Inspect, s.first))
	web.Handle("POST /setup/first", s.administrators(access.Administer, web.Proved(s.answerFirst)))
}

type setup struct {
	Deps
	web *ui.Web
}

// view is what every page's template may show.
type view struct {
	ui.Page
	Form ui.Form
}

func (s *setup) view(w http.ResponseWriter, r *http.Request, title string) view {
	return view{Page: s.web.Page(w, r, title)}
}

// The cookie that carries the setup token from the link to the form, so that the token leaves the
// address bar, the history and the Referer at once.
const setupCookie = "hexhub-setup"

func (s *setup) open(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	call.HidePath(r.Context(), "/setup/…")
	token := r.PathValue("token")
	if err := s.Accounts.TrySetup(r.Context(), token); err != nil {
		return s.refused(w, r, err)
	}
	http.SetCookie(w, s.cookie(r, token, int((30*time.Minute).Seconds())))
	w.Header().Set("Location", s.Registry.URL+"/setup")
	if r.Host != "" && !strings.HasSuffix(s.Registry.URL, "://"+r.Host) {
		w.Header().Set("Location", "/setup") // the browser came by another name, to which the cookie belongs
	}
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func (s *setup) cookie(r *http.Request, token string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: setupCookie, Value: token, Path: "/setup", MaxAge: seconds, HttpOnly: true,
		Secure: r.TLS != nil || strings.HasPrefix(s.Registry.URL, "https:"), SameSite: http.SameSiteStrictMode,
	}
}

func (s *setup) ask(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	if v, ok := s.web.Visit(r); ok && v.User.Admin {
		return ui.GoTo(w, "/setup/registry") // who comes back has made the account
	}
	if account.HasAdmin(s.DB.View()) {
		return fault.New(fault.NotFound, "This registry has an administrator already.")
	}
	if _, err := r.Cookie(setupCookie); err != nil {
		return s.web.Show(w, http.StatusOK, s.view(w, r, "Setup").waiting())
	}
	page := s.view(w, r, "Setup")
	page.Form.Values = url.Values{"username": {"admin"}}
	return s.web.Show(w, http.StatusOK, page.you())
}

func (s *setup) create(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	cookie, err := r.Cookie(setupCookie)
	if err != nil {
		return s.web.Show(w, http.StatusForbidden, s.view(w, r, "Setup").waiting())
	}
	d := account.Draft{Username: form.Get("username"), Password: form.Get("password")}
	if email := strings.TrimSpace(form.Get("email")); email != "" {
		d.Emails = []string{email}
	}
	user, err := s.Accounts.Setup(r.Context(), cookie.Value, d)
	page := s.view(w, r, "Setup")
	page.Form.Values = form
	if fault.Is(err, fault.Invalid) && page.Form.Refuse(err, "username", "email", "password") {
		return s.web.Show(w, http.StatusUnprocessableEntity, page.you())
	}
	if err != nil {
		return s.refused(w, r, err)
	}
	http.SetCookie(w, s.cookie(r, "", -1))
	return s.enter(w, r, user)
}

// refused tells whoever comes with a link that is no good what to do.
func (s *setup) refused(w http.ResponseWriter, r *http.Request, err error) error {
	if !fault.Is(err, fault.Forbidden) {
		return err
	}
	call.Note(r.Context(), slog.String("error", err.Error()))
	return s.web.Say(w, r, http.StatusForbidden, ui.Message{
		Heading: "This link does not work.",
		Problem: "It was mistyped, is older than 30 minutes, or was tried too often. Take the one that the server printed last.",
		Next:    &ui.Step{Path: "/setup", Words: "How to get one"},
	})
}
