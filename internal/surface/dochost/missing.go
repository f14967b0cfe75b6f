package dochost

import (
	"net/http"
	"slices"

	"hexhub/internal/kernel/pack"
)

// mostElsewhere is how many versions are named that have a page which this one lacks.
const mostElsewhere = 10

// missing answers for a page that the documentation lacks, or a version: with the versions that have the page, if any
// do; with the archive's own page for that, if it has one; else with ours. The tree is nil where there is no version.
func (s *surface) missing(w http.ResponseWriter, r *http.Request, a *asked, tree *pack.Pack) error {
	elsewhere := s.elsewhere(r, a)
	if len(elsewhere) == 0 && tree != nil {
		if f, ok := tree.Find("404.html"); ok {
			return s.sendTheirs(w, r, tree, f)
		}
	}
	n := notice{
		Heading: "This page is not here", Text: "The documentation of " + a.place.Name.String() + " has no page at this address.",
		Ways: []way{{a.base + "/", "To its first page"}, {s.home(a), "To the package"}},
	}
	switch {
	case tree == nil:
		n.Text = a.place.Name.String() + " has no documentation of this version."
		n.Ways[1].URL = s.home(&asked{place: a.place, repository: a.repository})
	case a.at != "":
		n.Text = "The documentation of " + a.place.Name.String() + " " + a.release.Version.String() + " has no page at this address."
	}
	for _, l := range elsewhere {
		n.Elsewhere = append(n.Elsewhere, way{l.URL, l.Version})
	}
	return n.send(w, r, http.StatusNotFound)
}

// sendTheirs sends the page that the archive has for what is missing.
func (s *surface) sendTheirs(w http.ResponseWriter, r *http.Request, tree *pack.Pack, f pack.File) error {
	body, err := tree.Read(f, f.Size)
	if err != nil {
		return err
	}
	h := w.Header()
	kindOf(f.Path).tell(h)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
	return nil
}

// elsewhere are the versions that have the page. Only the latest is unpacked for that; of others it is known when they
// lie unpacked, for a page that is nowhere must not cost more than one that is there.
func (s *surface) elsewhere(r *http.Request, a *asked) []line {
	latest, _ := a.shown.set.Latest()
	var out []line
	for _, rel := range slices.Backward(a.shown.set) {
		if len(out) == mostElsewhere || rel.Version != latest.Version && !s.Trees.Holds(rel) {
			continue
		}
		tree, err := s.Trees.Open(r.Context(), rel)
		if err != nil {
			continue // there may be others
		}
		if f, _, ok := a.locate(tree); ok && f.Path != "" {
			out = append(out, line{Version: rel.Version.String(), URL: a.address(rel.Version.String(), f.Path)})
		}
		tree.Close()
	}
	return out
}
