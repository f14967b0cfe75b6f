package ops

import "net/http"

// backups tells what the backup has.
func (o *Ops) backups(r *http.Request) (any, error) { return o.Operator.Backups(r.Context()) }

// backUp takes a snapshot, which may take a while.
func (o *Ops) backUp(r *http.Request) (any, error) {
	return o.Operator.BackUp(r.Context(), actor(r).By())
}

// verifyBackup restores the newest state into memory and reads every blob, which may take long.
func (o *Ops) verifyBackup(r *http.Request) (any, error) {
	return o.Operator.VerifyBackup(r.Context(), actor(r).By())
}
