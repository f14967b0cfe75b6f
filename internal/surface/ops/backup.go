package ops

import (
	"net/http"

	"hexhub/internal/kernel/fault"
)

var errNoBackup = fault.New(fault.Conflict, "this server is not backed up: start it with --backup-to and a folder on another disk, or a bucket")

// backups tells what the backup has.
func (o *Ops) backups(r *http.Request) (any, error) {
	if o.Backup == nil {
		return nil, errNoBackup
	}
	return o.Backup.List(r.Context())
}

// backUp takes a snapshot, which may take a while.
func (o *Ops) backUp(r *http.Request) (any, error) {
	if o.Backup == nil {
		return nil, errNoBackup
	}
	return o.Backup.Create(r.Context())
}

// verifyBackup restores the newest state into memory and reads every blob, which may take long.
func (o *Ops) verifyBackup(r *http.Request) (any, error) {
	if o.Backup == nil {
		return nil, errNoBackup
	}
	return o.Backup.VerifyNow(r.Context())
}
