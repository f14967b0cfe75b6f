package depend

// MaxBranches is how many branches a tree has at most.
const MaxBranches = 2000

// A Branch is a requirement within the tree of all that comes along.
type Branch struct {
	Edge
	Again    bool // stands at another place with all that it needs
	Branches []Branch
}

// Tree returns what the release requires, and within it what that requires. Each package is taken apart once,
// where it is nearest to the release, and only named elsewhere. It reports whether there is more, beyond
// MaxBranches.
func (r Resolution) Tree() (all []Branch, cut bool) {
	t := tree{r: r, home: make([]int, len(r.Nodes)), left: MaxBranches}
	for i := range t.home {
		t.home[i] = nowhere
	}
	for i, n := range r.Nodes {
		for _, e := range n.Needs {
			if e.To > 0 && t.home[e.To] == nowhere && r.Nodes[e.To].Depth == n.Depth+1 {
				t.home[e.To] = i
			}
		}
	}
	all = t.branches(0)
	return all, t.left < 0
}

// nowhere is the home of the release itself, and of what has been taken apart.
const nowhere = -1

type tree struct {
	r    Resolution
	home []int // the node below which each node is taken apart
	left int   // how many branches there may still be
}

func (t *tree) branches(of int) []Branch {
	var all []Branch
	for _, e := range t.r.Nodes[of].Needs {
		if t.left--; t.left < 0 {
			break
		}
		b := Branch{Edge: e, Again: t.home[e.To] != of}
		if !b.Again {
			t.home[e.To] = nowhere // once, even if it is required twice here
			b.Branches = t.branches(e.To)
		}
		all = append(all, b)
	}
	return all
}
