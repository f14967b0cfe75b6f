package packages

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/surface/web/ui"
)

// looks are the ways to look at dependencies, as addresses name them.
var looks = []struct{ Name, Words, Icon string }{
	{"list", "List", "list"}, {"tree", "Tree", "list-tree"}, {"graph", "Graph", "workflow"},
}

// dependenciesView is the tab with what a release requires.
type dependenciesView struct {
	view
	depend.Resolution
	def    name.Repository
	Look   string
	Tree   []depend.Branch
	Short  bool // the tree is cut
	Graph  drawing
	Hidden int // packages that the graph leaves out
}

func (p *pages) dependencies(w http.ResponseWriter, r *http.Request, s *subject) error {
	v := dependenciesView{view: p.view(w, r, s, "Dependencies"), Resolution: s.resolution(), def: p.Default, Look: "list"}
	for _, look := range looks {
		if look.Name == r.URL.Query().Get("view") {
			v.Look = look.Name
		}
	}
	switch v.Look {
	case "tree":
		v.Tree, v.Short = v.Resolution.Tree()
	case "graph":
		v.Graph = draw(v.Resolution, s.Package.Ref())
		v.Hidden = len(v.Nodes) - len(v.Graph.Boxes)
	}
	return p.web.Show(w, http.StatusOK, v.show())
}

// as is the address of the tab with another look.
func (v dependenciesView) as(look string) string {
	path := v.Here() + "/dependencies"
	if look != "list" {
		path += "?view=" + look
	}
	return path
}

// sentence counts what comes along.
func (v dependenciesView) sentence() string {
	what := fmt.Sprintf("%s %s requires %s", v.Package.Name, v.Release.Version, plural(v.Direct, "package"))
	optional := 0
	for _, q := range v.Release.Requirements {
		if q.Optional {
			optional++
		}
	}
	if optional > 0 {
		what += fmt.Sprintf(" (%d optional)", optional)
	}
	switch more := v.All() - v.Direct; {
	case v.Cut:
		return what + fmt.Sprintf(", and more than %d come along. What is farther away is not followed.", v.All())
	case more > 0:
		return what + fmt.Sprintf(", and %d more come along.", more)
	}
	return what + "."
}

// to leads to the page of a node, if it is here.
func (v dependenciesView) to(n depend.Node) string {
	if !n.Here() {
		return ""
	}
	return pathOf(n.Ref, v.def)
}

// pathOf is the page of a package, def being the default repository.
func pathOf(ref catalog.Ref, def name.Repository) string {
	return ui.PackagePath(ref, ref.Repository == def)
}

// anchor names a package within the tree.
func anchor(ref catalog.Ref) string {
	return "needs-" + strings.Trim(ref.Repository.String()+"."+ref.Name.String(), ".")
}

// app is the application of a requirement where it is not called like the package.
func app(e depend.Edge, n depend.Node) string {
	if e.App == "" || e.App == n.Ref.Name.String() {
		return ""
	}
	return e.App
}

// A remark is what one should know of a dependency.
type remark struct {
	Tone  ui.Tone
	Words string
	Why   string
}

// remarks are those on a requirement, the worst first.
func remarks(e depend.Edge, n depend.Node) (all []remark) {
	switch {
	case !n.Here():
		all = append(all, remark{ui.Caution, "not here", "No package of this name is here for you; it may be on hex.pm."})
	case n.Version.String() == "":
		all = append(all, remark{ui.Bad, "no version", "No version that is here is admitted."})
	case n.Conflict:
		all = append(all, remark{ui.Bad, "disputed", "No version is admitted by all packages that require it."})
	}
	if n.Retired != nil {
		all = append(all, remark{ui.Bad, "retired", strings.TrimSpace("Version " + n.Version.String() + " is retired: " + retired(n.Retired.Reason) + ". " + n.Retired.Message)})
	}
	if e.Outdated {
		all = append(all, remark{ui.Caution, "behind " + n.Latest.String(), "The newest version, " + n.Latest.String() + ", is not admitted."})
	}
	if e.Optional {
		all = append(all, remark{ui.Plain, "optional", "It comes along only where a project asks for it."})
	}
	return all
}

// dependentsPage is how many dependents a page lists, as on hex.pm.
const dependentsPage = 30

// dependentsView is the tab with those who require the package.
type dependentsView struct {
	view
	def    name.Repository
	Found  []depend.Dependent
	Total  int
	Paging ui.Paging
}

func (p *pages) dependents(w http.ResponseWriter, r *http.Request, s *subject) error {
	n, _ := strconv.Atoi(r.URL.Query().Get("page")) // garbage is zero, which means the first
	v := dependentsView{view: p.view(w, r, s, "Dependents"), def: p.Default}
	v.Found, v.Total = s.sight.Dependents(s.Package, n, dependentsPage)
	pages := ui.Pages(v.Total, dependentsPage)
	v.Paging = ui.Paging{Page: min(max(n, 1), max(pages, 1)), Pages: pages, Link: func(n int) string {
		if n == 1 {
			return s.Base() + "/dependents"
		}
		return s.Base() + "/dependents?" + url.Values{"page": {strconv.Itoa(n)}}.Encode()
	}}
	if v.Paging.Page != max(n, 1) {
		v.Found, v.Total = s.sight.Dependents(s.Package, v.Paging.Page, dependentsPage)
	}
	return p.web.Show(w, http.StatusOK, v.show())
}

// private reports whether only some may read the package of a repository.
func (v dependentsView) private(repository name.Repository) bool { return repository != v.def }
