package operator

import (
	"context"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
)

var (
	errNoCluster = fault.New(fault.Conflict, "this server keeps nothing on disk, so it cannot be one of several")
	errExternal  = fault.New(fault.Conflict, "the rows of this server are in an etcd that is run elsewhere (etcd.endpoints): its members are managed there, with etcdctl member. "+
		"A node of this registry is whatever server is started with the same etcd.endpoints, etcd.prefix, blob.s3 and secret.key, and is none any more when it is stopped")
)

// NoCluster says why there are no nodes to do anything with, or nil.
func (o *Operator) NoCluster() error {
	switch {
	case o.Cluster != nil:
		return nil
	case o.External:
		return errExternal
	}
	return errNoCluster
}

// A Removal is what it would mean to remove a node.
type Removal struct {
	Node      cluster.Member
	Left      int // nodes, afterwards
	SoleBlobs int // that only the node has, and that would be lost; -1 when not all others could be asked
}

// Removal tells what it would mean to remove a node, named or by id.
func (o *Operator) Removal(ctx context.Context, who string) (Removal, error) {
	if err := o.NoCluster(); err != nil {
		return Removal{}, err
	}
	m, all, err := o.Cluster.Member(ctx, who)
	if err != nil {
		return Removal{}, err
	}
	return Removal{Node: m, Left: len(all) - 1, SoleBlobs: o.soleBlobs(ctx, m.ID)}, nil
}

// Remove forgets a node, named or by id.
func (o *Operator) Remove(ctx context.Context, by audit.By, who string) (cluster.Node, error) {
	if err := o.NoCluster(); err != nil {
		return cluster.Node{}, err
	}
	n, err := o.Cluster.Remove(ctx, who)
	if err == nil {
		o.done(ctx, by, "node.remove", nodeParams(n))
	}
	return n, err
}

// Succession tells who leads, and who would next: the node, named or by id, or the fittest.
func (o *Operator) Succession(ctx context.Context, who string) (cluster.Succession, error) {
	if err := o.NoCluster(); err != nil {
		return cluster.Succession{}, err
	}
	return o.Cluster.Succession(ctx, who)
}

// MoveLeader has the node lead, named or by id, or the fittest.
func (o *Operator) MoveLeader(ctx context.Context, by audit.By, who string) (cluster.Succession, error) {
	if err := o.NoCluster(); err != nil {
		return cluster.Succession{}, err
	}
	s, err := o.Cluster.MoveLeader(ctx, who)
	if err == nil {
		o.done(ctx, by, "node.lead", nodeParams(s.To.Node))
	}
	return s, err
}

// A Drain is how far a node is drained, or would have to be.
type Drain struct {
	Node      cluster.Member
	Rest      int  // nodes that are left to do the work
	SoleBlobs int  // that are on no node that is left; -1 when not all could be asked
	Jobs      int  // that it has begun and not finished
	Done      bool // nothing depends on it any more: it may be stopped
}

// Draining tells how far a node is drained, named or by id, or what there would be to do.
func (o *Operator) Draining(ctx context.Context, who string) (Drain, error) {
	if err := o.NoCluster(); err != nil {
		return Drain{}, err
	}
	m, rest, err := o.Cluster.Drainable(ctx, who)
	if err != nil && !m.Drained() {
		return Drain{}, err
	}
	d := Drain{Node: m, Rest: len(rest), Jobs: job.Held(o.DB.View(), m.ID, time.Now()), SoleBlobs: o.soleBlobs(ctx, o.going(m)...)}
	d.Done = m.Drained() && m.Role != "leader" && d.SoleBlobs == 0 && d.Jobs == 0
	return d, nil
}

// going lists the ids of the node and of all that are drained.
func (o *Operator) going(m cluster.Member) []string {
	out := []string{m.ID}
	for _, p := range o.Cluster.Peers() {
		if p.Drained {
			out = append(out, p.ID)
		}
	}
	if o.Cluster.Drained() {
		out = append(out, o.Cluster.ID())
	}
	return out
}

func (o *Operator) soleBlobs(ctx context.Context, nodes ...string) int {
	n, err := o.SoleBlobs(ctx, nodes...)
	if err != nil {
		o.Log.Warn("cannot tell which blobs only these nodes have", "nodes", nodes, "err", err)
		return -1
	}
	return n
}

// Drain lays nothing new on a node, named or by id.
func (o *Operator) Drain(ctx context.Context, by audit.By, who string) error {
	if err := o.NoCluster(); err != nil {
		return err
	}
	if err := o.Cluster.Drain(ctx, who); err != nil {
		return err
	}
	o.done(ctx, by, "node.drain", map[string]any{"name": who})
	return nil
}

// Undrain takes a node back, named or by id.
func (o *Operator) Undrain(ctx context.Context, by audit.By, who string) (cluster.Node, error) {
	if err := o.NoCluster(); err != nil {
		return cluster.Node{}, err
	}
	n, err := o.Cluster.Undrain(ctx, who)
	if err == nil {
		o.done(ctx, by, "node.undrain", nodeParams(n))
	}
	return n, err
}

// Invite makes a token with which one machine may become a node, and tells the address to say it to.
func (o *Operator) Invite(ctx context.Context, by audit.By) (token, url string, until time.Time, err error) {
	if err := o.NoCluster(); err != nil {
		return "", "", until, err
	}
	if token, until, err = o.Cluster.Invite(ctx); err != nil {
		return "", "", until, err
	}
	o.done(ctx, by, "node.invite", nil)
	_, at := o.Cluster.Addr()
	return token, "https://" + at, until, nil
}

func nodeParams(n cluster.Node) map[string]any {
	return map[string]any{"id": n.ID, "name": n.Name}
}
