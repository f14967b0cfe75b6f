package packages

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/preview"
	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/pack"
	"hexhub/internal/surface/web/ui"
)

// filesView is the tab that shows the files of a release: all of them in a tree, and one, or a folder, beside it.
type filesView struct {
	view
	Count  int
	Tree   []source.Entry
	Find   string // that somebody looks for
	Found  []pack.File
	Path   string         // of what is shown; empty for nothing
	Folder []source.Entry // of the path, if it is one
	Stored pack.File      // of the path, if it is one
	File   preview.File
	Absent bool // there is nothing at the path
}

// same is where this version has the file that somebody saw in another one; if it has none, where all of its files are.
func (s *subject) same(files *pack.Pack, path string) string {
	base := s.At(s.Release.Version)
	if files != nil {
		if _, ok := files.Find(path); ok || files.Has(path) {
			return preview.FilePath(base, path)
		}
	}
	return base + "/files"
}

// smallTree is how many files a tree has that is shown whole. In a larger one only the way to what is shown is open.
const smallTree = 60

func (p *pages) files(w http.ResponseWriter, r *http.Request, s *subject) error {
	if !s.Pinned {
		return ui.GoTo(w, s.At(s.Release.Version)+"/files")
	}
	files, err := p.Sources.Open(r.Context(), s.Release)
	// One that is refused was taken in under older rules, and has nothing that may be shown.
	if _, refused := errors.AsType[*tarball.Error](err); err != nil && !refused {
		p.Log.Warn("no files", "package", s.Package.Ref().String(), "version", s.Release.Version.String(), "err", err)
		s.unread = true
	}
	if files != nil {
		defer files.Close()
	}
	switch query := r.URL.Query(); {
	case query.Get("at") != "":
		return ui.GoTo(w, s.same(files, query.Get("at")))
	case query.Get("view") == "raw":
		return p.raw(w, r, s, files)
	case query.Get("line") != "":
		return s.goToLine(w, query.Get("line"))
	}
	v := filesView{view: p.view(w, r, s, cmp.Or(s.File, "Files"))}
	if files != nil {
		if err := p.look(r, &v, files); err != nil {
			return err
		}
	}
	status := http.StatusOK
	if v.Absent {
		status = http.StatusNotFound
	}
	return p.web.Show(w, status, v.show())
}

// look finds what is to be shown of the files.
func (p *pages) look(r *http.Request, v *filesView, files *pack.Pack) error {
	query := r.URL.Query()
	all := files.Files()
	v.Count, v.Tree = len(all), source.Tree(all)
	if v.Find = strings.TrimSpace(query.Get("find")); v.Find != "" {
		v.Find = v.Find[:min(len(v.Find), 200)]
		v.Found = source.Find(all, v.Find)
		return nil
	}
	v.Path = v.subject.File
	if v.Path == "" {
		first, _ := source.First(all)
		v.Path = first.Path
	}
	if v.Folder = source.Below(v.Tree, v.Path); v.Folder != nil || v.Path == "" {
		return nil
	}
	var there bool
	if v.Stored, there = files.Find(v.Path); !there {
		v.Absent, v.NoIndex = true, true
		return nil
	}
	page, _ := strconv.Atoi(query.Get("page")) // without one, the first
	var err error
	v.File, err = p.Previews.File(r.Context(), v.Release, v.Path, preview.Look{Written: query.Get("view") == "code", Page: page}, v.At(v.Release.Version))
	return err
}

// goToLine leads to a line, such as 10, or to some, such as 10-20, on whichever page of the file they are.
func (s *subject) goToLine(w http.ResponseWriter, text string) error {
	from, to, several := strings.Cut(strings.ReplaceAll(text, " ", ""), "-")
	first, err := strconv.Atoi(strings.TrimPrefix(from, "L"))
	if err != nil || first < 1 {
		return errAbsent
	}
	query := url.Values{"view": {"code"}}
	if page := preview.PageOf(first); page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	anchor := "#L" + strconv.Itoa(first)
	if last, err := strconv.Atoi(strings.TrimPrefix(to, "L")); several && err == nil && last > first {
		anchor += "-L" + strconv.Itoa(last)
	}
	return ui.GoTo(w, s.fileAt(s.File)+"?"+query.Encode()+anchor)
}

// fileAt is the path of the page of a file or a folder of the release.
func (s *subject) fileAt(path string) string { return preview.FilePath(s.At(s.Release.Version), path) }

// raw is the path of the bytes of the file that is shown.
func (v filesView) raw() string { return preview.RawPath(v.At(v.Release.Version), v.Path) }

// open reports whether a folder of the tree shows what is in it.
func (v filesView) open(folder string) bool {
	return v.Count <= smallTree || v.Path == folder || strings.HasPrefix(v.Path, folder+"/")
}

// way is the way to what is shown, folder by folder; the last is what it is.
func (v filesView) way() (steps []ui.Step) {
	parts := strings.Split(v.Path, "/")
	for i, part := range parts {
		step := ui.Step{Words: part}
		if i < len(parts)-1 {
			step.Path = v.fileAt(strings.Join(parts[:i+1], "/"))
		}
		steps = append(steps, step)
	}
	return steps
}

// paging leads through the pages of a long file.
func (v filesView) paging() ui.Paging {
	return ui.Paging{Page: v.File.Page, Pages: v.File.Pages, Link: func(n int) string {
		return v.fileAt(v.Path) + "?view=code&page=" + strconv.Itoa(n)
	}}
}

// facts says how much there is of the file.
func (v filesView) facts() string {
	size := ui.Size(v.Stored.Size)
	switch {
	case v.File.Kind != preview.Code || v.File.Cut:
		return size
	case v.File.Lines == 1:
		return "1 line · " + size
	}
	return ui.Count(v.File.Lines) + " lines · " + size
}

// isCode reports whether the file is shown line by line.
func (v filesView) isCode() bool { return v.File.Kind == preview.Code }
