// Package operator is what administrators do to the machinery of a registry: its nodes, jobs, letters, tarballs
// and backups, each deed with its entry in the audit log.
//
// It knows what a deed would lead to before it is done, and who is to be named for it afterwards. Whoever asks
// must have been asked for his right before. Most of these deeds are no transaction of the store, and some are
// done just when it takes no writes; so their entries are written afterwards, and one that cannot be is logged.
package operator

import (
	"context"
	"log/slog"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/store"
)

// Deps are what is operated. What is nil is not there, and deeds upon it say so.
type Deps struct {
	DB        *store.DB
	Cluster   *cluster.Cluster
	External  bool // the rows are in an etcd that is run elsewhere, which is why there is no Cluster
	SoleBlobs func(ctx context.Context, nodes ...string) (int, error)
	Jobs      *job.Queue
	Mail      *mail.Mail
	Backup    *backup.Backup
	Log       *slog.Logger // nil discards
}

// An Operator does the deeds. It is safe for concurrent use.
type Operator struct{ Deps }

// New returns the operator of what the deps are of.
func New(d Deps) *Operator {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Operator{d}
}

// done records a deed that was done.
func (o *Operator) done(ctx context.Context, by audit.By, action string, params map[string]any) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	at := time.Now().UTC().Truncate(time.Microsecond)
	err := o.DB.Update(ctx, func(tx *store.Tx) error {
		audit.RecordTx(tx, by, action, params, at)
		return nil
	})
	if err != nil {
		o.Log.Error("a deed is not in the audit log", "deed", action, "by", by.Username, "err", err)
	}
}

// RetryJob lets a job be tried at once and as often as if it were new.
func (o *Operator) RetryJob(ctx context.Context, by audit.By, id string) error {
	j, _ := job.ByID(o.DB.View(), id)
	if err := o.Jobs.Retry(ctx, id); err != nil {
		return err
	}
	o.done(ctx, by, "job.retry", map[string]any{"kind": j.Kind, "key": j.Key})
	return nil
}

// DeleteJob gives a job up.
func (o *Operator) DeleteJob(ctx context.Context, by audit.By, id string) error {
	j, _ := job.ByID(o.DB.View(), id)
	if err := o.Jobs.Delete(ctx, id); err != nil {
		return err
	}
	o.done(ctx, by, "job.delete", map[string]any{"kind": j.Kind, "key": j.Key})
	return nil
}

// SendLetter has a letter sent that was not, however old it is.
func (o *Operator) SendLetter(ctx context.Context, by audit.By, id string) error {
	if err := o.Mail.Resend(ctx, id); err != nil {
		return err
	}
	o.done(ctx, by, "letter.send", map[string]any{"id": id})
	return nil
}

// DeleteLetter takes a letter back, sent or not.
func (o *Operator) DeleteLetter(ctx context.Context, by audit.By, id string) error {
	if err := o.Mail.Delete(ctx, id); err != nil {
		return err
	}
	o.done(ctx, by, "letter.delete", map[string]any{"id": id})
	return nil
}

// TestMail sends a letter while the operator waits. What the server says when it does not take it is what is
// asked for, so it is told as Unavailable.
func (o *Operator) TestMail(ctx context.Context, by audit.By, address string) error {
	err := o.Mail.SendTest(ctx, address)
	if err != nil && fault.Of(err) == fault.Internal {
		err = fault.Wrap(fault.Unavailable, err, err.Error())
	}
	if err != nil {
		return err
	}
	o.done(ctx, by, "letter.test", map[string]any{"email": address})
	return nil
}

// Scrub asks all stores of blobs to be read from the beginning.
func (o *Operator) Scrub(ctx context.Context, by audit.By) error {
	if _, err := scrub.Now(ctx, o.DB); err != nil {
		return err
	}
	o.done(ctx, by, "scrub.start", nil)
	return nil
}

var errNoBackup = fault.New(fault.Conflict, "this server is not backed up: start it with --backup-to and a folder on another disk, or a bucket")

// Backups tells what the backup has.
func (o *Operator) Backups(ctx context.Context) (backup.Listing, error) {
	if o.Backup == nil {
		return backup.Listing{}, errNoBackup
	}
	return o.Backup.List(ctx)
}

// BackUp takes a snapshot, which may take a while.
func (o *Operator) BackUp(ctx context.Context, by audit.By) (backup.State, error) {
	if o.Backup == nil {
		return backup.State{}, errNoBackup
	}
	s, err := o.Backup.Create(ctx)
	if err == nil {
		o.done(ctx, by, "backup.create", nil)
	}
	return s, err
}

// VerifyBackup restores the newest state into memory and reads every blob, which may take long.
func (o *Operator) VerifyBackup(ctx context.Context, by audit.By) (backup.Verified, error) {
	if o.Backup == nil {
		return backup.Verified{}, errNoBackup
	}
	v, err := o.Backup.VerifyNow(ctx)
	if err == nil {
		o.done(ctx, by, "backup.verify", nil)
	}
	return v, err
}
