package packages

import (
	"net/http"
	"net/url"
	"time"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// An openRelease may still be taken back.
type openRelease struct {
	catalog.Release
	Until   time.Time // zero for as long as it is there
	Fetched tally
}

// words say which version it is, for how long it can be taken back, and how many have it.
func (r openRelease) words() string {
	said := r.Version.String()
	if !r.Until.IsZero() {
		said += " until " + r.Until.UTC().Format("2 Jan 15:04") + " UTC"
	}
	return said + ": " + r.Fetched.words()
}

// reverts are the versions to choose from, the newest first.
func (v *settingsView) reverts() []ui.Option {
	var all []ui.Option
	for _, r := range v.Open {
		all = append(all, ui.Option{Value: r.Version.String(), Words: r.words()})
	}
	return all
}

// needed says who depends on the package.
func (v *settingsView) needed() string {
	name := v.Package.Name.String()
	switch v.Needed {
	case 0:
		return "No package that you may see depends on " + name + "."
	case 1:
		return "One package depends on " + name + "."
	}
	return ui.Count(v.Needed) + " packages depend on " + name + "."
}

// revert takes a version back, for a reason that the audit log keeps, once it was said what that does.
func (p *pages) revert(r *http.Request, s *subject, form url.Values) error {
	return p.onVersion(form.Get("version"), func(v version.Version) error {
		actor, err := s.actor.Because(form.Get("reason"))
		if err != nil {
			return err
		}
		if form.Get("sure") != "yes" {
			return fault.New(fault.Invalid, "Tick the box: what is taken back can be fetched by nobody any more.")
		}
		return p.Catalog.Revert(r.Context(), actor, s.Package.Ref(), v)
	})
}
