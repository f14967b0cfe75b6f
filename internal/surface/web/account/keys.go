package account

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// keyLine is a key in the list.
type keyLine struct {
	Name             string
	Permissions      []string
	UsedAt, Until    time.Time
	UsedFrom, UsedBy string
}

type keysPage struct {
	accountPage
	Keys    []keyLine
	Choices []choice
	Ages    []choice
}

func (p *pages) keysPage(w http.ResponseWriter, r *http.Request, v ui.Visit, form url.Values) *keysPage {
	view := p.DB.View()
	page := &keysPage{accountPage: p.accountPage(w, r, v, "API keys")}
	for _, k := range access.KeysOf(view, access.OfUser(v.User.ID)) {
		page.Keys = append(page.Keys, lineOf(view, k))
	}
	page.Form.Values = form
	if form == nil {
		form = url.Values{"permission": {"api:write"}, "expires": {"90d"}}
	}
	for _, perm := range p.keyChoices(view, v) {
		page.Choices = append(page.Choices, choice{scopeOf(perm), inWords(perm), slices.Contains(form["permission"], scopeOf(perm))})
	}
	for _, age := range []choice{{Scope: "30d", Words: "30 days"}, {Scope: "90d", Words: "90 days"}, {Scope: "365d", Words: "a year"}, {Scope: "", Words: "never"}} {
		age.Given = form.Get("expires") == age.Scope
		page.Ages = append(page.Ages, age)
	}
	return page
}

func lineOf(r store.Reader, k access.Key) keyLine {
	line := keyLine{Name: k.Name}
	for _, perm := range k.Permissions {
		line.Permissions = append(line.Permissions, scopeOf(perm))
	}
	if k.RevokeAt != nil {
		line.Until = *k.RevokeAt
	}
	if use, ok := access.KeyUses.Get(r, k.ID); ok {
		line.UsedAt, line.UsedFrom, line.UsedBy = use.At, use.IP, agentName(use.UserAgent)
	}
	return line
}

// keyChoices are the permissions that are offered: those that everybody can give, and those of the
// user's organizations.
func (p *pages) keyChoices(view *store.View, v ui.Visit) []access.Permission {
	all := []access.Permission{
		{Domain: access.DomainAPI},
		{Domain: access.DomainAPI, Resource: "write"},
		{Domain: access.DomainAPI, Resource: "read"},
		{Domain: access.DomainRepositories},
	}
	for o := range org.Of(view, v.User.ID) {
		all = append(all, access.Permission{Domain: access.DomainRepository, Resource: o.Name.String()}, access.Permission{Domain: access.DomainDocs, Resource: o.Name.String()})
	}
	return all
}

func (p *pages) keys(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	return p.web.Show(w, http.StatusOK, p.keysPage(w, r, v, nil).show())
}

type newKeyPage struct {
	accountPage
	Name, Secret string
	Publishes    bool
}

func (p *pages) makeKey(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	k, secret, err := p.Access.CreateKey(r.Context(), v.Actor, access.OfUser(v.User.ID), draftOf(form))
	if err != nil {
		page := p.keysPage(w, r, v, form)
		return p.web.Refused(w, r, err, &page.Form, page.show, "name", "more")
	}
	page := newKeyPage{accountPage: p.accountPage(w, r, v, "API keys"), Name: k.Name, Secret: secret}
	page.Publishes = slices.ContainsFunc(k.Permissions, func(perm access.Permission) bool {
		return perm.Domain == access.DomainAPI || perm.Domain == access.DomainPackage
	})
	return p.web.Show(w, http.StatusOK, page.show())
}

// draftOf reads the form of a key. That nothing was ticked must not come to mean everything.
func draftOf(form url.Values) access.KeyDraft {
	d := access.KeyDraft{Name: form.Get("name")}
	for _, scope := range append(slices.Clone(form["permission"]), strings.Fields(form.Get("more"))...) {
		d.Permissions = append(d.Permissions, permissionOf(scope))
	}
	if len(d.Permissions) == 0 {
		d.Permissions = []access.Permission{{}}
	}
	if age, err := access.ParseAge(form.Get("expires")); err == nil {
		d.RevokeAt = new(time.Now().Add(age))
	}
	return d
}

func (p *pages) revokeKey(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if _, err := p.Access.RevokeKey(r.Context(), v.Actor, access.OfUser(v.User.ID), form.Get("name")); err != nil {
		return err
	}
	p.web.Flash(w, "key-revoked")
	return ui.GoTo(w, "/dashboard/keys")
}
