package etcdlog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// commitWithin bounds how long a commit waits for the other nodes. Between the moment that a node is cut off
// and that at which it knows, which is an election timeout or two, nothing else would but etcd, after seven seconds.
const commitWithin = 3 * time.Second

// takenWithin is for how long a commit waits that nobody takes. A leader that hands over is followed by another in
// a few milliseconds; a node that is cut off should say so at once.
const takenWithin = 250 * time.Millisecond

// moveWithin is for how long the leader waits for its successor; it gives up by itself after an election timeout.
const moveWithin = 2 * time.Second

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
	if !l.External() {
		return l.getNow(ctx, from, at, opts...)
	}
	waiting, cancel := context.WithTimeout(ctx, readWithin) // a client waits for ever
	defer cancel()
	r, err := l.getNow(waiting, from, at, opts...)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		err = fault.Wrap(fault.Unavailable, err, "the server does not reach the etcd that keeps its rows: try again")
	}
	return r, err
}

func (l *Log) getNow(ctx context.Context, from string, at store.Revision, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
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

// dropped reports whether the error says that there was nobody to take a commit: no leader, or one that is handing
// over. Nothing was done then. Etcd has no name for it on its way through a client but raft's own words.
func dropped(err error) bool {
	return err != nil && strings.HasSuffix(err.Error(), "raft proposal dropped")
}

// untilTaken commits again and again while nobody takes it, which is over in a moment when a leader hands over.
func (l *Log) untilTaken(ctx context.Context, commit func() (*clientv3.TxnResponse, error)) (r *clientv3.TxnResponse, err error) {
	for limit := time.Now().Add(takenWithin); ; {
		r, err = commit()
		if !dropped(err) && !errors.Is(err, store.ErrNoLeader) || time.Now().After(limit) {
			return r, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(takenWithin / 50):
		}
	}
}

// MoveLeader has another member lead from now on, whoever leads now: that one lets it catch up, and then has it
// elected without waiting for any time-out. Commits on the leader's node wait meanwhile; those of other nodes that
// are on their way to it may fail as they do in an election. It is for embedded logs only.
func (l *Log) MoveLeader(ctx context.Context, to uint64) error {
	server := l.node.etcd.Server
	from := uint64(server.Leader())
	if from == 0 {
		return fmt.Errorf("move the leadership: %w", store.ErrNoLeader)
	}
	ctx, cancel := context.WithTimeout(ctx, moveWithin)
	defer cancel()
	if err := server.MoveLeader(ctx, from, to); err != nil {
		return fault.Wrap(fault.Unavailable, fmt.Errorf("move the leadership: %w", err),
			"the node did not take over: it is cut off from the leader, or far behind it; nothing was changed")
	}
	return nil
}

// Shrink gives the free pages of the database file back to the disk, as Defragment does, and forgets nothing.
func (l *Log) Shrink(ctx context.Context) error {
	if err := l.shrink(ctx); err != nil {
		return fmt.Errorf("shrink: %w", err)
	}
	return nil
}
