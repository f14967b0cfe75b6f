package etcdlog

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"hexhub/internal/kernel/store"
)

// Status is how an etcd node does, for metrics and diagnosis.
type Status struct {
	Revision store.Revision // this node's newest
	Size     int64          // bytes of the database file
	InUse    int64          // of which hold data; the rest is free pages, until Defragment
	Quota    int64          // bytes that Size may reach
	DiskFree uint64         // bytes free below the data directory; zero when etcd runs elsewhere
	DiskFull bool           // commits are refused for want of disk
	Member   uint64         // this node's id
	Leader   uint64         // the leader's; zero without
	Term     uint64
	Applied  uint64   // raft index
	Learner  bool     // copies, but does not vote yet
	Problems []string // alarms and the lack of a leader, in etcd's words
	External bool     // etcd runs elsewhere, and all this is about one of its members
	Version  string   // etcd's
}

// DiskFull reports whether commits are refused for want of disk. It waits for nothing.
func (l *Log) DiskFull() bool { return l.node != nil && l.node.disk.full.Load() }

// Status asks this node about itself, or an etcd elsewhere about the member that answers first; it needs no quorum.
func (l *Log) Status(ctx context.Context) (Status, error) {
	r, err := l.ask(ctx)
	if err != nil {
		return Status{}, err
	}
	s := Status{
		Revision: store.Revision(r.Header.Revision),
		Size:     r.DbSize, InUse: r.DbSizeInUse, Quota: r.DbSizeQuota,
		Member: r.Header.MemberId, Leader: r.Leader, Term: r.RaftTerm, Applied: r.RaftAppliedIndex,
		Learner: r.IsLearner, Problems: r.Errors, External: l.External(), Version: r.Version,
	}
	if l.node != nil {
		s.DiskFree, s.DiskFull = l.node.disk.left.Load(), l.node.disk.full.Load()
	}
	return s, nil
}

// endpoint names the node that maintenance is about: the first one known. Embedded, there is no other.
func (l *Log) endpoint() string {
	if all := l.client.Endpoints(); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Defragment forgets all history, gives the pages so freed back to the disk and, if that brought the
// database below nine tenths of its quota, lifts the alarm that made the log read-only. Watches and
// readers of the past see ErrCompacted. It blocks this node's commits for a second per few hundred
// megabytes, and needs as much free disk as there is data in use. In a cluster every node is done in turn.
func (l *Log) Defragment(ctx context.Context) error {
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	if _, err := l.client.Compact(ctx, int64(s.Revision), clientv3.WithCompactPhysical()); err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
		return explain("compact", err)
	}
	if err := l.shrink(ctx); err != nil {
		return fmt.Errorf("defragment: %w", err)
	}
	if s, err = l.Status(ctx); err != nil {
		return err
	}
	if s.Size > s.Quota/10*9 {
		return fmt.Errorf("defragment: %d of %d bytes are still used after it: delete rows or raise the quota: %w", s.Size, s.Quota, store.ErrNoSpace)
	}
	return l.disarm(ctx)
}

func (l *Log) shrink(ctx context.Context) error {
	if l.node != nil {
		return l.node.etcd.Server.Backend().Defrag() // the in-process maintenance client cannot
	}
	_, err := l.client.Defragment(ctx, l.endpoint())
	return err
}

// disarm lifts the space alarms. Should a node still be above its quota, it will raise its own anew.
func (l *Log) disarm(ctx context.Context) error {
	list, err := l.client.AlarmList(ctx)
	if err != nil {
		return explain("list alarms", err)
	}
	for _, a := range list.Alarms {
		if a.Alarm != etcdserverpb.AlarmType_NOSPACE {
			continue
		}
		if _, err := l.client.AlarmDisarm(ctx, (*clientv3.AlarmMember)(a)); err != nil {
			return explain("lift alarm", err)
		}
	}
	return nil
}
