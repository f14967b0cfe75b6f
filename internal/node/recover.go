package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

const recoveringFile = doctor.RecoveringFile

// A Recovery is what a node would be without the others, which are lost. It holds the data folder until it is
// closed, and has changed nothing of it before Apply.
type Recovery struct {
	Node     string          `json:"node"`
	Revision store.Revision  `json:"revision"`          // the last one that the node has
	At       time.Time       `json:"at,omitzero"`       // of the last deed on record; zero if there is none
	Dropped  []RecoveryOther `json:"dropped"`           // the nodes that are forgotten
	Blobs    int             `json:"blobs"`             // that rows name
	Missing  int             `json:"missing"`           // of them, not on this node's disk; -1 when they lie in a bucket
	Kept     string          `json:"kept,omitempty"`    // folder of the log as it was; empty before Apply
	Resumed  bool            `json:"resumed,omitempty"` // Apply had begun before, and only has to finish
	data     string
	lock     io.Closer
}

// A RecoveryOther is a node that is forgotten.
type RecoveryOther struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Answers bool   `json:"answers"` // something listens there: perhaps it is not lost
}

// answersWithin is for how long it is tried to reach a node that is said to be lost.
const answersWithin = 2 * time.Second

// PlanRecovery makes the log of a cluster of one, beside the one of a node that is stopped, and tells what it holds.
func PlanRecovery(ctx context.Context, c config.Server) (_ *Recovery, err error) {
	r := &Recovery{data: c.Data}
	id, name, err := cluster.Stopped(c.Data)
	if err != nil {
		return nil, err
	}
	r.Node = name
	if _, err := os.Lstat(filepath.Join(c.Data, recoveringFile)); err == nil {
		r.Resumed = true
		return r, nil
	}
	if err := unfinished(c.Data); err != nil {
		return nil, err
	}
	if _, err := os.Stat(r.path("etcd", "member")); err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "there is no store in "+c.Data+" that could be recovered: restore a backup")
	}
	if r.lock, err = etcdlog.Hold(r.path("etcd")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if err := os.RemoveAll(r.path(newLog)); err != nil {
		return nil, fmt.Errorf("begin anew: %w", err)
	}
	if err := etcdlog.Copy(r.path("etcd"), r.path(newLog)); err != nil {
		return nil, err
	}
	log, err := etcdlog.OpenAlone(ctx, etcdlog.Options{
		Dir: r.path(newLog), Name: id, Quota: c.StoreQuota, DiskReserve: uint64(max(c.DiskReserve, 1)), ReadyWithin: time.Minute,
	})
	if err != nil {
		return nil, fmt.Errorf("open what the node has: %w", err)
	}
	return r, errors.Join(r.look(ctx, log, id, c), log.Close())
}

// newLog is the folder beside etcd in which the log of the new cluster is made.
const newLog = "etcd.recovered"

func (r *Recovery) path(parts ...string) string {
	return filepath.Join(append([]string{r.data}, parts...)...)
}

// look takes stock, and has the new log forget the others.
func (r *Recovery) look(ctx context.Context, log *etcdlog.Log, id string, c config.Server) error {
	db, err := store.Open(ctx, log, store.Options{}, tables...)
	if err != nil {
		return fmt.Errorf("load the tables: %w", err)
	}
	defer db.Close()
	r.Revision = db.Revision()
	v := db.View()
	last, _, err := audit.List(ctx, v, "", "", 1)
	if err != nil {
		return fmt.Errorf("read what was done last: %w", err)
	}
	if len(last) > 0 {
		r.At = last[0].At
	}
	if err := r.count(ctx, v, c); err != nil {
		return err
	}
	others, err := cluster.ForgetOthers(ctx, db, id, scrub.Forget)
	if err != nil {
		return err
	}
	if len(others) == 0 {
		return fault.New(fault.Conflict, "%s is a cluster of one already: start it with hexhub serve --data %s", r.Node, r.data)
	}
	var names []string
	for _, n := range others {
		r.Dropped = append(r.Dropped, RecoveryOther{n.Name, n.Address, answers(ctx, n.Address)})
		names = append(names, n.Name)
	}
	return db.Update(ctx, func(tx *store.Tx) error {
		audit.RecordTx(tx, audit.By{Username: "hexhub cluster recover"}, "cluster.recover",
			map[string]any{"node": r.Node, "revision": r.Revision, "dropped": names}, time.Now().UTC().Truncate(time.Microsecond))
		return nil
	})
}

// count counts the blobs that rows name, and those that this disk lacks.
func (r *Recovery) count(ctx context.Context, v *store.View, c config.Server) error {
	named := map[blob.Hash]struct{}{}
	for h := range blobsOf(v) {
		named[h] = struct{}{}
	}
	r.Blobs = len(named)
	if c.BlobS3Endpoint != "" {
		r.Missing = -1
		return nil
	}
	disk, err := blob.OpenDisk(r.path("blobs"))
	if err != nil {
		return fmt.Errorf("open the blobs: %w", err)
	}
	for h := range named {
		if _, err := disk.Stat(ctx, h); errors.Is(err, blob.ErrNotFound) {
			r.Missing++
		}
	}
	return disk.Close()
}

func answers(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{Timeout: answersWithin}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// Apply makes the node a cluster of one: the new log takes the place of the old one, which is kept beside it. When it
// is interrupted no server starts on the folder until it was called again.
func (r *Recovery) Apply() error {
	mark := r.path(recoveringFile)
	f, err := os.OpenFile(mark, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("mark the data folder: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close(), syncFolder(r.data)); err != nil {
		return fmt.Errorf("mark the data folder: %w", err)
	}
	if err := cluster.Refound(r.data); err != nil {
		return err
	}
	if _, err := os.Lstat(r.path(newLog)); err == nil {
		if _, err := os.Lstat(r.path("etcd")); err == nil {
			r.Kept = r.path("etcd.before-" + time.Now().UTC().Format("20060102-150405"))
			if err := os.Rename(r.path("etcd"), r.Kept); err != nil {
				return fmt.Errorf("put the old log aside: %w", err)
			}
		}
		if err := os.Rename(r.path(newLog), r.path("etcd")); err != nil {
			return fmt.Errorf("put the new log in place: %w", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("find the new log: %w", err)
	}
	if err := syncFolder(r.data); err != nil {
		return fmt.Errorf("put the new log in place: %w", err)
	}
	return errors.Join(os.Remove(mark), syncFolder(r.data))
}

// Close lets the folder go. What was planned and not applied is deleted.
func (r *Recovery) Close() error {
	var err error
	if _, begun := os.Lstat(r.path(recoveringFile)); errors.Is(begun, fs.ErrNotExist) {
		err = os.RemoveAll(r.path(newLog))
	}
	if r.lock != nil {
		err = errors.Join(err, r.lock.Close())
	}
	return err
}

// Suspects are the names of the dropped nodes that something answers for.
func (r *Recovery) Suspects() []string {
	var out []string
	for _, o := range r.Dropped {
		if o.Answers {
			out = append(out, o.Name)
		}
	}
	slices.Sort(out)
	return out
}
