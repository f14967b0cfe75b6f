package cluster

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

type row struct{ K, V string }

var rows = store.NewTable("row", func(r row) string { return r.K })

// A testNode is one node in this process, with a real log, real TLS and a folder of its own.
type testNode struct {
	*Cluster
	t    testing.TB
	o    Options
	log  *etcdlog.Log
	db   *store.DB
	stop func()
	err  error // of Run, once stopped
}

// start runs a node on a folder; the test's end stops it.
func start(t testing.TB, o Options) *testNode {
	t.Helper()
	n, err := tryStart(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func tryStart(t testing.TB, o Options) (_ *testNode, err error) {
	n := &testNode{t: t, o: o}
	var closers []func() error
	n.stop = sync.OnceFunc(func() {
		for _, shut := range slices.Backward(closers) {
			if err := shut(); err != nil {
				n.err = errors.Join(n.err, err)
			}
		}
	})
	defer func() {
		if err != nil {
			n.stop()
		}
	}()
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil)).With("node", filepath.Base(o.Dir))
	if n.Cluster, err = Open(t.Context(), o); err != nil {
		return nil, err
	}
	closers = append(closers, n.Close)
	sealer, err := seal.Open(filepath.Join(o.Dir, "secret.key"))
	if err != nil {
		return nil, err
	}
	if err := n.Start(sealer); err != nil {
		return nil, err
	}
	name, peers := n.Etcd()
	n.log, err = etcdlog.Open(t.Context(), etcdlog.Options{
		Dir: filepath.Join(o.Dir, "etcd"), Name: name, Peers: peers, Logger: o.Log,
		Configure: func(c *embed.Config) { c.TickMs, c.ElectionMs = 20, 200 },
	})
	if err != nil {
		return nil, err
	}
	closers = append(closers, n.log.Close)
	if n.db, err = store.Open(t.Context(), n.log, store.Options{Log: o.Log}, Tables, level.Tables, store.Schema{rows}); err != nil {
		return nil, err
	}
	closers = append(closers, func() error { n.db.Close(); return nil })
	n.Handle("GET /echo", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, n.Name()) }))
	if err := n.Attach(t.Context(), n.log, n.db); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	closers = append(closers, func() error {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
	t.Cleanup(n.stop)
	return n, nil
}

// folder makes a data folder whose path is short enough for sockets.
func folder(t testing.TB, name string) string {
	t.Helper()
	top, err := os.MkdirTemp("", "hexhub") //nolint:usetesting // shorter than t.TempDir, as a socket's path must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	dir := filepath.Join(top, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func options(t testing.TB, name string) Options {
	return Options{Dir: folder(t, name), Name: name, Listen: "127.0.0.1:0", Version: "test"}
}

// ticket invites one node.
func (n *testNode) ticket() *Ticket {
	n.t.Helper()
	var token string
	n.insist(func() (err error) {
		token, _, err = n.Invite(n.t.Context())
		return err
	})
	_, at := n.Addr()
	return &Ticket{URL: "https://" + at, Token: token}
}

// until polls what other goroutines and real elections decide when.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s: not in half a minute", what)
		}
	}
}

// voting waits until the node has so many members, all with a vote.
func (n *testNode) voting(count int) {
	n.t.Helper()
	until(n.t, "all have a vote", func() bool {
		all, err := n.log.Members(n.t.Context())
		votes := 0
		for _, m := range all {
			if !m.Learner {
				votes++
			}
		}
		return err == nil && len(all) == count && votes == count && len(members(n.db.View())) == count
	})
}

func (n *testNode) put(k, v string) {
	n.t.Helper()
	n.insist(func() error {
		return n.db.Update(n.t.Context(), func(tx *store.Tx) error { rows.Put(tx, row{k, v}); return nil })
	})
}

// insist does what an election may be in the way of, which comes by itself where disks are slow.
func (n *testNode) insist(do func() error) {
	n.t.Helper()
	until(n.t, "the others agree", func() bool {
		err := do()
		if err != nil && !fault.Is(err, fault.Unavailable) {
			n.t.Fatal(err)
		}
		return err == nil
	})
}

func (n *testNode) reads(k, v string) {
	n.t.Helper()
	until(n.t, n.Name()+" reads "+k, func() bool {
		r, ok := rows.Get(n.db.View(), k)
		return ok && r.V == v
	})
}

// three starts a cluster of three.
func three(t testing.TB, change ...func(*Options)) []*testNode {
	t.Helper()
	var all []*testNode
	for _, name := range []string{"one", "two", "three"} {
		o := options(t, name)
		for _, f := range change {
			f(&o)
		}
		if len(all) > 0 {
			o.Join = all[len(all)-1].ticket()
		}
		n := start(t, o)
		all = append(all, n)
		n.voting(len(all))
	}
	return all
}

func (n *testNode) echo(to Node) (string, error) {
	r, err := n.client(to.ID).Get("https://" + to.Address + "/echo")
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

// again starts a node anew on its folder, as a plain restart does.
func (n *testNode) again() *testNode {
	n.t.Helper()
	n.stop()
	return start(n.t, Options{Dir: n.o.Dir, Version: "test", CertLife: n.o.CertLife})
}

func TestThreeNodesAreOne(t *testing.T) {
	t.Parallel()
	all := three(t)
	all[1].put("a", "1")
	for _, n := range all {
		n.reads("a", "1")
		for _, p := range n.Peers() {
			if said, err := n.echo(Node{ID: p.ID, Address: p.Address}); err != nil || said != p.Name {
				t.Errorf("%s asked %s and heard %q, %v", n.Name(), p.Name, said, err)
			}
		}
	}
	states, err := all[2].Members(t.Context())
	if err != nil || len(states) != 3 {
		t.Fatalf("Members = %v, %v", states, err)
	}
	leaders := 0
	for _, m := range states {
		if m.Role == "leader" {
			leaders++
		}
		if m.State != "up" {
			t.Errorf("%s is %s", m.Name, m.State)
		}
	}
	if leaders != 1 {
		t.Errorf("%d nodes lead", leaders)
	}

	// One goes, and the others go on; it comes back as what it was.
	for i, n := range all {
		if _, leads := n.log.Self(); leads {
			n.stop()
			all[(i+1)%3].put("b", "2")
			all[(i+2)%3].reads("b", "2")
			all[i] = n.again()
			all[i].reads("b", "2")
			break
		}
	}

	// All go, and come back at once.
	for _, n := range all {
		n.stop()
	}
	var wg sync.WaitGroup
	for i, n := range all {
		wg.Go(func() { all[i] = n.again() })
	}
	wg.Wait()
	all[0].put("c", "3")
	all[2].reads("c", "3")
	all[2].reads("a", "1")
}

func TestLoneNodeOpensNoPort(t *testing.T) {
	t.Parallel()
	o := options(t, "lone")
	o.Listen = ""
	n := start(t, o)
	n.put("a", "1")
	if _, err := os.Stat(filepath.Join(o.Dir, "cluster", "etcd.sock")); err == nil {
		t.Error("there is a socket")
	}
	if _, _, err := n.Invite(t.Context()); err == nil {
		t.Error("a node without a port invites")
	}
	before := n.Self()

	// Given a port later, it founds a cluster with what it has.
	n.stop()
	o.Listen = "127.0.0.1:0"
	n = start(t, o)
	if after := n.Self(); after.ID != before.ID || after.Member != before.Member {
		t.Errorf("it was %v and is %v", before, after)
	}
	second := options(t, "second")
	second.Join = n.ticket()
	m := start(t, second)
	m.reads("a", "1")
	m.voting(2)
}
