package depend

import (
	"cmp"
	"maps"
	"slices"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
)

// The bounds of what is followed. No release on hex.pm comes near them.
const (
	MaxNodes = 500 // packages, the release itself included
	MaxDepth = 32  // steps from the release
)

// A Resolution is a release with all that comes along with it.
type Resolution struct {
	Nodes  []Node // the release itself first, then by distance from it and in the order of requirements
	Direct int    // how many requirements the release has
	Cut    bool   // there is more, beyond MaxNodes or MaxDepth
}

// All is how many packages come along, those that the release names itself included.
func (r Resolution) All() int { return len(r.Nodes) - 1 }

// A Node is one package of a resolution.
type Node struct {
	Ref      catalog.Ref         // without a repository when the package is not here
	Version  version.Version     // that was chosen; zero when the package is not here or no version is admitted
	Latest   version.Version     // the newest there is, stable preferred; zero when the package is not here
	Retired  *catalog.Retirement // of the chosen version
	Conflict bool                // no version is admitted by all who require the package
	Depth    int                 // steps from the release, on the shortest way
	Needs    []Edge              // what the chosen version requires, as far as it is among the nodes
}

// Here reports whether the package is here for the viewer.
func (n Node) Here() bool { return n.Latest != version.Version{} }

// An Edge is a requirement.
type Edge struct {
	To          int // the node that is required
	Requirement string
	App         string
	Optional    bool // brings nothing along
	Outdated    bool // does not admit the newest version
}

// How often versions are chosen anew because other choices brought other requirements: first by what was met
// in the last round, then by all that was ever met, which ends nearly always at once.
const (
	freeRounds = 4
	maxRounds  = 8
)

// maxRequirements is how many different requirements of one package are held to, the nearest.
const maxRequirements = 32

// Resolve follows the requirements of a release that the viewer may read.
func (s *Sight) Resolve(root catalog.Release) Resolution {
	w := walk{s: s, root: root, met: map[catalog.Ref][]string{}, known: map[catalog.Ref]candidate{}}
	for round := 0; ; round++ {
		before := w.met
		w.step()
		if round >= freeRounds {
			w.met = union(before, w.met)
		}
		if round == maxRounds || maps.EqualFunc(before, w.met, slices.Equal[[]string]) {
			return w.resolution()
		}
	}
}

func union(a, b map[catalog.Ref][]string) map[catalog.Ref][]string {
	sum := maps.Clone(a)
	for ref, texts := range b {
		for _, text := range texts {
			sum[ref] = with(slices.Clip(sum[ref]), text)
		}
	}
	return sum
}

// with returns the requirements with one more, unless it is among them or they are many.
func with(requirements []string, text string) []string {
	if len(requirements) >= maxRequirements || slices.Contains(requirements, text) {
		return requirements
	}
	return append(requirements, text)
}

// A walk goes through all that a release brings along, again until nothing changes any more.
type walk struct {
	s     *Sight
	root  catalog.Release
	met   map[catalog.Ref][]string // the requirements of the last round by package, the nearest first
	known map[catalog.Ref]candidate

	nodes    []Node
	releases []catalog.Release // of nodes
	index    map[catalog.Ref]int
	brought  int // how many nodes come along; those behind are only named by the release, as optional
	cut      bool
}

// A candidate is what is known of a package, whatever is required of it.
type candidate struct {
	latest version.Version
	all    []catalog.Release // ascending; read only when the newest will not do
}

// step walks once, choosing by the requirements of the last round and those met so far in this one.
func (w *walk) step() {
	before, met := w.met, map[catalog.Ref][]string{}
	w.nodes, w.releases, w.index, w.cut = nil, nil, map[catalog.Ref]int{}, false
	w.add(w.root.Ref(), w.root, Node{Version: w.root.Version, Latest: w.latest(w.root.Ref()), Retired: w.root.Retirement})
	reach := func(ref catalog.Ref, from int) {
		if _, there := w.index[ref]; there {
			return
		}
		if len(w.nodes) >= MaxNodes || w.nodes[from].Depth >= MaxDepth {
			w.cut = true
			return
		}
		all := before[ref]
		if len(all) == 0 {
			all = met[ref]
		}
		n, release := w.choose(ref, all)
		n.Depth = w.nodes[from].Depth + 1
		w.add(ref, release, n)
	}
	for i := 0; i < len(w.nodes); i++ {
		for _, q := range w.releases[i].Requirements {
			ref := w.seen(q.Ref())
			met[ref] = with(met[ref], q.Requirement)
			if !q.Optional {
				reach(ref, i)
			}
		}
	}
	w.brought = len(w.nodes)
	for _, q := range w.root.Requirements {
		reach(w.seen(q.Ref()), 0)
	}
	w.met = met
}

func (w *walk) add(ref catalog.Ref, r catalog.Release, n Node) {
	n.Ref = ref
	w.index[ref] = len(w.nodes)
	w.nodes, w.releases = append(w.nodes, n), append(w.releases, r)
}

// seen is the package as the viewer sees it: without a repository when it is not here for him.
func (w *walk) seen(ref catalog.Ref) catalog.Ref {
	if w.latest(ref) == (version.Version{}) {
		return catalog.Ref{Name: ref.Name}
	}
	return ref
}

func (w *walk) latest(ref catalog.Ref) version.Version {
	c, asked := w.known[ref]
	if !asked {
		p, _ := w.s.Package(ref)
		c.latest = p.Summary.Newest()
		w.known[ref] = c
	}
	return c.latest
}

// choose picks the version of a package that all requirements admit, or else the nearest one.
func (w *walk) choose(ref catalog.Ref, requirements []string) (Node, catalog.Release) {
	n := Node{Latest: w.latest(ref)}
	if !n.Here() {
		return n, catalog.Release{}
	}
	r, ok := w.pick(ref, requirements)
	if !ok && len(requirements) > 1 {
		n.Conflict = true
		r, ok = w.pick(ref, requirements[:1])
	}
	if ok {
		n.Version, n.Retired = r.Version, r.Retirement
	}
	return n, r
}

func (w *walk) pick(ref catalog.Ref, requirements []string) (best catalog.Release, ok bool) {
	parsed := make([]version.Requirement, 0, len(requirements))
	for _, text := range requirements {
		r, err := version.ParseRequirement(text)
		if err != nil {
			return best, false
		}
		parsed = append(parsed, r)
	}
	good := func(v version.Version) bool {
		return !slices.ContainsFunc(parsed, func(r version.Requirement) bool { return !r.Match(v, true) })
	}
	c := w.known[ref]
	if good(c.latest) && !c.latest.IsPre() {
		if r, there := catalog.GetRelease(w.s.view, ref, c.latest); there && r.Retirement == nil {
			return r, true
		}
	}
	if c.all == nil {
		c.all = catalog.Releases(w.s.view, ref)
		w.known[ref] = c
	}
	for _, r := range slices.Backward(c.all) {
		if !good(r.Version) || ok && doubts(r) >= doubts(best) {
			continue
		}
		if best, ok = r, true; doubts(r) == 0 {
			break
		}
	}
	return best, ok
}

// doubts is what speaks against choosing a release, however new it is.
func doubts(r catalog.Release) (n int) {
	if r.Version.IsPre() {
		n += 2
	}
	if r.Retirement != nil {
		n++
	}
	return n
}

// resolution returns what the last round found, the nearest first, with the requirements between its packages.
func (w *walk) resolution() Resolution {
	order := make([]int, len(w.nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(w.nodes[a].Depth, w.nodes[b].Depth) })
	nodes := make([]Node, len(order))
	for place, i := range order {
		nodes[place] = w.nodes[i]
		w.index[w.nodes[i].Ref] = place
	}
	for place, i := range order {
		if i >= w.brought {
			continue
		}
		for _, q := range w.releases[i].Requirements {
			to, there := w.index[w.seen(q.Ref())]
			if !there {
				continue
			}
			nodes[place].Needs = append(nodes[place].Needs, Edge{
				To: to, Requirement: q.Requirement, App: q.App, Optional: q.Optional,
				Outdated: nodes[to].Here() && !admits(q.Requirement, nodes[to].Latest),
			})
		}
	}
	return Resolution{Nodes: nodes, Direct: len(w.root.Requirements), Cut: w.cut}
}
