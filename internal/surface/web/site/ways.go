package site

import (
	"net/http"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/health"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// guided is a page of guides, with a way to each of them.
type guided struct {
	ui.Page
	Heading, Lead string
	Parts         []guides
	Known         bool          // the visitor is logged in
	Last          access.KeyUse // when a key of the visitor's last came; zero if none has
	With          string        // the name of that key
}

type guides struct {
	Words string
	All   []connect.Guide
}

func (g guided) tabs() []ui.Group {
	var groups []ui.Group
	for _, p := range g.Parts {
		group := ui.Group{Words: p.Words}
		for _, guide := range p.All {
			group.Tabs = append(group.Tabs, ui.Tab{Path: "#" + guide.Client, Words: guide.Title})
		}
		groups = append(groups, group)
	}
	return groups
}

func (s *site) connect(w http.ResponseWriter, r *http.Request) error {
	page := guided{
		Page: s.web.Page(w, r, "Connect"), Heading: "Connect",
		Lead:  "Point your tools at " + s.host() + ". The fingerprint in these lines makes sure that it is this registry that answers.",
		Parts: []guides{{"Tools", connect.Guides(s.Registry)}, {"Machines", connect.Machines(s.Registry)}},
	}
	if visitor, _, ok := s.web.Visitor(r); ok {
		page.Known = true
		page.With, page.Last = lastUse(s.web.View(r), access.OfUser(visitor.ID))
	}
	page.Canonical, page.About = "/connect", "How mix, rebar3, Gleam, CI, Docker and Nix use packages from "+s.host()+"."
	return s.web.Show(w, http.StatusOK, page.show())
}

func (s *site) publish(w http.ResponseWriter, r *http.Request) error {
	page := guided{
		Page: s.web.Page(w, r, "Publish"), Heading: "Publish a package",
		Lead:  "Make a key first: it says who publishes. Then three steps, whichever tool you use.",
		Parts: []guides{{"Tools", connect.Publishing(s.Registry)}},
	}
	page.Canonical, page.About = "/publish", "How to publish a first package to "+s.host()+" with mix, rebar3 and Gleam."
	return s.web.Show(w, http.StatusOK, page.showPublish())
}

// lastUse is which of the owner's keys was used last, and when.
func lastUse(r store.Reader, o access.Owner) (name string, last access.KeyUse) {
	for _, k := range access.KeysOf(r, o) {
		if use, ok := access.KeyUses.Get(r, k.ID); ok && use.At.After(last.At) {
			name, last = k.Name, use
		}
	}
	return name, last
}

// keyed is the page on the key that signs.
type keyed struct {
	ui.Page
	Fingerprint, PEM, Fetch, Check string
}

func (s *site) keys(w http.ResponseWriter, r *http.Request) error {
	page := keyed{
		Page: s.web.Page(w, r, "Public key"), Fingerprint: s.Registry.Fingerprint, PEM: s.Registry.PublicPEM,
		Fetch: "curl -fsS " + s.Registry.URL + "/repo/public_key -o hexhub.pem",
		Check: "ssh-keygen -i -m PKCS8 -f hexhub.pem > hexhub.pub\nssh-keygen -l -f hexhub.pub",
	}
	page.Canonical, page.About = "/keys", "The public key with which "+s.host()+" signs what it serves, and how to check it."
	return s.web.Show(w, http.StatusOK, page.show())
}

// well is the page on how the registry does.
type well struct {
	ui.Page
	health.Public
}

func (s *site) status(w http.ResponseWriter, r *http.Request) error {
	ui.Again(r, stateAge)
	page := well{s.web.Page(w, r, "Status"), s.state.of(r.Context(), s.Health)}
	page.Canonical, page.About = "/status", "How "+s.host()+" does at this moment."
	w.Header().Add("Vary", "Accept")
	return s.web.Show(w, http.StatusOK, page.show())
}

// tone is how good a state of a node or of the whole is, and its icon and words.
func tone(state string) (t ui.Tone, icon, words string) {
	switch state {
	case health.Healthy:
		return ui.Good, "circle-check", "well"
	case health.Drained:
		return ui.Notice, "clock", "about to be stopped by its operator"
	case health.Lagging:
		return ui.Caution, "clock", "catching up with the others"
	case health.NotReady:
		return ui.Caution, "clock", "not ready yet"
	case health.Degraded:
		return ui.Caution, "triangle-alert", "not all is well"
	case health.Unreachable:
		return ui.Bad, "circle-alert", "away"
	default:
		return ui.Bad, "circle-alert", state
	}
}
