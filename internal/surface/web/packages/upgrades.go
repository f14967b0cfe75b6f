package packages

import (
	"net/http"
	"strings"
	"time"

	"hexhub/internal/feature/diff"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// Bounds of a page with several comparisons.
const (
	mostUpgrades  = 100             // that are read from an address
	upgradesAtOne = 10              // that are compared, if they were not before
	upgradesTime  = 3 * time.Second // after which no other is compared
	upgradeFiles  = 20              // that are named of each
)

// upgradesView is what was changed in several packages, each between two versions.
type upgradesView struct {
	ui.Page
	Upgrades []upgrade
	More     int // that are left out
}

// An upgrade is a package from one version to another.
type upgrade struct {
	Text  string    // as it was asked for
	Diff  *diffView // nil if it is not here, for who asks
	Later string    // why it was not compared; empty if it was
}

// upgrades shows what was changed in the packages that an address names as NAME:OLD:NEW, as mix hex.outdated does, or as
// REPOSITORY/NAME:OLD:NEW.
func (p *pages) upgrades(w http.ResponseWriter, r *http.Request) error {
	wanted := r.URL.Query()["diffs[]"]
	v := &upgradesView{Page: p.web.Page(w, r, "Changes in several packages"), More: max(0, len(wanted)-mostUpgrades)}
	v.Section, v.NoIndex = "/packages", true
	c := upgrader{p, r, time.Now().Add(upgradesTime), upgradesAtOne}
	for _, text := range wanted[:len(wanted)-v.More] {
		u, err := c.upgrade(text)
		if err != nil {
			return err
		}
		v.Upgrades = append(v.Upgrades, u)
	}
	return p.web.Show(w, http.StatusOK, v.show())
}

// An upgrader compares for one page, as long as it may.
type upgrader struct {
	*pages
	r     *http.Request
	until time.Time
	left  int // comparisons
}

func (c *upgrader) upgrade(text string) (upgrade, error) {
	u := upgrade{Text: text}
	a, ok := parseUpgrade(text)
	if !ok {
		return u, nil
	}
	s, err := c.about(c.r, a.address)
	if fault.Is(err, fault.NotFound) {
		return u, nil
	}
	if err != nil {
		return u, err
	}
	old, found := s.versionOf(a.Old)
	if added, named := s.versionOf(a.New); named {
		s.Release = added
	} else if a.New != "" {
		return u, nil
	}
	if !found {
		return u, nil
	}
	u.Diff = &diffView{subject: s, Old: old}
	u.Diff.Facts = u.Diff.changedFacts(c.Default)
	u.Later = c.compare(u.Diff)
	return u, nil
}

// parseUpgrade reads what names a package and two versions of it; the second may be left out, which means the newest.
func parseUpgrade(text string) (c compared, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 2 && len(parts) != 3 {
		return c, false
	}
	c.Name, c.Old = parts[0], parts[1]
	if repository, name, within := strings.Cut(parts[0], "/"); within {
		c.Repository, c.Name = repository, name
	}
	if len(parts) == 3 {
		c.New = parts[2]
	}
	return c, true
}

// compare finds what a comparison shows, or says why it does not now.
func (c *upgrader) compare(v *diffView) (later string) {
	if found, ok := c.Diffs.Kept(v.pair()); ok {
		v.fillShort(found)
		return ""
	}
	made := !c.Diffs.Written(v.pair())
	if made && c.left == 0 || time.Now().After(c.until) {
		return "It is compared when you open it."
	}
	if made {
		c.left--
	}
	found, err := c.Diffs.Compare(c.r.Context(), caller(v.subject, c.r), v.pair())
	switch {
	case fault.Is(err, fault.Limited):
		c.left = 0
		return "You had many versions compared within a minute. Open it a little later."
	case err != nil:
		c.Log.Warn("no comparison", "package", v.Package.Ref().String(), "err", err)
		return "Its files cannot be read just now. Open it a little later."
	}
	v.fillShort(found)
	return ""
}

// fillShort names the first files that differ.
func (v *diffView) fillShort(found *diff.Comparison) {
	v.Found = found
	for _, f := range found.Files[:min(upgradeFiles, len(found.Files))] {
		v.Files = append(v.Files, changedFile{File: f, ID: idOf(f.Path)})
	}
}

// said says a fact in a line.
func (f changedFact) said() string {
	switch {
	case f.Old == "":
		return f.New + ", which is new"
	case f.New == "":
		return "no longer; it was " + f.Old
	default:
		return f.New + ", before " + f.Old
	}
}
