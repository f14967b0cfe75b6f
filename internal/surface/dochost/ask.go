package dochost

import (
	"net/http"
	"strings"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/pack"
	"hexhub/internal/kernel/store"
)

// An asked is what a request is for.
type asked struct {
	place origin.Place
	rest  string // of the path, behind the package
	base  string // address of the package's documentation, without a trailing slash
	own   bool   // whether the package has the origin to itself

	repository org.Repository
	set        docs.Set
	release    catalog.Release
	at         string // the part of the path that names the version, with a slash before it; empty if none does
	path       string // in the documentation, without a slash before it
}

// show answers with a file of a package's documentation, or leads to where it is.
func (s *surface) show(w http.ResponseWriter, r *http.Request, a *asked) error {
	v := s.DB.View()
	defer v.Close()
	if err := s.enter(w, r, v, a); err != nil {
		return err
	}
	if a.set = docs.Of(v, s.ref(a.place)); len(a.set) == 0 {
		return errAbsent
	}
	a.protect(w.Header())
	if a.rest == "" {
		return redirect(w, r, a.base, "/")
	}
	if to, err := a.find(); err != nil || to != "" {
		if err != nil {
			return err
		}
		return redirect(w, r, a.base, to)
	}
	if asksForConfig(a.path) {
		return a.sendConfig(w, r)
	}
	tree, err := s.Trees.Open(r.Context(), a.release)
	if err != nil {
		return err
	}
	defer tree.Close()
	return s.send(w, r, a, tree)
}

// ref is the package of a place.
func (s *surface) ref(p origin.Place) catalog.Ref {
	if p.Repository.String() == "" {
		return catalog.Ref{Repository: s.Default, Name: p.Name}
	}
	return catalog.Ref{Repository: p.Repository, Name: p.Name}
}

// enter finds the repository, if whoever asks may read its documentation. Where there is none of that name, what is
// done and answered is the same as where he may not.
func (s *surface) enter(_ http.ResponseWriter, _ *http.Request, v *store.View, a *asked) error {
	repository, ok := org.Repositories.Get(v, s.ref(a.place).Repository.String())
	if !ok || !repository.Public {
		return errAbsent
	}
	a.repository = repository
	return nil
}

// find tells which file of which release is meant, or the path below the package that leads to it: /latest and /~1.2
// are names for a version, which has an address of its own. Without any of them it is the latest.
func (a *asked) find() (to string, err error) {
	first, behind, slash := strings.Cut(a.rest[1:], "/")
	rel, named, ok := a.meant(first)
	switch {
	case !ok:
		return "", errAbsent
	case named != "" && (named != first || !slash):
		return "/" + named + "/" + behind, nil
	case named != "":
		a.at, a.path = "/"+named, behind
	default:
		a.path = a.rest[1:]
	}
	a.release = rel
	return "", nil
}

// meant returns the release that the first part of a path means, and its version if that part names one.
func (a *asked) meant(first string) (rel catalog.Release, named string, ok bool) {
	switch v, err := version.Parse(first); {
	case err == nil:
		rel, ok = a.set.Get(v)
	case first == "latest":
		rel, ok = a.set.Latest()
	case strings.HasPrefix(first, "~"):
		q, err := version.ParseRequirement("~> " + first[1:])
		if err != nil {
			return catalog.Release{}, "", false
		}
		rel, ok = a.set.Best(q)
	default:
		rel, ok = a.set.Latest()
		return rel, "", ok
	}
	return rel, rel.Version.String(), ok
}

// locate returns the file that is meant, or with a folder whose slash is missing the path that leads to it.
func (a *asked) locate(tree *pack.Pack) (f pack.File, to string, ok bool) {
	path := a.path
	if path == "" || strings.HasSuffix(path, "/") {
		path += "index.html"
	}
	if f, ok := tree.Find(path); ok {
		return f, "", true
	}
	if tree.Has(path) {
		return pack.File{}, a.at + "/" + path + "/", true
	}
	return pack.File{}, "", false
}
