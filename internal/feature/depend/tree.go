package depend

// A Branch is a requirement within the tree of all that comes along.
type Branch struct {
	Edge
	Again    bool // stands at another place with all that it needs
	Branches []Branch
}

// Tree returns what the release requires, and within it what that requires. Each package is taken apart once,
// where it is nearest to the release, and only named elsewhere.
func (r Resolution) Tree() []Branch {
	home := make([]int, len(r.Nodes)) // the node below which a node is taken apart
	for i := range home {
		home[i] = -1
	}
	for i, n := range r.Nodes {
		for _, e := range n.Needs {
			if e.To > 0 && home[e.To] < 0 && r.Nodes[e.To].Depth == n.Depth+1 {
				home[e.To] = i
			}
		}
	}
	return r.branches(0, home)
}

func (r Resolution) branches(of int, home []int) []Branch {
	var all []Branch
	for _, e := range r.Nodes[of].Needs {
		b := Branch{Edge: e, Again: home[e.To] != of}
		if !b.Again {
			home[e.To] = -1 // once, even if it is required twice here
			b.Branches = r.branches(e.To, home)
		}
		all = append(all, b)
	}
	return all
}
