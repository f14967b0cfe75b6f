package etcdlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"hexhub/internal/kernel/fault"
)

// OpenAlone opens the log of a node whose others are lost for ever: it forgets them, and commits by itself from
// then on. All that the directory holds stays, also what this node was sent last and had not been told that a
// majority has it; some of that may never have been acknowledged. There is no way back: work on a copy.
func OpenAlone(ctx context.Context, o Options) (*Log, error) {
	self, err := commitTail(zap.NewNop(), filepath.Join(o.Dir, "member", "wal"))
	if err != nil {
		return nil, fmt.Errorf("read the last records in %s: %w", o.Dir, err)
	}
	if wasRemoved(filepath.Join(o.Dir, "member", "snap", "db"), self) {
		return nil, fault.New(fault.Conflict, "the others removed this node while they were there, so it is older than they were and cannot go on without them: recover another node, or restore a backup")
	}
	o.Peers = nil
	o.Configure = func(c *embed.Config) { c.ForceNewCluster = true }
	return Open(ctx, o)
}

// wasRemoved reports whether the member was removed by the others, as its database tells.
func wasRemoved(database string, self types.ID) bool {
	b := backend.NewDefaultBackend(zap.NewNop(), database)
	defer b.Close()
	_, removed := schema.NewMembershipBackend(zap.NewNop(), b).MustReadMembersFromBackend()
	return removed[self]
}

// commitTail marks all records as committed, and returns whose they are. Etcd would drop those of which it does not
// know that they are: since raft writes down with the next record only how far the others agreed, these are the last
// that were acknowledged.
func commitTail(log *zap.Logger, dir string) (self types.ID, err error) {
	snapshots, err := wal.ValidSnapshotEntries(log, dir)
	if errors.Is(err, io.ErrUnexpectedEOF) && wal.Repair(log, dir) { // it died while it wrote
		snapshots, err = wal.ValidSnapshotEntries(log, dir)
	}
	if err != nil {
		return 0, err
	}
	if len(snapshots) == 0 {
		return 0, errors.New("they begin nowhere")
	}
	w, err := wal.Open(log, dir, snapshots[len(snapshots)-1])
	if err != nil {
		return 0, err
	}
	text, state, entries, err := w.ReadAll()
	if errors.Is(err, io.ErrUnexpectedEOF) && w.Close() == nil && wal.Repair(log, dir) {
		return commitTail(log, dir)
	}
	var whose etcdserverpb.Metadata
	if err == nil {
		err = proto.Unmarshal(text, &whose)
	}
	if err == nil && len(entries) > 0 {
		if last := entries[len(entries)-1].GetIndex(); state.GetCommit() < last {
			state.Commit = &last
			err = w.Save(state, nil)
		}
	}
	return types.ID(whose.GetNodeID()), errors.Join(err, w.Close())
}

// Hold takes a directory as Open does, so that no other process opens it until the result is closed.
func Hold(dir string) (io.Closer, error) {
	lock, err := lockDir(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Conflict, err, err.Error())
	}
	return lock, nil
}

// Copy copies the log of a directory that is held to another, which must not be there, and makes it durable.
func Copy(from, to string) error {
	err := filepath.WalkDir(filepath.Join(from, "member"), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case d.Type().IsRegular():
			return copyFile(path, target)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("copy the log: %w", err)
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
