package etcdlog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Peers tell etcd how it and other nodes reach each other. Others come to URL, where somebody else judges
// them and passes on to Socket what they say; etcd itself dials them, by TLS with the named files, which it
// reads anew for each connection.
type Peers struct {
	URL    string // https://HOST:PORT
	Socket string // path of a unix socket, which etcd makes

	Cert, Key, CA string // files in PEM
	ServerName    string // that all nodes' certificates are for

	// Join has the URLs of all nodes by name, this one included, for one that joins them. Nil means that
	// this node founds a cluster, or has been of one before.
	Join map[string]string
}

// nowhere is the address of a node without peers, which is never listened on nor dialled; etcd wants one in
// every member's record.
const nowhere = "http://127.0.0.1:0"

// configure is also for nil.
func (p *Peers) configure(c *embed.Config) {
	if p == nil {
		c.AdvertisePeerUrls = []url.URL{mustURL(nowhere)}
		c.InitialCluster = c.Name + "=" + nowhere
		return
	}
	c.ListenPeerUrls = []url.URL{{Scheme: "unix", Host: p.Socket}} // etcd looks for the path there
	c.AdvertisePeerUrls = []url.URL{mustURL(p.URL)}
	c.InitialCluster = c.Name + "=" + p.URL
	c.PeerTLSInfo.CertFile, c.PeerTLSInfo.KeyFile, c.PeerTLSInfo.TrustedCAFile = p.Cert, p.Key, p.CA
	c.PeerTLSInfo.ServerName = p.ServerName
	if p.Join != nil {
		c.ClusterState = embed.ClusterStateFlagExisting
		var all []string
		for _, name := range slices.Sorted(maps.Keys(p.Join)) {
			all = append(all, name+"="+p.Join[name])
		}
		c.InitialCluster = strings.Join(all, ",")
	}
}

// mustURL parses an address that was checked when it was read from the configuration.
func mustURL(s string) url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return *u
}

// A Member is one node in etcd's eyes.
type Member struct {
	ID      uint64
	URL     string
	Learner bool // copies, but does not vote yet
}

// Members lists all nodes, as this one knows them; it needs no quorum.
func (l *Log) Members(ctx context.Context) ([]Member, error) {
	r, err := l.client.MemberList(ctx, clientv3.WithSerializable())
	if err != nil {
		return nil, explain("list members", err)
	}
	return members(r.Members), nil
}

func members(list []*etcdserverpb.Member) []Member {
	out := make([]Member, len(list))
	for i, m := range list {
		out[i] = Member{ID: m.ID, Learner: m.IsLearner}
		if len(m.PeerURLs) > 0 {
			out[i].URL = m.PeerURLs[0]
		}
	}
	return out
}

// Self returns this node's id, and whether it leads; it needs no quorum. It is for embedded logs only.
func (l *Log) Self() (id uint64, leads bool) {
	id = uint64(l.node.etcd.Server.MemberID())
	return id, l.node.etcd.Server.Leader() == l.node.etcd.Server.MemberID()
}

// LocalRevision is the newest revision that this node's own files show, which may be older than the
// log's; it needs no quorum. It is zero when etcd runs elsewhere.
func (l *Log) LocalRevision() store.Revision {
	if l.node == nil {
		return 0
	}
	return store.Revision(l.node.etcd.Server.KV().Rev())
}

// AddLearner makes a node known that will copy the log from the others, and returns all nodes then. It is for
// embedded logs only.
func (l *Log) AddLearner(ctx context.Context, url string) ([]Member, error) {
	if err := untilAgreed(ctx, func() bool { return l.node.etcd.Server.ClusterVersion() != nil }); err != nil {
		return nil, err
	}
	var r *clientv3.MemberAddResponse
	err := l.change(ctx, func(ctx context.Context) (err error) {
		r, err = l.client.MemberAddAsLearner(ctx, []string{url})
		return err
	})
	if errors.Is(err, rpctypes.ErrMemberNotFound) { // its id is made of address and second, and was removed before
		return nil, fault.Wrap(fault.Unavailable, err, "a node of the same address was added and removed just now: try again")
	}
	if err != nil {
		return nil, explainMember("add a node", err)
	}
	return members(r.Members), nil
}

// untilAgreed waits until the nodes have agreed on the version of what they say to each other, of which etcd tells
// nobody. Who founds a cluster takes writes before that, by the time of one write or by four seconds, and a node
// that joins meanwhile would find it incompatible, and end.
func untilAgreed(ctx context.Context, agreed func() bool) error {
	waiting, cancel := context.WithTimeout(ctx, changeWithin)
	defer cancel()
	for !agreed() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-waiting.Done():
			return fault.Wrap(fault.Unavailable, waiting.Err(), "this cluster was founded just now, and is not ready for another node: try again")
		}
	}
	return nil
}

// ErrNotReady is returned by Promote for a learner that has not copied enough.
var ErrNotReady = errors.New("the node has not caught up yet")

// Promote gives a learner a vote.
func (l *Log) Promote(ctx context.Context, id uint64) error {
	err := l.change(ctx, func(ctx context.Context) error { _, err := l.client.MemberPromote(ctx, id); return err })
	if errors.Is(err, rpctypes.ErrMemberLearnerNotReady) {
		return ErrNotReady
	}
	return explainMember("promote a node", err)
}

// Remove forgets a node. The others refuse to hear from it afterwards. Removing one that is not there is
// fine.
func (l *Log) Remove(ctx context.Context, id uint64) error {
	err := l.change(ctx, func(ctx context.Context) error { _, err := l.client.MemberRemove(ctx, id); return err })
	if errors.Is(err, rpctypes.ErrMemberNotFound) {
		return nil
	}
	return explainMember("remove a node", err)
}

// SetURL tells the others under which address a node is reached from now on.
func (l *Log) SetURL(ctx context.Context, id uint64, url string) error {
	err := l.change(ctx, func(ctx context.Context) error { _, err := l.client.MemberUpdate(ctx, id, []string{url}); return err })
	return explainMember("change a node's address", err)
}

// changeWithin bounds how long a change of nodes is waited for. What is handed to a leader that dies is lost, and
// etcd would wait for it for ever; all changes may be made again.
const changeWithin = 5 * time.Second

// change makes a change of nodes, which may yet come to be if it is given up.
func (l *Log) change(ctx context.Context, do func(context.Context) error) error {
	ctx, err := l.led(ctx)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, changeWithin)
	defer cancel()
	err = do(within)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", errNotAgreed, err)
	}
	return err
}

var errNotAgreed = errors.New("the nodes did not agree on it in time")

// explainMember is explain, with words for what may stand in the way of a change of nodes.
func explainMember(doing string, err error) error {
	for _, c := range []struct {
		is    error
		words string
	}{
		{rpctypes.ErrTooManyLearners, "another node is joining: try again when it has caught up"},
		{rpctypes.ErrUnhealthy, "not all nodes have been in touch for five seconds: try again"},
		{rpctypes.ErrMemberNotEnoughStarted, "too few of the nodes are up: start those that are not, and try again"},
		{store.ErrNoLeader, "too few of the nodes are up, or they are about to agree on a leader: try again"},
		{errNotAgreed, "the nodes did not agree on it in time: try again"},
	} {
		if errors.Is(err, c.is) {
			return fault.Wrap(fault.Unavailable, fmt.Errorf("%s: %w", doing, err), c.words)
		}
	}
	return explain(doing, err)
}

// Stopped is closed when etcd ends by itself, as it does on a node that was removed. It is for embedded logs
// only.
func (l *Log) Stopped() <-chan struct{} { return l.node.etcd.Server.StopNotify() }
