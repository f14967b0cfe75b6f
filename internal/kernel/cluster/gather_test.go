package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
)

var secret = seal.NewSecret(strings.Repeat("between us ", 4))

// kinOptions are those of a node called so, which looks for others at the addresses that a name has; its own is
// one of them.
func kinOptions(t testing.TB, name, address string, resolve func(context.Context, string) ([]string, error)) Options {
	o := options(t, name)
	o.Listen = address
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	o.Kin = &Kin{Discover: []string{"nodes.test:" + port}, Secret: secret, Size: 3, Resolve: resolve, Every: 50 * time.Millisecond}
	return o
}

// kinAddresses finds a port that is free at three addresses of this machine, and returns a name's resolver.
func kinAddresses(t testing.TB) (addresses []string, resolve func(context.Context, string) ([]string, error)) {
	t.Helper()
	hosts := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	port, held := "0", []net.Listener{}
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for _, host := range hosts {
		l, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			t.Skipf("this machine has only one loopback address: %v", err)
		}
		held = append(held, l)
		addresses = append(addresses, l.Addr().String())
		_, port, _ = net.SplitHostPort(addresses[0])
	}
	return addresses, func(_ context.Context, host string) ([]string, error) {
		if host != "nodes.test" {
			return nil, fmt.Errorf("%s is asked for", host)
		}
		return hosts, nil
	}
}

// gathered starts nodes at once, which are to find each other.
func gathered(t testing.TB, all ...Options) []*testNode {
	t.Helper()
	out := make([]*testNode, len(all))
	errs := make([]error, len(all))
	var starting sync.WaitGroup
	for i, o := range all {
		starting.Go(func() { out[i], errs[i] = tryStart(t, o) })
	}
	starting.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return out
}

// wiped is the node started anew, without its data.
func (n *testNode) wiped() Options {
	n.t.Helper()
	n.stop()
	if err := os.RemoveAll(n.o.Dir); err != nil {
		n.t.Fatal(err)
	}
	if err := os.Mkdir(n.o.Dir, 0o700); err != nil {
		n.t.Fatal(err)
	}
	return n.o
}

func TestEmptyNodesBecomeOneClusterAndTheFounderComesBackToIt(t *testing.T) {
	t.Parallel()
	at, resolve := kinAddresses(t)
	all := gathered(t, kinOptions(t, "hub-0", at[0], resolve), kinOptions(t, "hub-1", at[1], resolve), kinOptions(t, "hub-2", at[2], resolve))
	all[0].voting(3)
	cluster := all[0].identity.Cluster
	all[1].put("a", "1")
	for _, n := range all {
		n.reads("a", "1")
		if n.JustJoined() == (n == all[0]) {
			t.Errorf("%s joined is %t", n.Name(), n.JustJoined())
		}
		if n.identity.Cluster != cluster {
			t.Fatalf("%s is of cluster %s, not of %s", n.Name(), n.identity.Cluster, cluster)
		}
	}

	// The one that founded loses its folder.
	before := all[0].identity.ID
	all[0] = start(t, all[0].wiped())
	if id := all[0].identity; id.Cluster != cluster || id.ID == before || id.Name != "hub-0" {
		t.Fatalf("hub-0 came back as %+v, and was %s of cluster %s", id, before, cluster)
	}
	all[0].voting(3)
	all[0].reads("a", "1")
	if _, ok := nodes.Get(all[1].db.View(), before); ok {
		t.Error("what hub-0 was is still a node")
	}

	// One with data starts as it is, whether it finds anybody or not.
	all[1].stop()
	all[1].o.Kin.Resolve = func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }
	all[1] = start(t, all[1].o)
	all[1].put("b", "2")
	all[2].reads("b", "2")
}

func TestWipedNodeTakesNoLivingNodesPlace(t *testing.T) {
	t.Parallel()
	at, resolve := kinAddresses(t)
	alone := kinOptions(t, "hub-0", at[0], resolve)
	alone.Kin.Size = 1
	n := start(t, alone)
	before := n.identity.ID

	twin := kinOptions(t, "hub-0", at[1], resolve)
	if _, err := tryStart(t, twin); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is up") {
		t.Errorf("a node with the name of one that is up: %v", err)
	}
	if _, ok := nodes.Get(n.db.View(), before); !ok {
		t.Error("the node that is up was removed")
	}
	other := kinOptions(t, "hub-1", at[2], resolve)
	other.Settings = map[string]string{"repository.name": "other"}
	n.o.Settings = map[string]string{"repository.name": "hexhub"}
	n.Cluster.o.Settings = n.o.Settings
	if _, err := tryStart(t, other); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "repository.name") {
		t.Errorf("a node with other settings: %v", err)
	}
	if all := members(n.db.View()); len(all) != 1 {
		t.Errorf("nodes are %v", all)
	}
}

// A node that lost its folder founds nothing, as long as somebody may know more.
func TestNodeFoundsOnlyWhenAllOthersKnowNothing(t *testing.T) {
	self := kinAnswer{ID: "self", Name: "hub-0", Size: 3}
	at := func(n int, change ...func(*heard)) heard {
		h := heard{kinAnswer: kinAnswer{ID: fmt.Sprint("id", n), Name: fmt.Sprint("hub-", n), Size: 3}, address: fmt.Sprintf("10.0.0.%d:4001", n)}
		for _, f := range change {
			f(&h)
		}
		return h
	}
	member := func(h *heard) { h.Cluster, h.Ready = "a", true }
	starting := func(h *heard) { h.Cluster = "a" }
	foreign := func(h *heard) { h.Cluster, h.Ready = "b", true }
	mine := heard{kinAnswer: self, address: "10.0.0.0:4001"}
	first := func(h *heard) { h.Name = "hub" }
	for _, c := range []struct {
		name  string
		self  func(*kinAnswer)
		heard []heard
		want  string // found, join, or part of what is waited for
	}{
		{"nobody answers", nil, nil, "1 of 3"},
		{"only itself answers", nil, []heard{mine}, "1 of 3"},
		{"one is missing", nil, []heard{mine, at(1)}, "2 of 3"},
		{"one answers at two addresses", nil, []heard{mine, at(1), at(1)}, "2 of 3"},
		{"all know nothing", nil, []heard{mine, at(1), at(2)}, "found"},
		{"all know nothing, and another is the first", nil, []heard{mine, at(1), at(2, first)}, "for hub, which"},
		{"there are too many", nil, []heard{at(1), at(2), at(3)}, "4 nodes"},
		{"another waits for more", nil, []heard{at(1), at(2, func(h *heard) { h.Size = 5 })}, "cluster-size"},
		{"another has its name", nil, []heard{at(1), at(2, func(h *heard) { h.Name = "hub-0" })}, "called hub-0 as well"},
		{"one is of a cluster", nil, []heard{mine, at(1), at(2, member)}, "join"},
		{"one is of a cluster, and starts", nil, []heard{mine, at(1), at(2, starting)}, "hub-2"},
		{"one is of a cluster, and one starts", nil, []heard{at(1, starting), at(2, member)}, "join"},
		{"they are of two clusters", nil, []heard{at(1, member), at(2, foreign)}, "another cluster"},
		{"it began to join one that is silent", func(a *kinAnswer) { a.Cluster = "a" }, []heard{at(1), at(2)}, "cluster that exists"},
		{"it began to join one, and finds it", func(a *kinAnswer) { a.Cluster = "a" }, []heard{at(1), at(2, member)}, "join"},
		{"it began to join one, and finds another", func(a *kinAnswer) { a.Cluster = "a" }, []heard{at(1), at(2, foreign)}, "another cluster"},
		{"it is to be alone", func(a *kinAnswer) { a.Size = 1 }, nil, "found"},
		{"it is to be alone, and finds one", func(a *kinAnswer) { a.Size = 1 }, []heard{at(1, member)}, "join"},
	} {
		me := self
		if c.self != nil {
			c.self(&me)
		}
		got := decide(me, c.heard)
		said := got.wait
		switch {
		case got.found:
			said = "found"
		case len(got.join) > 0:
			said = "join"
		}
		if !strings.Contains(said, c.want) || got.wait != "" && (got.found || len(got.join) > 0) {
			t.Errorf("%s: %+v, want %s", c.name, got, c.want)
		}
	}
}

// What was begun goes on after a crash: a node that was let in and has copied nothing asks again, one that has
// copied the log does not.
func TestOnlyNodesThatKnowNothingLookForOthers(t *testing.T) {
	dir := folder(t, "one")
	i := &identity{dir: dir}
	check := func(what string, made, want bool) {
		t.Helper()
		if got := i.knowsNothing(made); got != want {
			t.Errorf("%s: knows nothing is %t", what, got)
		}
	}
	check("an empty folder", true, true)
	check("one that was never let in", false, true)
	i.Cluster = "a"
	check("one that founded", false, false)
	i.Joining = map[string]string{"a": "b"}
	check("one that was let in", false, true)
	if err := os.MkdirAll(filepath.Join(dir, "etcd", "member", "wal"), 0o700); err != nil {
		t.Fatal(err)
	}
	check("one that has begun to copy", false, false)
	check("data from before there were identities, or of a backup", true, false)
}

// A join whose answer was lost goes on, by the same node, though its row is there.
func TestLookingForOthersGoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	at, resolve := kinAddresses(t)
	alone := kinOptions(t, "hub-0", at[0], resolve)
	alone.Kin.Size = 1
	n := start(t, alone)

	// hub-1 is let in, and never hears of it.
	second := kinOptions(t, "hub-1", at[1], resolve)
	i, _, err := loadIdentity(second.Dir)
	if err != nil {
		t.Fatal(err)
	}
	i.Name, i.Advertise = "hub-1", at[1]
	if err := i.save(); err != nil {
		t.Fatal(err)
	}
	c := &Cluster{o: second, log: n.Cluster.log, identity: i}
	if s, err := c.joinAny(t.Context(), []heard{{address: at[0]}}); err != nil || s.joined == nil {
		t.Fatalf("not let in: %+v, %v", s, err)
	}
	// It lost even its identity, so that what was let in is forgotten for what comes.
	again := kinOptions(t, "hub-1", at[1], resolve)
	m := start(t, again)
	n.voting(2)
	n.put("a", "1")
	m.reads("a", "1")
	if _, ok := nodes.Get(n.db.View(), i.ID); ok {
		t.Error("a node that never came is still known")
	}
}
