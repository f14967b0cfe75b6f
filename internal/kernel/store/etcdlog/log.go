package etcdlog

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Commit implements store.Log as one etcd transaction.
func (l *Log) Commit(ctx context.Context, txn store.Txn) (store.Revision, bool, error) {
	if err := store.CheckTxn(txn); err != nil {
		return 0, false, err
	}
	if err := ctx.Err(); err != nil { // etcd would propose it all the same, and then not wait
		return 0, false, fmt.Errorf("commit: %w", err)
	}
	if len(txn.Ops) > 0 && l.DiskFull() {
		return 0, false, fmt.Errorf("commit: the disk is nearly full: %w", store.ErrNoSpace)
	}
	guards := make([]clientv3.Cmp, len(txn.Guards))
	for i, g := range txn.Guards {
		guards[i] = clientv3.Compare(clientv3.ModRevision(g.Key), "=", int64(g.Revision))
	}
	ops, at := make([]clientv3.Op, len(txn.Ops)), store.Now()
	for i, op := range txn.Ops {
		if op.Delete {
			ops[i] = clientv3.OpDelete(op.Key)
		} else {
			ops[i] = clientv3.OpPut(op.Key, stored(op.Key, op.Value, at))
		}
	}
	ctx, cancel := l.bounded(ctx)
	defer cancel()
	resp, err := l.untilTaken(ctx, func() (*clientv3.TxnResponse, error) {
		ctx, err := l.led(ctx)
		if err != nil {
			return nil, err
		}
		return l.client.Txn(ctx).If(guards...).Then(ops...).Commit()
	})
	if err != nil {
		return 0, false, explain("commit", err)
	}
	l.heard(resp.Header.Revision)
	return store.Revision(resp.Header.Revision), resp.Succeeded, nil
}

// Range implements store.Log.
func (l *Log) Range(ctx context.Context, from, to string, at store.Revision, limit int) (store.Page, error) {
	from = max(from, "\x00") // etcd has no empty key, and means other things by an empty bound
	if to <= from {
		from, to = "\x01", "\x01" // holds no key
	}
	resp, err := l.get(ctx, from, at, clientv3.WithRange(to), clientv3.WithRev(int64(at)), clientv3.WithLimit(int64(limit)))
	if err != nil {
		return store.Page{}, explain("range", err)
	}
	p := store.Page{At: at, More: resp.More, Records: make([]store.Record, len(resp.Kvs))}
	if at == 0 {
		p.At = store.Revision(resp.Header.Revision)
		l.heard(resp.Header.Revision)
	}
	for i, kv := range resp.Kvs {
		if p.Records[i], err = record(kv.Key, kv.Value, kv.ModRevision); err != nil {
			return store.Page{}, explain("range", err)
		}
	}
	return p, nil
}

// Compact implements store.Log.
func (l *Log) Compact(ctx context.Context, before store.Revision) error {
	_, err := l.client.Compact(ctx, int64(before))
	return explain("compact", err)
}

// explain wraps an error of etcd's so that callers need not know etcd.
func explain(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, rpctypes.ErrNoSpace):
		return fmt.Errorf("%s: the quota is used up: %w", doing, store.ErrNoSpace)
	case errors.Is(err, rpctypes.ErrNoLeader), dropped(err): // told before anything was done
		return fmt.Errorf("%s: %w", doing, store.ErrNoLeader)
	case errors.Is(err, rpctypes.ErrCompacted):
		return fmt.Errorf("%s: %w", doing, store.ErrCompacted)
	}
	code := status.Code(err) // of one that never came to an etcd elsewhere
	if e, ok := errors.AsType[rpctypes.EtcdError](err); ok {
		code = e.Code()
	}
	if code == codes.Unavailable || code == codes.ResourceExhausted {
		return fault.Wrap(fault.Unavailable, fmt.Errorf("%s: %w", doing, err), "the server cannot reach enough of its nodes, or is overloaded: try again")
	}
	return fmt.Errorf("%s: %w", doing, err)
}
