package ops

import "net/http"

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
	d, err := o.Operator.Draining(r.Context(), r.URL.Query().Get("name"))
	return Drain{memberOf(d.Node), d.Rest, d.SoleBlobs, d.Jobs, d.Done}, err
}

// drain lays nothing new on the node that the query names.
func (o *Ops) drain(r *http.Request) (any, error) {
	return nil, o.Operator.Drain(r.Context(), actor(r).By(), r.URL.Query().Get("name"))
}

// undrain takes back the node that the query names.
func (o *Ops) undrain(r *http.Request) (any, error) {
	n, err := o.Operator.Undrain(r.Context(), actor(r).By(), r.URL.Query().Get("name"))
	return Member{ID: n.ID, Name: n.Name, Address: n.Address, Version: n.Version, JoinedAt: n.Joined}, err
}
