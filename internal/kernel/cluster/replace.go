package cluster

import (
	"context"
	"net/http"
	"time"

	"hexhub/internal/kernel/fault"
)

// replace forgets the node whose name the asker has, which has lost its folder, unless that one still answers.
// The caller holds joining.
func (c *Cluster) replace(ctx context.Context, q joinRequest) error {
	for _, n := range members(c.db.Load().View()) {
		if n.Name != q.Name || n.ID == q.ID {
			continue
		}
		if n.ID == c.identity.ID || c.answers(ctx, n) {
			return fault.New(fault.Conflict, "another node is called %s, and is up: give each its own name with --node-name", n.Name)
		}
		all, err := c.etcd.Members(ctx)
		if err != nil {
			return err
		}
		if err := c.mayLearn(all, n.ID, n.Address); err != nil { // its successor could not come in now
			return err
		}
		c.log.Warn("a node comes back without its data; what it was is removed", "name", n.Name, "id", n.ID, "joined", n.Joined)
		if n.Member != 0 {
			if err := c.removeMember(ctx, n.Member); err != nil {
				return err
			}
		}
		if err := c.forget(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// answers reports whether the node that is meant is where its row says, whatever it answers.
func (c *Cluster) answers(ctx context.Context, n Node) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+n.Address+"/cluster/self", nil)
	if err != nil {
		return false
	}
	resp, err := c.client(n.ID).Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return true
}
