package node

import (
	"context"
	"fmt"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/limit"
)

const (
	choreEvery  = time.Hour
	sweepGrace  = 24 * time.Hour // a blob younger than this may belong to a release that is being published
	shrinkFrom  = 512 << 20
	firstChores = time.Minute // after the start, which has better things to do
)

// A chore is something that is done again and again. One that fails is done again later.
type chore struct {
	what string
	do   func(context.Context) error
}

// houseChores forget what has been kept long enough, and sweep blobs that nothing names.
func (n *Node) houseChores() []chore {
	return []chore{
		{"forget old tombstones", n.Catalog.Forget},
		{"forget old invitations", n.Orgs.Forget},
		{"forget old sessions and links", n.Accounts.Forget},
		{"forget old keys", n.Access.Forget},
		{"forget what programs asked for in vain", n.OAuth.Forget},
		{"forget old short links", n.Links.Forget},
		{"forget old counts of attempts", func(ctx context.Context) error { return limit.Forget(ctx, n.DB) }},
		{"seal old audit entries", n.archive},
		{"sweep blobs", n.sweepAloud},
		{"forget old letters", func(ctx context.Context) error { _, err := n.Mail.Sweep(ctx, time.Now()); return err }},
		{"shrink the store", n.shrink},
	}
}

// chores keeps house until ctx ends.
func (n *Node) chores(ctx context.Context) error {
	wait := time.NewTimer(firstChores)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return nil
		}
		for _, c := range n.houseChores() {
			if err := c.do(ctx); err != nil && ctx.Err() == nil {
				n.log.Error("a chore is not done; trying again later", "chore", c.what, "err", err)
			}
		}
		wait.Reset(choreEvery)
	}
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
// file, or when the quota refuses writes. It makes writes wait meanwhile.
func (n *Node) shrink(ctx context.Context) error {
	if n.Etcd == nil {
		return nil
	}
	s, err := n.Etcd.Status(ctx)
	if err != nil {
		return err
	}
	if len(s.Problems) == 0 && (s.Size < shrinkFrom || s.InUse > s.Size/2) {
		return nil
	}
	return n.Etcd.Defragment(ctx)
}

// sweep deletes the blobs that nothing names, and that were last put before the grace time. A blob put
// again meanwhile stays: its age and its removal are one step of the store.
func (n *Node) sweep(ctx context.Context) (swept int, err error) {
	named := map[tarball.Sum]struct{}{}
	for sum := range catalog.Blobs(n.DB.View(), time.Now()) {
		named[sum] = struct{}{}
	}
	for hash := range audit.Blobs(n.DB.View()) {
		named[tarball.Sum(hash)] = struct{}{}
	}
	old := time.Now().Add(-sweepGrace)
	for info, err := range n.Blobs.Walk(ctx) {
		if err != nil {
			return swept, fmt.Errorf("walk the blobs: %w", err)
		}
		if _, ok := named[tarball.Sum(info.Hash)]; ok || !info.Modified.Before(old) {
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
