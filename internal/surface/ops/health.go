package ops

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// maxSilence is how long the tables may hear nothing from the log before the node is not ready: what it
// serves may be that old.
const maxSilence = 5 * time.Second

// health tells that the process is alive, whatever its state.
func (o *Ops) health(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// ready answers 200 if the node serves what the log says. A node that can only be read is ready: others
// may be no better, and reading is most of the work.
func (o *Ops) ready(w http.ResponseWriter, r *http.Request) {
	if why := o.notReady(); why != "" {
		http.Error(w, "not ready: "+why, http.StatusServiceUnavailable)
		return
	}
	if why := o.readOnly(r.Context()); why != "" {
		fmt.Fprintln(w, "ok, read-only: "+why)
		return
	}
	fmt.Fprintln(w, "ok")
}

// notReady says why nothing should be sent to the node, or nothing.
func (o *Ops) notReady() string {
	if err := o.Ready(); err != nil {
		return err.Error()
	}
	if age := o.DB.Age(); age > maxSilence {
		return fmt.Sprintf("the tables have not heard from the log for %s", age.Round(time.Second))
	}
	return ""
}

// readOnly says why the node takes no writes now, or nothing.
func (o *Ops) readOnly(ctx context.Context) string {
	if err := o.DB.ReadOnly(); err != nil {
		return err.Error()
	}
	if o.Log == nil {
		return ""
	}
	s, err := o.Log.Status(ctx)
	switch {
	case err != nil:
		return err.Error()
	case s.DiskFull:
		return fmt.Sprintf("the disk is nearly full, %d bytes are free", s.DiskFree)
	case len(s.Problems) > 0:
		return s.Problems[0]
	}
	return ""
}
