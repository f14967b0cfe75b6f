package dash

import (
	"net/http"
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/depend"
	"hexhub/internal/surface/web/ui"
)

// offered is how much is offered to what is being typed.
const offered = 12

// offers are what may be meant in a row of a policy: packages that begin with what was typed or, where versions are
// asked for, requirements of the package that was. They are about repositories that the visitor may read.
func (p *pages) offers(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	q := r.URL.Query()
	typed := strings.TrimSpace(q.Get("package"))
	repository, err := name.ParseRepository(q.Get("repository"))
	if err != nil || !slices.Contains(p.Policies.Subjects(o.Name), repository) || !depend.By(o.view, v.Actor).Reads(repository) {
		return errAbsent
	}
	w.Header().Set("Cache-Control", "no-store")
	if q.Get("versions") != "" {
		return p.web.Show(w, http.StatusOK, choices(requirements(o, repository, typed)))
	}
	var found []string
	for pkg := range catalog.In(o.view, repository) {
		if n := pkg.Name.String(); strings.HasPrefix(n, typed) {
			if found = append(found, n); len(found) == offered {
				break
			}
		}
	}
	return p.web.Show(w, http.StatusOK, choices(found))
}

// requirements are what takes the newest versions of a package, and each of them alone.
func requirements(o place, repository name.Repository, typed string) (out []string) {
	n, err := name.ParsePackage(typed)
	if err != nil {
		return nil
	}
	all := catalog.Releases(o.view, catalog.Ref{Repository: repository, Name: n})
	slices.Reverse(all)
	for i, rel := range all[:min(offered, len(all))] {
		if i == 0 {
			out = append(out, "~> "+connect.Loose(rel.Version))
		}
		out = append(out, rel.Version.String())
	}
	return out
}
