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

// chores keeps house: it forgets what has been kept long enough and sweeps blobs that nothing names.
func (n *Node) chores(ctx context.Context) error {
	wait := time.NewTimer(firstChores)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return nil
		}
		if err := n.Catalog.Forget(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot forget old tombstones; trying again later", "err", err)
		}
		if err := n.Orgs.Forget(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot forget old invitations; trying again later", "err", err)
		}
		if err := n.Accounts.Forget(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot forget old sessions and links; trying again later", "err", err)
		}
		if err := n.Access.Forget(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot forget old keys; trying again later", "err", err)
		}
		if err := n.OAuth.Forget(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot forget what programs asked for in vain; trying again later", "err", err)
		}
		if err := n.Links.Forget(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot forget old short links; trying again later", "err", err)
		}
		if err := limit.Forget(ctx, n.DB); err != nil && ctx.Err() == nil {
			n.log.Error("cannot forget old counts of attempts; trying again later", "err", err)
		}
		if err := n.archive(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot seal old audit entries; trying again later", "err", err)
		}
		if swept, err := n.sweep(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot sweep blobs; trying again later", "err", err)
		} else if swept > 0 {
			n.log.Info("swept blobs that nothing named", "blobs", swept)
		}
		if _, err := n.Mail.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			n.log.Error("cannot forget old letters; trying again later", "err", err)
		}
		if err := n.shrink(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot shrink the store; trying again later", "err", err)
		}
		wait.Reset(choreEvery)
	}
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
