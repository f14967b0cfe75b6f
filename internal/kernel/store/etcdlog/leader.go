package etcdlog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"hexhub/internal/kernel/store"
)

// commitWithin bounds how long a commit waits for the other nodes. Between the moment that a node is cut off
// and that at which it knows, which is an election timeout or two, nothing else would but etcd, after seven seconds.
const commitWithin = 3 * time.Second

// led returns ErrNoLeader at once, where etcd would wait for a leader to come; ctx is what to ask with.
func (l *Log) led(ctx context.Context) (context.Context, error) {
	if l.node == nil {
		return clientv3.WithRequireLeader(ctx), nil
	}
	if l.node.etcd.Server.Leader() == 0 {
		return ctx, store.ErrNoLeader
	}
	return ctx, nil
}

// alone reports whether this node is all there is: what it has applied is then all that was ever acknowledged.
func (l *Log) alone() bool { return l.node != nil && len(l.node.etcd.Server.Cluster().Members()) < 2 }

// bounded is ctx for a commit. A lone node waits for nobody but its disk.
func (l *Log) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.alone() {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, commitWithin)
}

// get reads. What was once read at a revision stays so, and needs nobody's consent; what is so now does, if there
// are others.
func (l *Log) get(ctx context.Context, from string, at store.Revision, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	if at > 0 || l.alone() {
		r, err := l.client.Get(ctx, from, append(opts, clientv3.WithSerializable())...)
		if !errors.Is(err, rpctypes.ErrFutureRev) {
			return r, err
		}
		// The node asked, one of an etcd elsewhere, has not come so far.
	}
	ctx, err := l.led(ctx)
	if err != nil {
		return nil, err
	}
	return l.client.Get(ctx, from, opts...)
}

// Election returns what says whether this node is the leader, as far as it knows: one that was paused, or is cut
// off since a moment ago, may be wrong. It returns nil when etcd runs elsewhere, and its leader is none of us.
func (l *Log) Election() (leads func() bool) {
	if l.node == nil {
		return nil
	}
	server := l.node.etcd.Server
	return func() bool { return server.Leader() == server.MemberID() }
}

// Shrink gives the free pages of the database file back to the disk, as Defragment does, and forgets nothing.
func (l *Log) Shrink(ctx context.Context) error {
	if err := l.shrink(ctx); err != nil {
		return fmt.Errorf("shrink: %w", err)
	}
	return nil
}
