package node

// WebRoutes lists the patterns of all that is served to browsers.
func (n *Node) WebRoutes() []string { return n.web().Routes() }
