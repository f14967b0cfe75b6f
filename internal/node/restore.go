package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/pass"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/lead"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/roster"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// notRestored are the tables of which nothing comes back: what lets somebody in for a while or once, what was
// counted of attempts, and what belongs to the nodes of the server that was.
func notRestored(table string) bool { return slices.Contains(lost, table) }

var lost = slices.Concat(
	account.Transient.Names(), oauth.Transient.Names(), org.Transient.Names(), pass.Transient.Names(), limit.Tables.Names(),
	lead.Tables.Names(), backup.Tables.Names(), scrub.Tables.Names(), roster.Tables.Names(),
	[]string{"level", "node", "node-invitation", "node-drain"},
)

// Restored says what was restored, and what is otherwise than it was.
type Restored struct {
	Set      string           `json:"set"`
	Revision store.Revision   `json:"revision"` // of the server that was backed up
	At       time.Time        `json:"at"`
	Rows     map[string]int64 `json:"rows"`    // by table
	Dropped  map[string]int64 `json:"dropped"` // rows that did not come back, by table
	Blobs    int              `json:"blobs"`
	Lost     []string         `json:"lost,omitempty"`         // blobs that the backup does not have, or not whole
	Keys     []string         `json:"keys_revoked,omitempty"` // were revoked since, and are so again
	Users    account.Settled  `json:"users"`
}

// Restore brings a planned moment back into an empty data folder, as another cluster of one node. The folder
// cannot be served before all is there. The secret key is that of the server that was.
func Restore(ctx context.Context, c config.Server, set *backup.Set, p *backup.Plan, secret []byte) (Restored, error) {
	out := Restored{Set: p.Set, Revision: p.Revision, At: p.At}
	mark, err := claimFolder(c.Data)
	if err != nil {
		return out, err
	}
	if err := seal.Install(filepath.Join(c.Data, "secret.key"), secret); err != nil {
		return out, err
	}
	log, err := etcdlog.Open(ctx, etcdlog.Options{Dir: filepath.Join(c.Data, "etcd"), Quota: c.StoreQuota, DiskReserve: uint64(max(c.DiskReserve, 1))})
	if err != nil {
		return out, fmt.Errorf("make the store: %w", err)
	}
	err = out.fillAll(ctx, c, log, set, p)
	if err := errors.Join(err, log.Close()); err != nil {
		return out, err
	}
	return out, errors.Join(os.Remove(mark), syncFolder(c.Data))
}

// fillAll brings rows into the log, and blobs to where the configuration has them: into the bucket, or onto the disk.
func (out *Restored) fillAll(ctx context.Context, c config.Server, log store.Log, set *backup.Set, p *backup.Plan) error {
	disk, err := blob.OpenDisk(filepath.Join(c.Data, "blobs"))
	if err != nil {
		return err
	}
	bucket, err := openBucket(c, disk, slog.New(slog.DiscardHandler))
	if err != nil {
		return errors.Join(err, disk.Close())
	}
	blobs := blob.Store(disk)
	if bucket != nil {
		blobs = bucket
	}
	return errors.Join(out.fill(ctx, log, blobs, set, p), disk.Close())
}

// claimFolder makes the data folder, which must be empty or left behind by a restoring that was not finished,
// and marks it.
func claimFolder(data string) (mark string, err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	entries, err := os.ReadDir(data)
	if err != nil {
		return "", fmt.Errorf("look at the data folder: %w", err)
	}
	mark = filepath.Join(data, restoringFile)
	again := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == restoringFile })
	for _, e := range entries {
		switch {
		case e.Name() == "lost+found", e.Name() == restoringFile:
		case !again:
			return "", fault.New(fault.Conflict, "the data folder %s is not empty: name another with --data, or move it aside first", data)
		default:
			if err := os.RemoveAll(filepath.Join(data, e.Name())); err != nil {
				return "", fmt.Errorf("begin anew: %w", err)
			}
		}
	}
	f, err := os.OpenFile(mark, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("mark the data folder: %w", err)
	}
	return mark, errors.Join(f.Sync(), f.Close(), syncFolder(data))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// fill brings everything into the new folder.
func (out *Restored) fill(ctx context.Context, log store.Log, blobs blob.Store, set *backup.Set, p *backup.Plan) error {
	var err error
	if out.Dropped, err = p.Load(ctx, log, notRestored); err != nil {
		return err
	}
	seen := map[blob.Hash]struct{}{}
	for h, err := range backup.Named(ctx, log, RowBlobs, time.Now()) {
		if err != nil {
			return err
		}
		if _, again := seen[h]; again {
			continue
		}
		seen[h] = struct{}{}
		switch _, err := set.PutBlob(ctx, blobs, h); {
		case errors.Is(err, blob.ErrNotFound), errors.Is(err, blob.ErrCorrupt):
			out.Lost = append(out.Lost, h.String())
		case err != nil:
			return err
		default:
			out.Blobs++
		}
	}
	return out.settle(ctx, log, p)
}

// settle makes safe what came back, and writes down that it did.
func (out *Restored) settle(ctx context.Context, log store.Log, p *backup.Plan) error {
	tracked := slices.Concat([]string{account.Users.Name()}, access.Lasting.Names())
	since, err := p.Since(ctx, func(table string) bool { return slices.Contains(tracked, table) })
	if err != nil {
		return err
	}
	later := map[string]map[string][]byte{}
	for key, c := range since {
		table, path, _ := strings.Cut(key, "/")
		if later[table] == nil {
			later[table] = map[string][]byte{}
		}
		later[table][path] = c.Value
	}
	db, err := store.Open(ctx, log, store.Options{}, tables...)
	if err != nil {
		return fmt.Errorf("load what was restored: %w", err)
	}
	defer db.Close()
	at := time.Now().UTC().Truncate(time.Microsecond)
	lasting := access.Lasting.Names()
	keys, err := access.RevokeAgain(ctx, db, later[lasting[0]], later[lasting[1]], at)
	if err != nil {
		return err
	}
	for _, k := range keys {
		out.Keys = append(out.Keys, k.Name+" of "+owner(db.View(), k))
	}
	if out.Users, err = account.Settle(ctx, db, later[account.Users.Name()], at); err != nil {
		return err
	}
	out.Rows = db.Stats().Rows
	return db.Update(ctx, func(tx *store.Tx) error {
		audit.RecordTx(tx, audit.By{Username: "hexhub backup restore"}, "backup.restore", map[string]any{
			"set": out.Set, "revision": out.Revision, "at": out.At, "dropped": out.Dropped, "lost": len(out.Lost),
			"keys_revoked": len(out.Keys), "shut": out.Users.Shut, "demoted": out.Users.Demoted, "passwords": out.Users.Passwords,
		}, at)
		return nil
	})
}

func owner(r store.Reader, k access.Key) string {
	if u, ok := account.Users.Get(r, k.UserID); ok {
		return u.Username.String()
	}
	return k.Owner().String()
}
