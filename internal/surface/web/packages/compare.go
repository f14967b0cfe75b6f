package packages

import (
	"net/http"
	"slices"
	"strings"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/surface/web/ui"
)

// A compared is two versions of a package, as an address names them: [REPOSITORY/]NAME/OLD..NEW.
type compared struct {
	address         // of the package
	Old, New string // versions; empty for none
	Ranged   bool   // the address has two dots
}

// parseCompared reads the parts of a path below /diff, of which there are at least one.
func parseCompared(parts []string) (c compared, ok bool) {
	if old, added, found := strings.Cut(parts[len(parts)-1], ".."); found {
		c.Old, c.New, c.Ranged, parts = old, added, true, parts[:len(parts)-1]
	}
	switch len(parts) {
	case 1:
		c.Name = parts[0]
	case 2:
		c.Repository, c.Name = parts[0], parts[1]
	}
	return c, len(parts) == 1 || len(parts) == 2
}

// comparedBy reads what a request wants to see compared. A form says it in its query, and an address in its path.
func comparedBy(r *http.Request) (compared, bool) {
	parts := partsOf(r)
	if len(parts) == 0 {
		return compared{}, false
	}
	c, ok := parseCompared(parts)
	if q := r.URL.Query(); ok && !c.Ranged {
		c.Old, c.New = q.Get("from"), q.Get("to")
	}
	return c, ok
}

// versionOf is the release of the version that a text names.
func (s *subject) versionOf(text string) (catalog.Release, bool) {
	v, err := version.Parse(text)
	if err != nil {
		return catalog.Release{}, false
	}
	i := slices.IndexFunc(s.Releases, func(r catalog.Release) bool { return r.Version == v })
	if i < 0 {
		return catalog.Release{}, false
	}
	return s.Releases[i], true
}

// before is the release that one who has this one may have had before: of a stable one the stable one below it, if there
// is one; else the next below.
func (s *subject) before(r catalog.Release) (catalog.Release, bool) {
	below := s.Releases[:max(0, slices.IndexFunc(s.Releases, func(o catalog.Release) bool { return o.Version == r.Version }))]
	if len(below) == 0 {
		return catalog.Release{}, false
	}
	for _, old := range slices.Backward(below) {
		if !old.Version.IsPre() && !r.Version.IsPre() {
			return old, true
		}
	}
	return below[len(below)-1], true
}

// diffPath is the path of the page that compares two versions of a package.
func diffPath(base string, old, added version.Version) string {
	return "/diff" + strings.TrimPrefix(base, "/packages") + "/" + old.String() + ".." + added.String()
}

// changes leads to what the release changed; nil if there was none before it.
func (s *subject) changes(r catalog.Release) *ui.Step {
	old, ok := s.before(r)
	if !ok {
		return nil
	}
	return &ui.Step{Path: diffPath(s.Base(), old.Version, r.Version), Words: "Diff with " + old.Version.String()}
}
