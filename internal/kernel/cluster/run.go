package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

const (
	tendEvery    = time.Second
	sweepEvery   = time.Hour
	orphanAfter  = time.Minute
	removeWithin = 15 * time.Second
	lostAfter    = 2 * time.Hour // a row whose node never came to be known to the log
)

// ErrRemoved is returned by Run on a node that the others have removed.
var ErrRemoved = errors.New("the store has stopped: this node was removed from the cluster, or see the log for what else went wrong")

// Run keeps the node a good member until ctx ends: it renews its certificate, writes its row, ends what
// removed nodes still have open and, while this node leads, gives votes to those who have caught up.
func (c *Cluster) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var parts sync.WaitGroup
	parts.Go(func() { c.renewAlways(ctx) })
	if c.port != nil {
		parts.Go(func() { c.watchTrust(ctx) })
	}
	defer parts.Wait()
	defer cancel()
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	var swept time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.etcd.Stopped():
			return ErrRemoved
		case now := <-tick.C:
			c.complain(ctx, "write this node's row", c.enrol(ctx))
			if _, leads := c.etcd.Self(); !leads {
				continue
			}
			if c.Drained() {
				_, err := c.HandOver(ctx)
				c.complain(ctx, "have another node lead", err)
			}
			c.complain(ctx, "look after the nodes", c.tend(ctx, now))
			if now.Sub(swept) > sweepEvery {
				swept = now
				c.complain(ctx, "forget old invitations", c.forgetInvitations(ctx, now))
			}
		}
	}
}

// complain logs what will be tried again.
func (c *Cluster) complain(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil {
		c.log.Warn("something is not done; trying again", "what", doing, "err", err)
	}
}

// enrol writes this node's row and address, unless they are as they should be.
func (c *Cluster) enrol(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	row := c.Self()
	if have, ok := nodes.Get(c.db.Load().View(), row.ID); !ok || !reflect.DeepEqual(have, row) {
		err := c.db.Load().Update(ctx, func(tx *store.Tx) error {
			nodes.Put(tx, row)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if c.listener == nil {
		return nil
	}
	all, err := c.etcd.Members(ctx)
	if err != nil {
		return err
	}
	url := "https://" + row.Address
	if slices.ContainsFunc(all, func(m etcdlog.Member) bool { return m.ID == row.Member && m.URL != url }) {
		return c.etcd.SetURL(ctx, row.Member, url)
	}
	return nil
}

// tend gives votes, and puts rows and members in agreement where a join or a removal was interrupted.
func (c *Cluster) tend(ctx context.Context, now time.Time) error {
	all, err := c.etcd.Members(ctx)
	if err != nil {
		return err
	}
	known := map[uint64]bool{}
	for _, m := range all {
		known[m.ID] = true
		if !m.Learner {
			continue
		}
		if c.byMember(m.ID).ID == "" {
			if since := c.orphans[m.ID]; since.IsZero() {
				c.orphans[m.ID] = now
			} else if now.Sub(since) > orphanAfter {
				delete(c.orphans, m.ID)
				if err := c.etcd.Remove(ctx, m.ID); err != nil {
					return err
				}
			}
			continue
		}
		delete(c.orphans, m.ID)
		if err := c.etcd.Promote(ctx, m.ID); err != nil && !errors.Is(err, etcdlog.ErrNotReady) {
			return err
		}
	}
	for _, n := range members(c.db.Load().View()) {
		lost := n.Member == 0 && now.Sub(n.Joined) > lostAfter
		if lost || n.Member != 0 && !known[n.Member] {
			if err := c.forget(ctx, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// forget deletes the rows of a node that is no member, unless it has become one meanwhile.
func (c *Cluster) forget(ctx context.Context, n Node) error {
	return c.db.Load().Update(ctx, func(tx *store.Tx) error {
		if now, ok := nodes.Get(tx, n.ID); ok && now.Member == n.Member {
			leave(tx, n.ID, c.o.OnLeave)
		}
		return nil
	})
}

// Remove forgets a node, named or by id: what it says is refused from now on, and what it has open ends.
func (c *Cluster) Remove(ctx context.Context, who string) (Node, error) {
	n, err := find(members(c.db.Load().View()), who)
	if err != nil {
		return n, err
	}
	if n.ID == c.identity.ID {
		return n, fault.New(fault.Conflict, "a node cannot remove itself: say so to another one")
	}
	if n.Member != 0 {
		if err := c.removeMember(ctx, n.Member); err != nil {
			return n, err
		}
	}
	return n, c.forget(ctx, n)
}

// called reports whether who is the node's name, or its id.
func (n Node) called(who string) bool { return n.Name == who || n.ID == who }

// find finds a node, named or by id.
func find[T interface{ called(who string) bool }](all []T, who string) (found T, err error) {
	at := slices.IndexFunc(all, func(n T) bool { return n.called(who) })
	if at < 0 {
		return found, noNode(who)
	}
	return all[at], nil
}

// Member finds a node, named or by id, and how it does.
func (c *Cluster) Member(ctx context.Context, who string) (m Member, all []Member, err error) {
	if all, err = c.Members(ctx); err != nil {
		return m, nil, err
	}
	m, err = find(all, who)
	return m, all, err
}

func noNode(who string) error {
	return fault.New(fault.NotFound, "no node is called %q: hexhub cluster members lists them", who)
}

// removeMember has the log forget a member. It asks again for a while, since the log wants all who stay to
// have been in touch for some seconds, and a node may just have started.
func (c *Cluster) removeMember(ctx context.Context, id uint64) error {
	for limit := time.Now().Add(removeWithin); ; {
		err := c.etcd.Remove(ctx, id)
		if err == nil || !fault.Is(err, fault.Unavailable) || time.Now().After(limit) {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// renewAlways renews the certificate when two thirds of its life are over.
func (c *Cluster) renewAlways(ctx context.Context) {
	pause := c.o.CertLife * 2 / 3
	for {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		pause = c.o.CertLife * 2 / 3
		if err := c.renew(time.Now()); err != nil {
			c.complain(ctx, "renew this node's certificate", err)
			pause = c.o.CertLife / 100
		}
	}
}

// A Member is a node as it does now.
type Member struct {
	Node
	Role     string // leader, follower, learner, or unknown to the log
	State    string // up, down or drained
	Revision int64  // that its tables show; zero if it does not answer
}

// What a Member's Role and State may be.
const (
	roleLeader   = "leader"
	roleFollower = "follower"
	roleLearner  = "learner"
	roleUnknown  = "unknown"

	stateUp      = "up"
	stateDown    = "down"
	stateDrained = "drained"
)

// Drained reports whether the node does nothing any more but answer.
func (m Member) Drained() bool { return m.State == stateDrained }

// Members asks all nodes how they do, each for at most two seconds.
func (c *Cluster) Members(ctx context.Context) ([]Member, error) {
	status, err := c.etcd.Status(ctx)
	if err != nil {
		return nil, err
	}
	all, err := c.etcd.Members(ctx)
	if err != nil {
		return nil, err
	}
	rows := members(c.db.Load().View())
	out := make([]Member, len(rows))
	var asked sync.WaitGroup
	for i, n := range rows {
		out[i] = Member{Node: n, Role: roleUnknown, State: stateDown}
		if at := slices.IndexFunc(all, func(m etcdlog.Member) bool { return m.ID == n.Member }); at >= 0 {
			switch {
			case all[at].Learner:
				out[i].Role = roleLearner
			case n.Member == status.Leader:
				out[i].Role = roleLeader
			default:
				out[i].Role = roleFollower
			}
		}
		asked.Go(func() {
			if r, err := c.reportOf(ctx, n); err == nil {
				out[i].State, out[i].Revision = stateUp, r.Revision
				if r.Drained {
					out[i].State = stateDrained
				}
			}
		})
	}
	asked.Wait()
	return out, nil
}

func (c *Cluster) reportOf(ctx context.Context, n Node) (r report, err error) {
	if n.ID == c.identity.ID {
		return c.report(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+n.Address+"/cluster/self", nil)
	if err != nil {
		return r, err
	}
	resp, err := c.client(n.ID).Do(req)
	if err != nil {
		return r, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return r, errors.New(resp.Status)
	}
	return r, json.NewDecoder(resp.Body).Decode(&r)
}
