package packages

import (
	"net/http"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/people"
	"hexhub/internal/surface/web/ui"
)

// ownersView is the tab on which full owners say who else is one.
type ownersView struct {
	view
	Owners []ownerLine
	Form   ui.Form
	Alone  bool // only one user can manage the package

	Colleagues []string // of the visitor
}

// An ownerLine is an owner with what can be done to him.
type ownerLine struct {
	people.Owner
	Path string
	Self bool // it is the visitor
}

func (p *pages) owners(w http.ResponseWriter, r *http.Request, s *subject) error {
	return p.owned(w, r, s, access.Own, func(w http.ResponseWriter, r *http.Request, _ ui.Visit) error {
		return p.web.Show(w, http.StatusOK, p.ownersView(w, r, s).show())
	})
}

func (p *pages) ownersView(w http.ResponseWriter, r *http.Request, s *subject) *ownersView {
	v := &ownersView{view: p.view(w, r, s, "Owners")}
	v.Form.Values = map[string][]string{"level": {string(access.Maintainer)}}
	v.Colleagues = people.As(s.view, s.actor).Colleagues()
	full := 0
	for _, o := range people.OwnersOf(s.view, s.Package) {
		v.Owners = append(v.Owners, ownerLine{o, ownerPath(o), !o.Org() && o.User.ID == s.actor.User.ID})
		if o.Level == access.Full {
			full++
		}
	}
	slices.SortFunc(v.Owners, func(a, b ownerLine) int { return strings.Compare(a.Name, b.Name) })
	v.Alone = s.Repository.Public && full == 1 && !slices.ContainsFunc(v.Owners, ownerLine.Org)
	return v
}

func (p *pages) changeOwners(w http.ResponseWriter, r *http.Request, s *subject) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	ref, who, level := s.Package.Ref(), strings.TrimSpace(form.Get("username")), access.Level(form.Get("level"))
	key := "owner-added"
	switch form.Get("deed") {
	case "remove":
		key, err = "owner-removed", p.Catalog.RemoveOwner(r.Context(), s.actor, ref, who)
	case "level":
		key, err = "owner-changed", p.Catalog.SetOwner(r.Context(), s.actor, ref, who, level, false)
	default:
		err = p.Catalog.SetOwner(r.Context(), s.actor, ref, who, level, false)
	}
	if err != nil {
		v := p.ownersView(w, r, s)
		v.Form.Values = form
		return p.web.Refused(w, r, named(err), &v.Form, func() templ.Component { return v.show() }, "username", "level")
	}
	if after, ok := catalog.Get(p.DB.View(), ref); !ok || !s.manages(after, p) {
		return p.back(w, s.Base(), key) // who removed himself has no such tab any more
	}
	return p.back(w, s.Base()+"/owners", key)
}

// manages reports whether the visitor still manages the owners, now that they are others.
func (s *subject) manages(after catalog.Package, p *pages) bool {
	view := p.DB.View()
	return access.May(view, s.actor, access.Own, catalog.ThingOf(view, s.Repository, after.Name)) == nil
}
