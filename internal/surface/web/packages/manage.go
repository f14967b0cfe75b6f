package packages

import (
	"net/http"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// may returns why whoever looks may not do what the verb says to the package, or nil.
func (s *subject) may(verb access.Verb) error {
	return access.May(s.view, s.actor, verb, catalog.ThingOf(s.view, s.Repository, s.Package.Name))
}

// owns reports whether whoever looks may change the package.
func (s *subject) owns() bool { return s.may(access.Write) == nil }

// owned is for those who may do what the verb says to the package: they log in, and prove lately that it is them.
// What the visitor may not read was absent before it comes to this.
func (p *pages) owned(w http.ResponseWriter, r *http.Request, s *subject, verb access.Verb, show ui.Visited) error {
	w.Header().Set("Cache-Control", "no-store")
	return p.web.LoggedIn(func(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
		if err := s.may(verb); err != nil {
			return err
		}
		return p.web.Proved(show)(w, r, v)
	})(w, r)
}

// act answers a form of the tabs on which something is done to a package.
func (p *pages) act(w http.ResponseWriter, r *http.Request) error {
	s, err := p.subject(w, r)
	if err != nil {
		return err
	}
	switch {
	case s.Pinned:
		return errAbsent
	case s.Tab == "owners":
		return p.owned(w, r, s, access.Own, func(w http.ResponseWriter, r *http.Request, _ ui.Visit) error { return p.changeOwners(w, r, s) })
	case s.Tab == "badges" && !s.forAll():
		return p.owned(w, r, s, access.Write, func(w http.ResponseWriter, r *http.Request, _ ui.Visit) error { return p.changeBadges(w, r, s) })
	case s.Tab == "settings":
		return p.owned(w, r, s, access.Write, func(w http.ResponseWriter, r *http.Request, _ ui.Visit) error { return p.changeSettings(w, r, s) })
	}
	return errAbsent
}

// done is what is said of a deed, by keys.
var done = map[string]string{
	"owner-added":   "The owner is added, and all owners are told by mail.",
	"owner-changed": "The owner has another level.",
	"owner-removed": "The owner is removed, and all owners are told by mail.",
	"retired":       "The version is retired. Clients warn of it from now on.",
	"retired-all":   "All versions are retired. Clients warn of them from now on.",
	"unretired":     "The version is no longer retired.",
	"reverted":      "The version is taken back.",
	"gone":          "The version is taken back, and the package with it. Its name stays yours.",
	"given":         "The package has a new owner.",
	"badges-shared": "Whoever has one of these addresses sees the badge. Addresses of before show nothing any more.",
	"badges-hidden": "Nobody sees the badges any more.",
}

// named turns "nobody is found" into a fault of the field in which somebody was named.
func named(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Field("is nobody's here: give a user name, or an address that its owner shows to everybody", "username")
	}
	return err
}

// back leads to the tab, where what was done is said.
func (p *pages) back(w http.ResponseWriter, to, key string) error {
	p.web.Flash(w, key)
	return ui.GoTo(w, to)
}
