package cluster

import (
	"cmp"
	"slices"
	"time"

	"hexhub/internal/kernel/store"
)

// A Node is the row of one member, which the member writes itself.
type Node struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Address string    `json:"address,omitempty"` // HOST:PORT of its cluster port; empty for a lone node without one
	Key     []byte    `json:"key"`               // whoever can sign with it is the node
	Member  uint64    `json:"member,omitempty"`  // what the log calls it; zero until it is known there
	Version string    `json:"version"`
	Joined  time.Time `json:"joined"`
}

// An invitation lets one node join, once. Only who has the secret can name the row.
type invitation struct {
	Hash    string    `json:"hash"`
	Expires time.Time `json:"expires"`
	UsedBy  string    `json:"used_by,omitempty"` // id of the node, which may come back with it
}

var (
	nodes       = store.NewTable("node", func(n Node) string { return n.ID })
	invitations = store.NewTable("node-invitation", func(i invitation) string { return i.Hash })
)

// Tables are the tables of this package.
var Tables = store.Schema{nodes, invitations, drainages}

// members lists all nodes by name.
func members(v *store.View) []Node {
	return slices.SortedFunc(nodes.All(v), func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
}
