package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/s3"
	"hexhub/internal/kernel/store"
)

// openBackup opens where the server is backed up to, if that is configured.
func (n *Node) openBackup() error {
	if n.Config.BackupTo == "" {
		return nil
	}
	target, key, err := OpenBackup(n.Config, n.spool, true)
	if err != nil {
		return err
	}
	n.closers = append(n.closers, target.Close)
	n.backupTarget = target
	n.Backup = backup.New(n.DB, n.backupSource(), backup.Options{
		Target: target, Where: n.Config.BackupTo, Key: key,
		Every: n.Config.BackupEvery, Keep: int(n.Config.BackupKeep), Verify: n.Config.BackupVerify,
		Examine: ExamineBackup, Log: n.log.With("part", "backup"),
	})
	return nil
}

// A BackupTarget is the place of backups while it is open.
type BackupTarget interface {
	backup.Target
	io.Closer
}

// OpenBackup opens the folder or the bucket that backup.to names, and reads the key, if there is one. What is
// written rests in the spool until a bucket has it. With create, the folder is made.
func OpenBackup(c config.Server, spool s3.Spooler, create bool) (BackupTarget, *backup.Key, error) {
	var key *backup.Key
	if c.BackupKeyFile != "" {
		var err error
		if key, err = backup.ReadKey(c.BackupKeyFile); err != nil {
			return nil, nil, err
		}
	}
	if bucket, prefix, ok := c.BackupBucket(); ok {
		o, err := bucketOptions(c.BackupS3Endpoint, c.BackupS3SecretKeyFile)
		if err != nil {
			return nil, nil, err
		}
		o.Bucket, o.Region, o.Prefix, o.AccessKey, o.PathStyle = bucket, c.BackupS3Region, prefix, c.BackupS3AccessKey, c.BackupS3Style == "path"
		o.Spool, o.Names = spool, s3.Names{
			Storage: "the storage of the backup", Bucket: "backup.to", Region: "backup.s3.region",
			AccessKey: "backup.s3.access-key", SecretKey: "backup.s3.secret-key-file",
		}
		objects, err := s3.NewObjects(o)
		if err != nil {
			return nil, nil, err
		}
		return backup.Bucket{Objects: objects}, key, nil
	}
	folder, err := backup.OpenFolder(c.BackupTo, create)
	if err != nil {
		return nil, nil, err
	}
	return folder, key, nil
}

func (n *Node) backupSource() backup.Source {
	return backup.Source{Log: n.rawLog, Blobs: n.Blobs, Names: RowBlobs, Version: n.version, Secret: n.Sealer.Master()}
}

// RowBlobs tells backups which blobs a row names.
func RowBlobs(table string, value []byte, at time.Time) ([]blob.Hash, error) {
	sums, err := catalog.RowBlobs(table, value, at)
	if err != nil {
		return nil, err
	}
	named, err := audit.RowBlobs(table, value)
	for _, s := range sums {
		named = append(named, blob.Hash(s))
	}
	return named, err
}

// leadWork is what this node does while it leads.
func (n *Node) leadWork(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { n.keepHouse(ctx) })
	if n.Backup != nil {
		work.Go(func() { n.Backup.Run(ctx) })
	}
	work.Go(func() { n.scrubBucket(ctx) })
	work.Wait()
}

// ExamineBackup has the doctor look over a server that was restored into memory.
func ExamineBackup(ctx context.Context, log store.Log, blobs blob.Store, secret []byte) ([]string, error) {
	db, err := store.Open(ctx, log, store.Options{}, tables...)
	if err != nil {
		return []string{"its tables cannot be loaded: " + err.Error()}, nil
	}
	defer db.Close()
	d, checks := doctor.Deps{DB: db, Blobs: blobs, Deep: true}, []string{"administrator"}
	if secret != nil {
		dir, err := os.MkdirTemp("", "hexhub-verify-*")
		if err != nil {
			return nil, fmt.Errorf("look over the backup: %w", err)
		}
		defer os.RemoveAll(dir)
		if err := os.WriteFile(filepath.Join(dir, "secret.key"), secret, 0o600); err != nil {
			return nil, fmt.Errorf("look over the backup: %w", err)
		}
		d.Dir, checks = dir, append(checks, "secret", "signing-key", "index")
	}
	var problems []string
	for _, f := range doctor.Run(ctx, d, checks) {
		if f.Level == doctor.Fail {
			problems = append(problems, f.ID+": "+f.Evidence)
		}
	}
	return problems, nil
}

// restoringFile marks a data folder into which a backup is being restored.
const restoringFile = doctor.RestoringFile

// unfinished refuses a data folder that is only half restored.
func unfinished(data string) error {
	if _, err := os.Lstat(filepath.Join(data, recoveringFile)); err == nil {
		return fmt.Errorf("this node was being made a cluster of one, and that was not finished: run hexhub cluster recover --data %s again, which finishes it", data)
	}
	_, err := os.Lstat(filepath.Join(data, restoringFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at the data folder: %w", err)
	}
	return errors.New("a backup was being restored into this data folder, and that was not finished: run hexhub backup restore again, which begins anew")
}
