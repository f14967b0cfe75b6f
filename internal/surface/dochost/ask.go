package dochost

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/pack"
	"hexhub/internal/surface/call"
)

// An asked is what a request is for.
type asked struct {
	place origin.Place
	rest  string // of the path, behind the package
	base  string // address of the package's documentation, without a trailing slash
	own   bool   // whether the package has the origin to itself

	private  bool   // not everybody may read it
	external bool   // its pages may use what is elsewhere
	ticket   string // by which what a page loads is let through, where it comes without a cookie

	repository org.Repository
	shown      *shown
	release    catalog.Release
	at         string // the part of the path that names the version, with a slash before it; empty if none does
	path       string // in the documentation, without a slash before it
}

// show answers with a file of a package's documentation, or leads to where it is.
func (s *surface) show(w http.ResponseWriter, r *http.Request, a *asked) error {
	v, err := s.enter(w, r, a)
	if v == nil {
		return err
	}
	defer v.Close()
	if a.shown, err = s.packages.of(s.addresses().Ref(a.place), a); err != nil {
		return err
	}
	if len(a.shown.set) == 0 {
		return errAbsent
	}
	a.external = s.External(v, a.private)
	a.protect(w.Header(), s.Origins)
	switch to, ok := a.find(); {
	case to != "":
		return a.lead(w, r, to)
	case asksForConfig(a.path):
		return a.sendConfig(w, r)
	case !ok:
		return s.missing(w, r, a, nil)
	}
	call.Note(r.Context(), slog.String("package", s.addresses().Ref(a.place).String()), slog.String("version", a.release.Version.String()))
	tree, err := s.Trees.Open(r.Context(), a.release)
	if err != nil {
		return err
	}
	defer tree.Close()
	return s.send(w, r, a, tree)
}

// addresses tell places from packages.
func (s *surface) addresses() docs.Addresses {
	return docs.Addresses{Origins: s.Origins, Default: s.Default}
}

// lead leads to another path of the same documentation.
func (a *asked) lead(w http.ResponseWriter, r *http.Request, path string) error {
	return redirect(w, r, a.base, path, a.kept())
}

// kept says how long what can change may be kept: not at all without asking.
func (a *asked) kept() string {
	if a.private {
		return "private, no-cache"
	}
	return kept
}

// find tells which file of which release is meant, or the path below the package that leads to it: /latest and /~1.2
// are names for a version, which has an address of its own. Without any of them it is the latest.
func (a *asked) find() (to string, ok bool) {
	if a.rest == "" {
		return "/", true
	}
	first, behind, slash := strings.Cut(a.rest[1:], "/")
	rel, named, ok := a.meant(first)
	switch {
	case !ok:
		a.path = behind
		return "", false
	case named != "" && (named != first || !slash):
		return "/" + named + "/" + behind, true
	case named != "":
		a.at, a.path = "/"+named, behind
	default:
		a.path = a.rest[1:]
	}
	a.release = rel
	return "", true
}

// meant returns the release that the first part of a path means, and its version if that part names one.
func (a *asked) meant(first string) (rel catalog.Release, named string, ok bool) {
	switch v, err := version.Parse(first); {
	case err == nil:
		rel, ok = a.shown.set.Get(v)
	case first == "latest":
		rel, ok = a.shown.set.Latest()
	case strings.HasPrefix(first, "~"):
		q, err := version.ParseRequirement("~> " + first[1:])
		if err != nil {
			return catalog.Release{}, "", false
		}
		rel, ok = a.shown.set.Best(q)
	default:
		rel, ok = a.shown.set.Latest()
		return rel, "", ok
	}
	return rel, rel.Version.String(), ok
}

// address is where a file of a version is, or of none in particular.
func (a *asked) address(version, file string) string {
	if file == "index.html" || strings.HasSuffix(file, "/index.html") {
		file = strings.TrimSuffix(file, "index.html")
	}
	if version != "" {
		file = version + "/" + file
	}
	return a.base + (&url.URL{Path: "/" + file}).EscapedPath()
}

// file is the path of what is asked for in the archive: a folder shows its first page.
func (a *asked) file() string {
	if a.path == "" || strings.HasSuffix(a.path, "/") {
		return a.path + "index.html"
	}
	return a.path
}

// locate returns the file that is meant, or with a folder whose slash is missing the path that leads to it.
func (a *asked) locate(tree *pack.Pack) (f pack.File, to string, ok bool) {
	file := a.file()
	if f, ok := tree.Find(file); ok {
		return f, "", true
	}
	if tree.Has(file) {
		return pack.File{}, a.at + "/" + file + "/", true
	}
	return pack.File{}, "", false
}
