package ops

import (
	"context"
	"net/http"
	"time"

	"hexhub/internal/feature/health"
	"hexhub/internal/kernel/cluster"
)

// A Member is one node of the cluster.
type Member struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Role     string    `json:"role"`    // leader, follower or learner
	State    string    `json:"state"`   // up, down or drained, as seen by the node that was asked
	Address  string    `json:"address"` // of its cluster port
	Version  string    `json:"version"`
	Revision int64     `json:"revision,omitempty"` // that its tables show; zero if it does not answer
	JoinedAt time.Time `json:"joined_at"`
	Self     bool      `json:"self,omitempty"` // the node that was asked
}

// members asks all nodes how they do.
func (o *Ops) members(r *http.Request) (any, error) {
	if o.Log != nil && o.Log.External() {
		return o.membersElsewhere(r.Context()), nil
	}
	if err := o.Operator.NoCluster(); err != nil {
		return nil, err
	}
	all, err := o.Cluster.Members(r.Context())
	if err != nil {
		return nil, err
	}
	out := make([]Member, len(all))
	for i, m := range all {
		out[i] = memberOf(m)
		out[i].Self = m.ID == o.Cluster.ID()
	}
	return out, nil
}

// membersElsewhere lists the nodes that share an etcd which is run elsewhere.
func (o *Ops) membersElsewhere(ctx context.Context) []Member {
	out := []Member{}
	for _, n := range o.Report(ctx).Nodes {
		m := Member{ID: n.ID, Name: n.Name, Role: n.Role, State: "up", Version: n.Version, Revision: n.Revision, JoinedAt: n.StartedAt, Self: n.ID == o.Self.ID}
		if n.State == health.Unreachable {
			m.State = "down"
		}
		out = append(out, m)
	}
	return out
}

func memberOf(m cluster.Member) Member {
	return Member{
		ID: m.ID, Name: m.Name, Role: m.Role, State: m.State, Address: m.Address, Version: m.Version,
		Revision: m.Revision, JoinedAt: m.Joined,
	}
}

// A JoinToken lets one machine become a node.
type JoinToken struct {
	Token     string    `json:"token"`
	URL       string    `json:"url"` // of the cluster port to say it to
	ExpiresAt time.Time `json:"expires_at"`
}

// inviteNode makes a token for one machine.
func (o *Ops) inviteNode(r *http.Request) (any, error) {
	text, at, until, err := o.Operator.Invite(r.Context(), actor(r).By())
	return JoinToken{text, at, until}, err
}

// A Removal is what it would mean to remove a node.
type Removal struct {
	Node      Member `json:"node"`
	Nodes     int    `json:"nodes"`      // left afterwards
	SoleBlobs int    `json:"sole_blobs"` // that only the node has, and that would be lost; -1 when not all others could be asked
}

// previewRemoval tells what it would mean to remove the node that the query names.
func (o *Ops) previewRemoval(r *http.Request) (any, error) {
	p, err := o.Operator.Removal(r.Context(), r.URL.Query().Get("name"))
	return Removal{memberOf(p.Node), p.Left, p.SoleBlobs}, err
}

// removeNode forgets a node, which the query names.
func (o *Ops) removeNode(r *http.Request) (any, error) {
	n, err := o.Operator.Remove(r.Context(), actor(r).By(), r.URL.Query().Get("name"))
	if err != nil {
		return nil, err
	}
	return Member{ID: n.ID, Name: n.Name, Role: "removed", State: "removed", Address: n.Address, Version: n.Version, JoinedAt: n.Joined}, nil
}

// A Succession is who leads, and who would next.
type Succession struct {
	From *Member `json:"from,omitempty"` // nil when nobody leads
	To   Member  `json:"to"`
}

func successionOf(s cluster.Succession) Succession {
	out := Succession{To: memberOf(s.To)}
	if s.From.ID != "" {
		from := memberOf(s.From)
		out.From = &from
	}
	return out
}

// previewLeader tells who leads and who would next: the node that the query names, or the fittest.
func (o *Ops) previewLeader(r *http.Request) (any, error) {
	s, err := o.Operator.Succession(r.Context(), r.URL.Query().Get("name"))
	return successionOf(s), err
}

// moveLeader has the node lead that the query names, or the fittest.
func (o *Ops) moveLeader(r *http.Request) (any, error) {
	s, err := o.Operator.MoveLeader(r.Context(), actor(r).By(), r.URL.Query().Get("name"))
	return successionOf(s), err
}
