package ops

import (
	"net/http"
	"time"

	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/job"
)

// A Drain is how far a node is drained, or would have to be.
type Drain struct {
	Node      Member `json:"node"`
	Rest      int    `json:"rest"`       // nodes that are left to do the work
	SoleBlobs int    `json:"sole_blobs"` // that are on no node that is left; -1 when not all could be asked
	Jobs      int    `json:"jobs"`       // that it has begun and not finished
	Done      bool   `json:"done"`       // nothing depends on it any more: it may be stopped
}

// draining tells how far the node is drained that the query names, or what there would be to do.
func (o *Ops) draining(r *http.Request) (any, error) {
	if o.Cluster == nil {
		return nil, o.noCluster()
	}
	m, rest, err := o.Cluster.Drainable(r.Context(), r.URL.Query().Get("name"))
	if err != nil && !m.Drained() {
		return nil, err
	}
	return o.drainOf(r, m, rest), nil
}

func (o *Ops) drainOf(r *http.Request, m cluster.Member, rest []cluster.Member) Drain {
	d := Drain{Node: memberOf(m), Rest: len(rest), Jobs: job.Held(o.DB.View(), m.ID, time.Now())}
	going := []string{m.ID}
	for _, p := range o.Cluster.Peers() {
		if p.Drained {
			going = append(going, p.ID)
		}
	}
	if o.Cluster.Drained() {
		going = append(going, o.Cluster.ID())
	}
	var err error
	if d.SoleBlobs, err = o.SoleBlobs(r.Context(), going...); err != nil {
		o.Logger.Warn("cannot tell which blobs only drained nodes have", "err", err)
		d.SoleBlobs = -1
	}
	d.Done = m.Drained() && m.Role != "leader" && d.SoleBlobs == 0 && d.Jobs == 0
	return d
}

// drain lays nothing new on the node that the query names.
func (o *Ops) drain(r *http.Request) (any, error) {
	if o.Cluster == nil {
		return nil, o.noCluster()
	}
	return nil, o.Cluster.Drain(r.Context(), r.URL.Query().Get("name"))
}

// undrain takes back the node that the query names.
func (o *Ops) undrain(r *http.Request) (any, error) {
	if o.Cluster == nil {
		return nil, o.noCluster()
	}
	n, err := o.Cluster.Undrain(r.Context(), r.URL.Query().Get("name"))
	return Member{ID: n.ID, Name: n.Name, Address: n.Address, Version: n.Version, JoinedAt: n.Joined}, err
}
