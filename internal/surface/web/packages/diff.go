package packages

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/diff"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/ui"
)

// Bounds of a page.
const (
	filesAtOnce = 10   // whose changes are shown
	filesListed = 100  // on a page; there are more pages
	filesInTree = 1000 // of which the tree has those of all pages
	rowsOfFile  = 500  // of a file, where it is shown with others
	rowsAtOnce  = 2500 // of a file that is shown alone, and of all files on a page
)

// diffView is what was changed between two versions.
type diffView struct {
	ui.Page
	*subject    // of which the release is the new one
	Old         catalog.Release
	IgnoreSpace bool
	Found       *diff.Comparison
	Facts       []changedFact
	Files       []changedFile // on this page
	Alone       bool          // one file is shown, and no other
	Paging      ui.Paging
}

// A changedFile is a file that differs, with as many rows as are shown of it.
type changedFile struct {
	diff.File
	ID   string
	Rows []diff.Row
	From int // rows that come before
	All  int // rows that there are; zero if they were not read
}

// diff shows what was changed between two versions. An address that does not say which leads to one that does.
func (p *pages) diff(w http.ResponseWriter, r *http.Request) error {
	c, ok := comparedBy(r)
	if !ok {
		return errAbsent
	}
	s, err := p.about(r, c.address)
	if err != nil {
		return err
	}
	old, found := s.versionOf(c.Old)
	added, named := s.versionOf(c.New)
	if c.New == "" {
		added, named = s.Release, true
	}
	switch {
	case c.Old == "" && !c.Ranged:
		return s.toNewest(w)
	case !found || !named:
		return errAbsent
	case !c.Ranged || c.New == "":
		return ui.GoTo(w, withSpace(diffPath(s.Base(), old.Version, added.Version), ignoresSpace(r)))
	}
	s.Release = added
	return p.showDiff(w, r, s, old)
}

// toNewest leads to what the newest version changed.
func (s *subject) toNewest(w http.ResponseWriter) error {
	if step := s.changes(s.Release); step != nil {
		return ui.GoTo(w, step.Path)
	}
	return ui.GoTo(w, s.Base()+"/versions")
}

func ignoresSpace(r *http.Request) bool { return r.URL.Query().Get("whitespace") == "ignore" }

// withSpace adds to a path without a query whether white space counts.
func withSpace(path string, ignored bool) string {
	if ignored {
		return path + "?whitespace=ignore"
	}
	return path
}

func (p *pages) showDiff(w http.ResponseWriter, r *http.Request, s *subject, old catalog.Release) error {
	v := &diffView{subject: s, Old: old, IgnoreSpace: ignoresSpace(r)}
	v.Page = p.web.Page(w, r, fmt.Sprintf("%s from %s to %s", s.Package.Name, old.Version, s.Release.Version))
	v.Section, v.NoIndex = "/packages", true
	var err error
	if v.Found, err = p.Diffs.Compare(r.Context(), caller(s, r), v.pair()); err != nil {
		return err
	}
	v.Facts = v.changedFacts(p.Default)
	if err := p.fill(r, v); err != nil {
		return err
	}
	return p.web.Show(w, http.StatusOK, v.show())
}

func (v *diffView) pair() diff.Pair {
	return diff.Pair{Old: v.Old, New: v.Release, IgnoreSpace: v.IgnoreSpace}
}

// caller is by what name it is counted how much somebody has compared.
func caller(s *subject, r *http.Request) string {
	if id := s.actor.User.ID; id != "" {
		return "user:" + id
	}
	return limit.IPKey(call.From(r.Context()).IP)
}

// fill puts the files onto the page: the one that is asked for, or some, of which the first are shown.
func (p *pages) fill(r *http.Request, v *diffView) error {
	q := r.URL.Query()
	if path := q.Get("file"); path != "" {
		f, ok := v.Found.Find(path)
		if !ok {
			return errAbsent
		}
		from, _ := strconv.Atoi(q.Get("from")) // garbage is zero, which means the beginning
		shown, err := p.rows(r, v, f, max(from, 0), rowsAtOnce)
		v.Alone, v.Files = true, []changedFile{shown}
		return err
	}
	n, _ := strconv.Atoi(q.Get("page")) // likewise
	v.Paging.Pages = ui.Pages(len(v.Found.Files), filesListed)
	v.Paging.Page = min(max(n, 1), max(v.Paging.Pages, 1))
	v.Paging.Link = func(n int) string { return v.at("page", strconv.Itoa(n)) }
	first := (v.Paging.Page - 1) * filesListed
	left := rowsAtOnce
	for i, f := range v.Found.Files[first:min(first+filesListed, len(v.Found.Files))] {
		shown := changedFile{File: f, ID: idOf(f.Path)}
		if i < filesAtOnce && left > 0 {
			var err error
			if shown, err = p.rows(r, v, f, 0, min(rowsOfFile, left)); err != nil {
				return err
			}
			left -= len(shown.Rows)
		}
		v.Files = append(v.Files, shown)
	}
	return nil
}

// rows reads what is shown of a file.
func (p *pages) rows(r *http.Request, v *diffView, f diff.File, from, most int) (shown changedFile, err error) {
	shown = changedFile{File: f, ID: idOf(f.Path), From: from}
	shown.Rows, shown.All, err = p.Diffs.Rows(r.Context(), v.pair(), f, from, most)
	return shown, err
}

// idOf is the id of a file's element. Paths may hold what ids may not.
func idOf(path string) string {
	sum := sha256.Sum256([]byte(path))
	return "f-" + hex.EncodeToString(sum[:5])
}

// at is the address of the page with something more in its query.
func (v *diffView) at(key, value string) string {
	q := url.Values{key: {value}}
	if v.IgnoreSpace {
		q.Set("whitespace", "ignore")
	}
	return v.here() + "?" + q.Encode()
}

// here is the address of the page.
func (v *diffView) here() string { return diffPath(v.Base(), v.Old.Version, v.Release.Version) }

// rest is the address of the page with the rows of a file that follow those that are shown.
func (v *diffView) rest(f changedFile) string {
	q := url.Values{"file": {f.Path}}
	if next := f.From + len(f.Rows); next > 0 {
		q.Set("from", strconv.Itoa(next))
	}
	if v.IgnoreSpace {
		q.Set("whitespace", "ignore")
	}
	return v.here() + "?" + q.Encode()
}

// swapped is the address of the comparison the other way round.
func (v *diffView) swapped() string {
	return withSpace(diffPath(v.Base(), v.Release.Version, v.Old.Version), v.IgnoreSpace)
}

// form is where versions are chosen.
func (s *subject) form() string { return "/diff" + s.Base()[len("/packages"):] }
