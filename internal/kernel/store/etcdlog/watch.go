package etcdlog

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"

	"hexhub/internal/kernel/store"
)

var errClosed = errors.New("log is closed")

// watchBatch is about how many changes are handed on at once by a watch that is behind.
const watchBatch = 4096

// Watch implements store.Log. Any interruption ends it with an error, and the caller watches again
// from where it was: nothing is lost in between, or ErrCompacted says that it was.
func (l *Log) Watch(ctx context.Context, after store.Revision, apply func([]store.Change, store.Revision) error) error {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	var through atomic.Int64
	if l.External() { // where one who is cut off would else be quiet, and others commit as well
		watching = clientv3.WithRequireLeader(watching)
		var urging sync.WaitGroup
		urging.Go(func() { l.urge(watching, func(newest int64) bool { return newest > through.Load() }) })
		defer urging.Wait()
		defer cancel()
	}
	responses := l.client.Watch(watching, "\x00", clientv3.WithFromKey(), clientv3.WithRev(int64(after+1)), clientv3.WithProgressNotify())
	queue := make(chan clientv3.WatchResponse, 256)
	go func() {
		defer close(queue)
		for r := range responses {
			select {
			case queue <- r:
			case <-watching.Done():
			}
		}
	}()
	for r := range queue {
		var b batch
		err := b.add(r)
		for more := true; more && err == nil && len(b.changes) < watchBatch; {
			select {
			case r, ok := <-queue:
				if more = ok; ok {
					err = b.add(r)
				}
			default:
				more = false
			}
		}
		if b.through > 0 {
			if err := apply(b.changes, b.through); err != nil {
				return err
			}
			through.Store(int64(b.through))
		}
		if err != nil {
			return explain("watch", err)
		}
	}
	select {
	case <-l.closed:
		return errClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.New("watch: etcd ended the stream")
}

// A batch gathers whole revisions.
type batch struct {
	changes []store.Change
	through store.Revision
}

func (b *batch) add(r clientv3.WatchResponse) error {
	if err := r.Err(); err != nil {
		return err
	}
	if r.IsProgressNotify() {
		b.through = max(b.through, store.Revision(r.Header.Revision))
		return nil
	}
	for _, e := range r.Events {
		c := store.Change{Record: store.Record{Key: string(e.Kv.Key), Revision: store.Revision(e.Kv.ModRevision)}}
		switch e.Type {
		case clientv3.EventTypePut:
			var err error
			if c.Record, err = record(e.Kv.Key, e.Kv.Value, e.Kv.ModRevision); err != nil {
				return err
			}
		case clientv3.EventTypeDelete:
			c.Deleted = true
		default:
			return fmt.Errorf("unknown event %v at revision %d", e.Type, e.Kv.ModRevision)
		}
		b.changes = append(b.changes, c)
		b.through = c.Revision // the header names the server's revision, which may be ahead of this
	}
	return nil
}
