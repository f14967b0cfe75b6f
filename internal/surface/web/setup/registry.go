package setup

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// asked are the settings that the second page asks for; all others are listed there.
var asked = []string{"registration", "org.create"}

// A choice is a setting as it is, with what else there is to say of it.
type choice struct{ Name, Value, Help string }

type registryPage struct {
	view
	URL       string // where people are told to open it
	Elsewhere bool   // this browser has opened it by another name
	Found     []doctor.Finding
	Others    []choice
}

// administrators shows a page to administrators; for others it is not there.
func (s *setup) administrators(verb access.Verb, render ui.Visited) ui.Render {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		v, ok := s.web.Visit(r)
		if !ok || access.May(s.web.View(r), v.Actor, verb, access.Thing{}) != nil {
			return ui.Absent()
		}
		return render(w, r, v)
	}
}

func (s *setup) registryPage(w http.ResponseWriter, r *http.Request) *registryPage {
	page := &registryPage{view: s.view(w, r, "This registry"), URL: s.Registry.URL}
	_, host, _ := strings.Cut(s.Registry.URL, "://")
	page.Elsewhere = r.Host != "" && r.Host != host
	page.Found = slices.DeleteFunc(doctor.Run(r.Context(), s.Examine(), []string{"address", "url"}), func(f doctor.Finding) bool { return f.Level == doctor.Skip })
	v := s.DB.View()
	page.Form.Values = url.Values{}
	for _, d := range s.Settings.Definitions() {
		value, _ := s.Settings.Value(v, d.Name)
		if !slices.Contains(asked, d.Name) {
			page.Others = append(page.Others, choice{d.Name, value, d.Help})
			continue
		}
		if mode, domains, ok := strings.Cut(value, ":"); ok && mode == "domains" {
			value = mode
			page.Form.Values.Set("domains", domains)
		}
		page.Form.Values.Set(d.Name, value)
	}
	return page
}

func (s *setup) askRegistry(w http.ResponseWriter, r *http.Request, _ ui.Visit) error {
	return s.web.Show(w, http.StatusOK, s.registryPage(w, r).show())
}

// setRegistry puts in force what was chosen, and makes the key for the third page.
func (s *setup) setRegistry(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	for _, setting := range asked {
		value := form.Get(setting)
		if value == "domains" {
			value += ":" + strings.Join(strings.FieldsFunc(form.Get("domains"), func(r rune) bool { return r == ',' || r == ' ' }), ",")
		}
		if now, _ := s.Settings.Value(s.DB.View(), setting); now == value {
			continue
		}
		if err := s.Settings.Set(r.Context(), v.Actor.By(), setting, value); err != nil {
			page := s.registryPage(w, r)
			page.Form.Values = form
			return s.web.Refused(w, r, err, &page.Form, page.show, setting)
		}
	}
	if err := s.makeKey(w, r, v); err != nil {
		return err
	}
	return ui.GoTo(w, "/setup/first")
}

// The cookie that carries the key which the third page shows, in the browser of the administrator alone and for half
// an hour, so that he may look at all its tabs, load it anew and come back to it.
const keyCookie = "hexhub-first-key"

// makeKey makes a key to publish with, unless the browser has one.
func (s *setup) makeKey(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	if c, err := r.Cookie(keyCookie); err == nil && c.Value != "" {
		return nil
	}
	_, secret, err := s.Access.CreateKey(r.Context(), v.Actor, access.OfUser(v.User.ID), access.KeyDraft{
		Name: "first-publish", RevokeAt: new(time.Now().Add(30 * 24 * time.Hour)), Permissions: []access.Permission{{Domain: access.DomainAPI}},
	})
	if err != nil {
		return err
	}
	c := s.cookie(r, secret, int((30 * time.Minute).Seconds()))
	c.Name = keyCookie
	http.SetCookie(w, c)
	return nil
}

type firstPage struct {
	view
	Tabs    []ui.Tab
	Guide   connect.Guide
	HasKey  bool
	Arrived *catalog.Package // the newest; nil while there is none
}

func (s *setup) firstPage(w http.ResponseWriter, r *http.Request) *firstPage {
	page, registry := &firstPage{view: s.view(w, r, "First package")}, s.Registry
	if c, err := r.Cookie(keyCookie); err == nil {
		page.HasKey, registry.Key = true, c.Value
	}
	guides, tool := connect.Guides(registry), r.URL.Query().Get("tool")
	page.Guide = guides[0]
	for _, g := range guides {
		if g.Client == tool {
			page.Guide = g
		}
	}
	for _, g := range guides {
		page.Tabs = append(page.Tabs, ui.Tab{Path: "/setup/first?tool=" + g.Client, Words: g.Title, Current: g.Client == page.Guide.Client})
	}
	repository, err := name.ParseRepository(s.Registry.Repository)
	if err != nil {
		return page // the configuration was checked: it cannot be
	}
	for p := range catalog.In(s.web.View(r), repository) {
		if page.Arrived == nil || p.UpdatedAt.After(page.Arrived.UpdatedAt) {
			page.Arrived = &p
		}
	}
	return page
}

func (s *setup) first(w http.ResponseWriter, r *http.Request, _ ui.Visit) error {
	return s.web.Show(w, http.StatusOK, s.firstPage(w, r).show())
}

// sampleName is what the package is called that is published for who has none.
const sampleName = "demo"

// answerFirst makes another key, or publishes a package for who has none.
func (s *setup) answerFirst(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	switch form.Get("deed") {
	case "key":
		err = s.makeKey(w, r, v)
	case "sample":
		_, err = world.Sample(r.Context(), s.Rooms, v.Actor, name.MustPackage(sampleName))
	default:
		err = fault.New(fault.Malformed, "This page has no such button. Load it anew.")
	}
	if err != nil {
		page := s.firstPage(w, r)
		return s.web.Refused(w, r, err, &page.Form, page.show)
	}
	return ui.GoTo(w, "/setup/first")
}

// enter logs the new administrator in.
func (s *setup) enter(w http.ResponseWriter, r *http.Request, user account.User) error {
	actor := ui.ActorOf(r, user, account.Session{})
	session, cookie, err := s.Accounts.StartSession(r.Context(), actor.By(), user.ID, actor.IP.String(), actor.UserAgent)
	if err != nil {
		return err
	}
	s.web.SetSession(w, r, cookie, session.ExpiresAt)
	return ui.GoTo(w, "/setup/registry")
}
