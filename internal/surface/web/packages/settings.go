package packages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// settingsView is the tab on which owners do what changes a package.
type settingsView struct {
	view
	Retire   ui.Form
	Revert   ui.Form
	Transfer ui.Form
	Problem  ui.Form // of what has no fields
	Retired  []catalog.Release
	Open     []openRelease
	Needed   int  // packages that the visitor may read and that depend on it
	Full     bool // the visitor may give the package away
}

func (p *pages) settings(w http.ResponseWriter, r *http.Request, s *subject) error {
	return p.owned(w, r, s, access.Write, func(w http.ResponseWriter, r *http.Request, _ ui.Visit) error {
		return p.web.Show(w, http.StatusOK, p.settingsView(w, r, s).show())
	})
}

func (p *pages) settingsView(w http.ResponseWriter, r *http.Request, s *subject) *settingsView {
	v := &settingsView{view: p.view(w, r, s, "Settings"), Full: s.may(access.Own) == nil}
	v.Retire = ui.Form{ID: "retire", Values: url.Values{"version": {s.Release.Version.String()}, "reason": {string(catalog.Other)}}}
	v.Revert, v.Transfer = ui.Form{ID: "revert"}, ui.Form{ID: "transfer"}
	v.Needed = s.sight.CountDependents(s.Package.Ref())
	at, told := time.Now(), s.downloads()
	for _, rel := range slices.Backward(s.Releases) {
		if rel.Retirement != nil {
			v.Retired = append(v.Retired, rel)
		}
		if until, ok := catalog.RevertibleUntil(s.Repository, s.Package, rel, at); ok {
			v.Open = append(v.Open, openRelease{rel, until, told.By[rel.Version]})
		}
	}
	return v
}

// whole stands for all versions in the choice of what to retire.
const whole = "all"

func (p *pages) changeSettings(w http.ResponseWriter, r *http.Request, s *subject) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	v := p.settingsView(w, r, s)
	refused := func(err error, form *ui.Form, fields ...string) error {
		return p.web.Refused(w, r, err, form, func() templ.Component { return v.show() }, fields...)
	}
	ref, ver := s.Package.Ref(), form.Get("version")
	key := form.Get("deed")
	switch key {
	case "retire":
		v.Retire.Values = form
		if key, err = p.retire(r, s, form); err != nil {
			return refused(err, &v.Retire, "version", "reason", "message")
		}
	case "unretire":
		key, err = "unretired", p.onVersion(ver, func(ver version.Version) error { return p.Catalog.Unretire(r.Context(), s.actor, ref, ver) })
	case "revert":
		v.Revert.Values = form
		if err := p.revert(r, s, form); err != nil {
			return refused(err, &v.Revert, "version", "reason")
		}
		key = "reverted"
	case "transfer":
		v.Transfer.Values = form
		if key, err = p.transfer(r, s, form); err != nil {
			return refused(err, &v.Transfer, "username", "confirm")
		}
	default:
		return errAbsent
	}
	if err != nil {
		return refused(err, &v.Problem)
	}
	return p.afterwards(w, s, key)
}

// retire marks a version, or all, with a reason.
func (p *pages) retire(r *http.Request, s *subject, form url.Values) (key string, err error) {
	why := catalog.Retirement{Reason: catalog.Reason(form.Get("reason")), Message: strings.TrimSpace(form.Get("message"))}
	if form.Get("version") == whole {
		return "retired-all", p.Catalog.RetireAll(r.Context(), s.actor, s.Package.Ref(), why, false)
	}
	return "retired", p.onVersion(form.Get("version"), func(v version.Version) error {
		return p.Catalog.Retire(r.Context(), s.actor, s.Package.Ref(), v, why)
	})
}

// onVersion does something to the version that a form names.
func (p *pages) onVersion(text string, do func(version.Version) error) error {
	v, err := version.Parse(text)
	if err != nil {
		return fault.Field("is none of this package", "version")
	}
	return do(v)
}

// transfer gives the package to somebody, once its name was written down.
func (p *pages) transfer(r *http.Request, s *subject, form url.Values) (key string, err error) {
	if strings.TrimSpace(form.Get("confirm")) != s.Package.Name.String() {
		return "", fault.Field("is not "+s.Package.Name.String()+": write it as it is", "confirm")
	}
	err = p.Catalog.SetOwner(r.Context(), s.actor, s.Package.Ref(), strings.TrimSpace(form.Get("username")), access.Full, true)
	return "given", named(err)
}

// afterwards leads on to where the visitor still may be.
func (p *pages) afterwards(w http.ResponseWriter, s *subject, key string) error {
	view := p.DB.View()
	p2, there := catalog.Get(view, s.Package.Ref())
	switch {
	case !there:
		return p.back(w, "/packages", "gone")
	case access.May(view, s.actor, access.Write, catalog.ThingOf(view, s.Repository, p2.Name)) != nil:
		return p.back(w, s.Base(), key)
	}
	return p.back(w, s.Base()+"/settings", key)
}

// versions to choose from, the newest first, and all of them.
func (v *settingsView) choices() []ui.Option {
	var all []ui.Option
	for _, r := range slices.Backward(v.Releases) {
		o := ui.Option{Value: r.Version.String(), Words: r.Version.String()}
		if r.Retirement != nil {
			o.Words += " (retired already: the new reason takes the place of the old)"
		}
		all = append(all, o)
	}
	if len(all) > 1 {
		all = append(all, ui.Option{Value: whole, Words: "All versions that are not retired yet"})
	}
	return all
}
