package cluster

import (
	"context"
	"maps"
	"slices"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A drainage is which nodes are drained: they go on answering, but nothing new is to be laid on them. There is
// one row of it, so that of two who drain at once the second sees what the first did.
type drainage struct {
	Since map[string]time.Time `json:"since"` // by id of the node
}

const theDrainage = "cluster"

var drainages = store.NewTable("node-drain", func(drainage) string { return theDrainage })

// drained reports whether the node with the id is drained.
func drained(r store.Reader, id string) bool {
	d, _ := drainages.Get(r, theDrainage)
	_, ok := d.Since[id]
	return ok
}

// Drained reports whether this node is drained. It is safe before Attach, when nobody knows.
func (c *Cluster) Drained() bool {
	db := c.db.Load()
	return db != nil && drained(db.View(), c.identity.ID)
}

// Drainable finds a node and says why it cannot be drained. It also lists the nodes that would be left to do what
// it does no more.
func (c *Cluster) Drainable(ctx context.Context, who string) (m Member, rest []Member, err error) {
	m, all, err := c.Member(ctx, who)
	if err != nil {
		return m, nil, err
	}
	v := c.db.Load().View()
	rest = slices.DeleteFunc(all, func(o Member) bool {
		return o.ID == m.ID || o.Role != roleLeader && o.Role != roleFollower || o.State != stateUp || drained(v, o.ID)
	})
	switch {
	case m.State == stateDown:
		return m, rest, fault.New(fault.Unavailable, "%s does not answer, so load balancers leave it already: start it first, or if it is gone for good: hexhub cluster remove %s", m.Name, m.Name)
	case len(rest) == 0:
		return m, rest, errLastNode(m.Name)
	}
	return m, rest, nil
}

func errLastNode(name string) error {
	return fault.New(fault.Conflict, "no other node would be left to do the work of %s: start one, or take one back with hexhub cluster undrain", name)
}

// Drain lays nothing new on a node, named or by id: it gives up the leadership within a second or two, and is told
// to in every other respect by what asks for Drained.
func (c *Cluster) Drain(ctx context.Context, who string) error {
	m, rest, err := c.Drainable(ctx, who)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	return c.db.Load().Update(ctx, func(tx *store.Tx) error {
		d, _ := drainages.Get(tx, theDrainage)
		if _, ok := nodes.Get(tx, m.ID); !ok {
			return noNode(who)
		}
		if _, already := d.Since[m.ID]; already {
			return nil
		}
		if !slices.ContainsFunc(rest, func(o Member) bool { return d.Since[o.ID].IsZero() }) {
			return errLastNode(m.Name)
		}
		since := map[string]time.Time{m.ID: now}
		maps.Copy(since, d.Since)
		drainages.Put(tx, drainage{since})
		return nil
	})
}

// Undrain takes a node back, named or by id. One that is not drained stays what it is.
func (c *Cluster) Undrain(ctx context.Context, who string) (Node, error) {
	n, err := find(members(c.db.Load().View()), who)
	if err != nil {
		return n, err
	}
	return n, c.db.Load().Update(ctx, func(tx *store.Tx) error {
		undrainTx(tx, n.ID)
		return nil
	})
}

// undrainTx forgets that a node is drained.
func undrainTx(tx *store.Tx, id string) {
	d, _ := drainages.Get(tx, theDrainage)
	if _, ok := d.Since[id]; !ok {
		return
	}
	since := maps.Clone(d.Since)
	delete(since, id)
	drainages.Put(tx, drainage{since})
}
