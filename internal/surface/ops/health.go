package ops

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// maxAge is the age from which on what the tables show is called stale.
const maxAge = 5 * time.Second

// health tells that the process is alive, whatever its state.
func (o *Ops) health(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

// ready answers 200 if the node should be sent requests. One that can only be read is ready, and so is one that
// is cut off from the others and serves what everybody may see: others may be no better, and reading is most of
// the work. What it cannot serve it refuses at once.
func (o *Ops) ready(w http.ResponseWriter, r *http.Request) {
	if why := o.notReady(); why != "" {
		http.Error(w, "not ready: "+why, http.StatusServiceUnavailable)
		return
	}
	if how := o.stale(); how != "" {
		fmt.Fprintln(w, "ok, stale: "+how)
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
	return ""
}

// stale says how old what the node serves may be, or nothing if it is no older than usual.
func (o *Ops) stale() string {
	age := o.DB.Age()
	if age <= maxAge {
		return ""
	}
	return fmt.Sprintf("what is served may be %s old, and what needs a credential is refused", age.Round(time.Second))
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
	case s.Leader == 0:
		return "there is no leader: it reaches no majority of the nodes, or they are electing one"
	case len(s.Problems) > 0:
		return s.Problems[0]
	}
	return ""
}
