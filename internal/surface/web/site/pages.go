package site

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/connect"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

func (s *site) home(w http.ResponseWriter, _ *http.Request) error {
	v := s.DB.View()
	if !account.HasAdmin(v) {
		return s.pages.Show(w, http.StatusOK, "waiting", s.view(""))
	}
	page := s.view("")
	page.Guides, page.Numbers = connect.Guides(s.Registry), s.numbers.now(s.count)
	return s.pages.Show(w, http.StatusOK, "home", page)
}

// The cookie that carries the setup token from the link to the form, so that the token leaves the
// address bar, the history and the Referer at once.
const setupCookie = "hexhub-setup"

func (s *site) openSetup(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	token := r.PathValue("token")
	if err := s.Accounts.TrySetup(r.Context(), token); err != nil {
		return err
	}
	http.SetCookie(w, s.cookie(r, token, int((30*time.Minute).Seconds())))
	w.Header().Set("Location", s.Registry.URL+"/setup")
	if r.Host != "" && !strings.HasSuffix(s.Registry.URL, "://"+r.Host) {
		w.Header().Set("Location", "/setup") // the browser came by another name, to which the cookie belongs
	}
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func (s *site) cookie(r *http.Request, token string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: setupCookie, Value: token, Path: "/setup", MaxAge: seconds, HttpOnly: true,
		Secure: r.TLS != nil || strings.HasPrefix(s.Registry.URL, "https:"), SameSite: http.SameSiteStrictMode,
	}
}

func (s *site) setup(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	if account.HasAdmin(s.DB.View()) {
		return fault.New(fault.NotFound, "This registry has an administrator already.")
	}
	if _, err := r.Cookie(setupCookie); err != nil {
		return s.pages.Show(w, http.StatusOK, "waiting", s.view("Setup"))
	}
	page := s.view("Setup")
	page.Username = "admin"
	return s.pages.Show(w, http.StatusOK, "setup", page)
}

func (s *site) createAdministrator(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(fault.Malformed, err, "The form could not be read.")
	}
	cookie, err := r.Cookie(setupCookie)
	if err != nil {
		return s.pages.Show(w, http.StatusForbidden, "waiting", s.view("Setup"))
	}
	d := account.Draft{Username: r.PostForm.Get("username"), Password: r.PostForm.Get("password")}
	if email := strings.TrimSpace(r.PostForm.Get("email")); email != "" {
		d.Emails = []string{email}
	}
	user, err := s.Accounts.Setup(r.Context(), cookie.Value, d)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
		page := s.view("Setup")
		page.Username, page.Email, page.Errors = d.Username, r.PostForm.Get("email"), words(f.Fields)
		return s.pages.Show(w, http.StatusUnprocessableEntity, "setup", page)
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, s.cookie(r, "", -1))
	return s.welcome(w, r, user)
}

// welcome shows the new administrator a key to publish with, once.
func (s *site) welcome(w http.ResponseWriter, r *http.Request, user account.User) error {
	actor := access.Actor{User: user, Via: access.Password, IP: call.From(r.Context()).IP, UserAgent: r.UserAgent()}
	until := time.Now().Add(30 * 24 * time.Hour)
	_, secret, err := s.Access.CreateKey(r.Context(), actor, access.OfUser(user.ID), access.KeyDraft{Name: "first-publish", RevokeAt: &until})
	if err != nil {
		return err
	}
	page, registry := s.view("Welcome"), s.Registry
	registry.Key = secret
	page.Username, page.Guides = user.Username.String(), connect.Guides(registry)
	return s.pages.Show(w, http.StatusOK, "done", page)
}

// words flattens validation messages to the form's field names.
func words(fields fault.Fields) map[string]string {
	out := map[string]string{}
	for field, v := range fields {
		switch v := v.(type) {
		case string:
			out[strings.TrimSuffix(field, "s")] = v
		case fault.Fields:
			for _, w := range words(v) {
				out[strings.TrimSuffix(field, "s")] = w
			}
		}
	}
	return out
}
