package node

import (
	"context"
	"fmt"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/roster"
)

const (
	choreEvery   = time.Hour
	sweepGrace   = 24 * time.Hour // a blob younger than this may belong to a release that is being published
	shrinkFrom   = 512 << 20
	shrinkWithin = 10 * time.Minute
	firstChores  = time.Minute // after the start, which has better things to do
)

// A chore is something that is done again and again. One that fails is done again later.
type chore struct {
	what string
	do   func(context.Context) error
}

// houseChores forget what has been kept long enough. They are the leader's, for all nodes have the same rows: what
// they write is fenced by its term.
func (n *Node) houseChores() []chore {
	chores := []chore{
		{"raise the level", n.raise},
		{"forget old tombstones", n.Catalog.Forget},
		{"forget old invitations", n.Orgs.Forget},
		{"forget old sessions and links", n.Accounts.Forget},
		{"forget old keys", n.Access.Forget},
		{"forget what programs asked for in vain", n.OAuth.Forget},
		{"forget ways into private documentation", n.Passes.Forget},
		{"forget old short links", n.Links.Forget},
		{"forget old counts of attempts", func(ctx context.Context) error { return limit.Forget(ctx, n.DB) }},
		{"seal old audit entries", n.archive},
		{"forget old letters", func(ctx context.Context) error { _, err := n.Mail.Sweep(ctx, time.Now()); return err }},
	}
	if n.external() {
		chores = append(chores, chore{"forget nodes that are gone", func(ctx context.Context) error { return roster.Forget(ctx, n.DB, time.Now()) }})
	}
	if n.bucket != nil {
		chores = append(chores, chore{"sweep blobs", n.sweepAloud}) // of the one bucket
	}
	return chores
}

// ownChores are every node's, for its own disk.
func (n *Node) ownChores() []chore {
	chores := []chore{{"shrink the store", n.shrink}}
	if n.bucket == nil {
		chores = append(chores, chore{"sweep blobs", n.sweepAloud})
	}
	return chores
}

// keepHouse does the chores of the house for as long as this node leads.
func (n *Node) keepHouse(ctx context.Context) { n.again(ctx, 0, n.houseChores()) }

// keepOwn does the node's own chores until ctx ends.
func (n *Node) keepOwn(ctx context.Context) error {
	n.again(ctx, firstChores, n.ownChores())
	return nil
}

// again does the chores again and again until ctx ends.
func (n *Node) again(ctx context.Context, first time.Duration, chores []chore) {
	wait := time.NewTimer(first)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return
		}
		for _, c := range chores {
			if err := c.do(ctx); err != nil && ctx.Err() == nil {
				n.log.Error("a chore is not done; trying again later", "chore", c.what, "err", err)
			}
		}
		wait.Reset(choreEvery)
	}
}

// raise has the rooms write what all nodes understand by now.
func (n *Node) raise(ctx context.Context) error {
	nodes := n.members(ctx)
	if nodes == 0 {
		return nil // it could not be told how many there are
	}
	before := level.Of(n.DB.View())
	now, err := level.Raise(ctx, n.DB, nodes)
	if err == nil && now > before {
		n.log.Info("all nodes run a newer version; there is no way back to the one before", "level", now)
	}
	return err
}

func (n *Node) sweepAloud(ctx context.Context) error {
	swept, err := n.sweep(ctx)
	if err == nil && swept > 0 {
		n.log.Info("swept blobs that nothing named", "blobs", swept)
	}
	return err
}

// archive moves audit entries into segments that are older than the setting says, a few at a time.
func (n *Node) archive(ctx context.Context) error {
	text, _ := n.Settings.Value(n.DB.View(), auditHot)
	age, err := parseHot(text)
	if err != nil || age == 0 {
		return err
	}
	made, err := n.Audit.Archive(ctx, time.Now().Add(-age))
	if made > 0 {
		n.log.Info("sealed old audit entries", "segments", made)
	}
	return err
}

// shrink gives back what the store's file holds without need, once that is more than half of a large
// file, or when the quota refuses writes. It makes the node's writes wait meanwhile, so nodes do it one after the
// other, and the leader when it has been due for a round, after the others.
func (n *Node) shrink(ctx context.Context) error {
	if n.Etcd == nil || n.external() { // whose room and history are for those to look after who run it
		return nil
	}
	s, err := n.Etcd.Status(ctx)
	if err != nil {
		return err
	}
	full, others := s.Leader != 0 && len(s.Problems) > 0, n.members(ctx) > 1
	switch {
	case !full && (s.Size < shrinkFrom || s.InUse > s.Size/2):
		n.shrinkDue = false
		return nil
	case full || !others: // history has to go, too
		return n.Etcd.Defragment(ctx)
	case s.Leader == s.Member && !n.shrinkDue:
		n.shrinkDue = true
		return nil
	}
	n.shrinkDue = false
	return n.Lead.InTurn(ctx, "shrink the store", shrinkWithin, n.Etcd.Shrink)
}

// sweep deletes the blobs that nothing names, and that were last put before the grace time. A blob put
// again meanwhile stays: its age and its removal are one step of the store.
func (n *Node) sweep(ctx context.Context) (swept int, err error) {
	if err := n.DB.Fresh(ctx); err != nil {
		return 0, err // what names them may not be known here yet
	}
	named := map[blob.Hash]struct{}{}
	for h := range n.namedBlobs() {
		named[h] = struct{}{}
	}
	old := time.Now().Add(-sweepGrace)
	for info, err := range n.Blobs.Walk(ctx) {
		if err != nil {
			return swept, fmt.Errorf("walk the blobs: %w", err)
		}
		if _, ok := named[info.Hash]; ok || !info.Modified.Before(old) {
			continue
		}
		gone, err := n.Blobs.Delete(ctx, info.Hash, old)
		if err != nil {
			return swept, fmt.Errorf("delete blob %s: %w", info.Hash, err)
		}
		if gone {
			swept++
		}
	}
	return swept, nil
}
