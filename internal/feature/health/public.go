package health

import "fmt"

// Public is what everybody may know of how the registry does: no name, no address, no reason.
type Public struct {
	State    string `json:"state"` // healthy, degraded or read-only
	Sentence string `json:"sentence"`
	Reads    bool   `json:"reads"`  // packages can be fetched
	Writes   bool   `json:"writes"` // packages can be published
	Nodes    []Word `json:"nodes"`
}

// A Word is the state of a node whose name is not told.
type Word struct {
	State string `json:"state"` // as in Node
}

// Public says how the whole does, to whom nothing more is to be told.
func (r Report) Public() Public {
	p := Public{State: r.State, Reads: true, Writes: r.State != ReadOnly, Nodes: []Word{}}
	well := 0
	for _, n := range r.Nodes {
		p.Nodes = append(p.Nodes, Word{n.State})
		if n.State == Healthy {
			well++
		}
	}
	switch {
	case !p.Writes:
		p.Sentence = "Read-only: packages can be fetched, and nothing can be published at this moment."
	case r.State == Healthy:
		p.Sentence = "All is well: packages can be fetched and published."
	case len(p.Nodes) == 1:
		p.Sentence = "Packages can be fetched and published, but not all is well."
	default:
		p.Sentence = fmt.Sprintf("Packages can be fetched and published. %d of %d nodes are well; they do the work of the others.", well, len(p.Nodes))
	}
	return p
}
