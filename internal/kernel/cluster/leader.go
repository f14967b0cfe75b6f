package cluster

import (
	"cmp"
	"context"
	"slices"
	"time"

	"hexhub/internal/kernel/fault"
)

// handOverWithin is for how long a node that stops looks for its successor.
const handOverWithin = time.Second

// A Succession is who leads now, and who would next.
type Succession struct {
	From Member // without a name when nobody leads
	To   Member
}

// Succession says who is to lead next: the node, named or by id, or if who is empty the one of the others
// that has caught up best. It fails with the reason when that one cannot lead.
func (c *Cluster) Succession(ctx context.Context, who string) (s Succession, err error) {
	all, err := c.Members(ctx)
	if err != nil {
		return s, err
	}
	if len(all) < 2 {
		return s, fault.New(fault.Conflict, "there is no other node that could lead: invite one with hexhub cluster invite")
	}
	if at := slices.IndexFunc(all, func(m Member) bool { return m.Role == roleLeader }); at >= 0 {
		s.From = all[at]
	}
	if who == "" {
		s.To, err = fittest(all)
		return s, err
	}
	if s.To, err = find(all, who); err != nil {
		return s, err
	}
	return s, s.To.mayLead()
}

// mayLead says why the node cannot take over from another.
func (m Member) mayLead() error {
	switch {
	case m.Role == roleLeader:
		return fault.New(fault.Conflict, "%s leads already", m.Name)
	case m.Role == roleLearner:
		return fault.New(fault.Conflict, "%s has no vote yet: it leads once it has copied what the others have", m.Name)
	case m.Role != roleFollower:
		return fault.New(fault.Conflict, "%s is not known to the log yet: try again in a moment", m.Name)
	case m.State == stateDown:
		return fault.New(fault.Unavailable, "%s does not answer: start it, or name another node", m.Name)
	case m.Drained():
		return fault.New(fault.Conflict, "%s is drained: take it back first with hexhub cluster undrain %s", m.Name, m.Name)
	}
	return nil
}

// fittest is the node that has caught up best, of those that may take over.
func fittest(all []Member) (Member, error) {
	able := slices.DeleteFunc(slices.Clone(all), func(m Member) bool { return m.mayLead() != nil })
	if len(able) == 0 {
		return Member{}, fault.New(fault.Unavailable, "no other node that has a vote answers: see hexhub cluster members")
	}
	return slices.MaxFunc(able, func(a, b Member) int { return cmp.Compare(a.Revision, b.Revision) }), nil
}

// MoveLeader has the node lead that Succession names, and returns once it does.
func (c *Cluster) MoveLeader(ctx context.Context, who string) (Succession, error) {
	s, err := c.Succession(ctx, who)
	if err != nil {
		return s, err
	}
	return s, c.etcd.MoveLeader(ctx, s.To.Member)
}

// HandOver has another node lead, if this one does and another can, so that nobody waits for an election when
// this one stops. It returns the successor's name, or nothing.
func (c *Cluster) HandOver(ctx context.Context) (successor string, err error) {
	if _, leads := c.etcd.Self(); !leads {
		return "", nil
	}
	looking, cancel := context.WithTimeout(ctx, handOverWithin)
	defer cancel()
	s, err := c.Succession(looking, "")
	if err != nil {
		return "", nil // nobody is there who could
	}
	return s.To.Name, c.etcd.MoveLeader(ctx, s.To.Member)
}
