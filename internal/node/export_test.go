package node

import "context"

// WebRoutes lists the patterns of all that is served to browsers.
func (n *Node) WebRoutes() []string { return n.web(n.operator()).Routes() }

// HouseChores are the chores of whoever leads, by what they do.
func (n *Node) HouseChores() map[string]func(context.Context) error {
	out := map[string]func(context.Context) error{}
	for _, c := range n.houseChores() {
		out[c.what] = c.do
	}
	return out
}
