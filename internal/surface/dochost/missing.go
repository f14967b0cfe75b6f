package dochost

import (
	"context"
	"net/http"
	"slices"
	"time"

	"hexhub/internal/kernel/pack"
)

// mostElsewhere is how many versions are named that have a page which this one lacks.
const mostElsewhere = 10

// missing answers for a page that the documentation lacks, or a version: with the versions that have the page, if any
// do; with the archive's own page for that, if it has one that is not too long; else with ours. The tree is nil where there is no version.
func (s *surface) missing(w http.ResponseWriter, r *http.Request, a *asked, tree *pack.Pack) error {
	elsewhere := s.elsewhere(r, a)
	if len(elsewhere) == 0 && tree != nil {
		if f, ok := tree.Find("404.html"); ok && f.Size <= longest {
			return s.sendTheirs(w, r, tree, f)
		}
	}
	n := notice{
		Heading: "This page is not here", Text: "The documentation of " + a.place.Name.String() + " has no page at this address.",
		Ways: []way{{themed(r, a.base+"/"), "To its first page"}, {s.home(a), "To the package"}},
	}
	switch {
	case tree == nil:
		n.Text = a.place.Name.String() + " has no documentation of this version."
		n.Ways[1].URL = s.home(&asked{place: a.place, repository: a.repository})
	case a.at != "":
		n.Text = "The documentation of " + a.place.Name.String() + " " + a.release.Version.String() + " has no page at this address."
	}
	for _, l := range elsewhere {
		n.Elsewhere = append(n.Elsewhere, way{themed(r, l.URL), l.Version})
	}
	return n.send(w, r, http.StatusNotFound)
}

// themed is an address with the theme of the one that was asked for.
func themed(r *http.Request, address string) string { return withQuery(address, lookOf(r).query()) }

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

// patience is how long one request waits for what archives that nobody has looked at yet have. Looking goes on without
// it, for the next.
const patience = time.Second

// elsewhere are the versions that have the page, the newest first.
func (s *surface) elsewhere(r *http.Request, a *asked) []line {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	var out []line
	for _, rel := range slices.Backward(a.shown.set) {
		if len(out) == mostElsewhere || ctx.Err() != nil {
			break
		}
		if has, err := s.Trees.Has(ctx, rel, a.file()); err == nil && has { // of one that cannot be read there may be others
			out = append(out, line{Version: rel.Version.String(), URL: a.address(rel.Version.String(), a.file())})
		}
	}
	return out
}
