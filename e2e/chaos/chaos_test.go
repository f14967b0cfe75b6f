//go:build linux

// Package chaos lets many clients work while everything goes wrong that may go wrong with machines, and
// then demands that what they were told holds together: that one order of all deeds explains it, that
// nothing acknowledged is lost, and that nothing revoked works on.
//
// The tests are short by default. -chaos 10m makes them long, -seed repeats what a run did.
package chaos

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/e2e/fleet"
)

var (
	long = flag.Duration("chaos", 0, "for how long everything goes wrong; zero does each thing once")
	seed = flag.Uint64("seed", 0, "seed of what goes wrong; zero takes one by chance and says which")
)

// program is the hexhub that all tests run.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hexhub-chaos")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := func(ctx context.Context, dir string) (string, error) { return fleet.Build(ctx, dir) }
	if *long > 0 {
		build = fleet.BuildStepped
	}
	if program, err = build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// chance returns what decides by chance in a test, and says how to repeat it.
func chance(t *testing.T) (*rand.Rand, uint64) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("repeat this with -seed %d", s)
	return rand.New(rand.NewPCG(s, 0)), s
}

// folder is where a test's nodes live. It stays if the test fails.
func folder(t *testing.T) string {
	dir, err := os.MkdirTemp("", "chaos") //nolint:usetesting // TempDir would go when the test fails
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("data and logs of the nodes are in %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, o fleet.Options) *fleet.Fleet {
	t.Helper()
	o.Program = program
	f, err := fleet.Start(t.Context(), o)
	t.Cleanup(func() {
		for _, n := range f.Nodes {
			if t.Failed() {
				if err := errors.Join(n.Kill(), n.Save()); err != nil {
					t.Log(err)
				}
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Each node has a disk of its own. etcd takes up to seven write-ahead segments of 64 MB; below the reserve nothing new
// is taken in.
const (
	ownDisk = 768 << 20 // bytes
	reserve = 32 << 20  // bytes
)

// C2, C5, C6, C20: A lone node loses nothing and contradicts itself in nothing, whatever happens to it.
func TestOneNode(t *testing.T) { suffer(t, 1) }

// C2, C3, C5, C6, C8, C9, C20: Three nodes are one, lose nothing and contradict nobody, whatever happens to
// one of them.
func TestThreeNodes(t *testing.T) { suffer(t, 3) }

// suffer runs the load on so many nodes while things go wrong, and judges.
func suffer(t *testing.T, nodes int) {
	t.Parallel()
	random, s := chance(t)
	dir := folder(t)
	f := start(t, fleet.Options{Dir: dir, Nodes: nodes, Disk: ownDisk, Apart: true, Env: []string{fmt.Sprint("HEXHUB_DISK_RESERVE=", reserve)}})
	if why := f.Apart(); nodes > 1 && why == nil {
		t.Log("each node has a network of its own")
	} else if nodes > 1 {
		t.Logf("the nodes share the loopback: %v", why)
	}
	l, err := newLoad(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	working, stop := context.WithCancel(t.Context())
	defer stop()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		l.run(working, s)
	}()
	e := &evil{t: t, fleet: f, load: l, rand: random, done: map[string]int{}}
	e.run()
	stop()
	<-worked
	if t.Failed() {
		return
	}
	judge(t, l, s, dir)
	e.tell()
}

// judge looks at everything when all is quiet again.
func judge(t *testing.T, l *load, seed uint64, dir string) {
	t.Helper()
	for _, n := range l.fleet.Nodes {
		if err := n.AwaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	l.lookAtAll(t.Context(), seed)
	l.history.check(t, dir)
	for _, w := range l.wrong {
		t.Error(w)
	}
	for _, n := range l.fleet.Nodes {
		for _, lost := range l.missing(t.Context(), n) {
			t.Errorf("acknowledged, and not on %s: %s", n.Name, lost)
		}
		if verdict, err := n.Run(t.Context(), "audit", "verify"); err != nil {
			t.Errorf("%v\n%s", err, verdict)
		}
	}
	copies(t, l)
	first := l.fleet.Nodes[0]
	for _, n := range l.fleet.Nodes[1:] {
		if err := l.sameBeforeLong(t.Context(), first, n, "/repo/versions", "/repo/names", "/api/packages", "/api/keys"); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d releases were acknowledged and are there", len(l.acked))
	for _, what := range slices.Sorted(maps.Keys(l.counts)) {
		t.Logf("%7d × %s", l.counts[what], what)
	}
}

// copies demands each acknowledged tarball on two disks, or on one where there is no other.
func copies(t *testing.T, l *load) {
	t.Helper()
	var disks []map[string]string
	for _, n := range l.fleet.Nodes {
		blobs, err := n.Blobs()
		if err != nil {
			t.Fatal(err)
		}
		disks = append(disks, blobs)
	}
	for release, sum := range l.acked {
		found := 0
		for _, blobs := range disks {
			if _, ok := blobs[sum]; ok {
				found++
			}
		}
		if want := min(2, len(disks)); found < want {
			t.Errorf("the tarball of %s is on %d disks, want %d", release, found, want)
		}
	}
}

// evil does to a fleet what the world does.
type evil struct {
	t     *testing.T
	fleet *fleet.Fleet
	load  *load
	rand  *rand.Rand
	done  map[string]int
}

// A mishap is one thing that goes wrong, and is over when it returns.
type mishap struct {
	what string
	do   func(*evil) error
}

var mishaps = []mishap{
	{"kill -9", (*evil).kill},
	{"kill -STOP", (*evil).pause},
	{"torn record behind the last", (*evil).tear},
	{"flipped bit in the write-ahead log", (*evil).flipWAL},
	{"flipped bit in a blob", (*evil).flipBlob},
}

// full and hungry take a disk that is the node's own, and with it the privilege to mount one.
var (
	full   = mishap{"full disk", (*evil).fillDisk}
	hungry = mishap{"full disk, filled on to the last byte", (*evil).starve}
)

// steps take a program that is long in building, and so are left to long runs.
var steps = []mishap{
	{"clock an hour ahead", func(e *evil) error { return e.step(e.victim(), time.Hour) }},
	{"clock an hour behind", func(e *evil) error { return e.step(e.victim(), -time.Hour) }},
	{"leader's clock an hour ahead", func(e *evil) error { return e.step(e.leader(), time.Hour) }},
	{"leader's clock an hour behind", func(e *evil) error { return e.step(e.leader(), -time.Hour) }},
}

// cuts are what goes wrong between nodes.
var cuts = []mishap{
	{"a node is cut off", (*evil).isolate},
	{"two nodes are cut off from each other", (*evil).part},
}

// run lets one thing after another go wrong: each once, or by chance for as long as the flag says.
func (e *evil) run() {
	all := mishaps
	if *long > 0 {
		all = slices.Concat(all, steps)
	}
	if len(e.fleet.Nodes) > 1 {
		all = slices.Concat(all, cuts)
	}
	switch {
	case !e.fleet.Nodes[0].OwnDisk():
		e.t.Log("no disk gets full: a small one takes the privilege to mount")
	case *long > 0:
		all = append(all, full, hungry)
	default:
		all = append(all, full)
	}
	for e.acknowledged() < 20 && !e.t.Failed() && time.Since(e.load.history.start) < time.Minute {
		e.wait(50*time.Millisecond, 100*time.Millisecond) // so that there is something to lose
	}
	order := e.rand.Perm(len(all))
	for began, i := time.Now(), 0; ; i++ {
		m := all[order[i%len(order)]]
		if i >= len(order) {
			if time.Since(began) >= *long {
				break
			}
			m = all[e.rand.IntN(len(all))]
		}
		e.t.Logf("%6.1f s: %s", time.Since(e.load.history.start).Seconds(), m.what)
		if err := m.do(e); err != nil {
			e.t.Errorf("%s: %v", m.what, err)
			return
		}
		e.done[m.what]++
		e.wait(time.Second, 2*time.Second)
	}
}

// wait lets the load work on for some time between the two.
func (e *evil) wait(least, most time.Duration) {
	select {
	case <-time.After(least + time.Duration(e.rand.Int64N(int64(most-least)))):
	case <-e.t.Context().Done():
	}
}

func (e *evil) tell() {
	for _, what := range slices.Sorted(maps.Keys(e.done)) {
		e.t.Logf("%7d × %s", e.done[what], what)
	}
}

// victim is some node, and every other time the leader, who would be missed most.
func (e *evil) victim() *fleet.Node {
	if e.rand.IntN(2) == 0 {
		return e.leader()
	}
	return e.fleet.Nodes[e.rand.IntN(len(e.fleet.Nodes))]
}

// leader is the node that leads, or some node while nobody does.
func (e *evil) leader() *fleet.Node {
	if leader, err := e.fleet.Leader(e.t.Context()); err == nil {
		return leader
	}
	return e.fleet.Nodes[e.rand.IntN(len(e.fleet.Nodes))]
}

// C2: The process is killed amid everything.
func (e *evil) kill() error {
	n := e.victim()
	if err := n.Kill(); err != nil {
		return err
	}
	return n.Start(e.t.Context())
}

// C20: The process hangs, and then goes on as if nothing had happened.
func (e *evil) pause() error {
	n := e.victim()
	if err := n.Pause(); err != nil {
		return err
	}
	if *long > 0 {
		e.wait(10*time.Second, time.Minute)
	} else {
		e.wait(2*time.Second, 4*time.Second)
	}
	if err := n.Resume(); err != nil {
		return err
	}
	return n.AwaitReady(e.t.Context())
}

// C6: The power went amid a write. That record was promised to nobody, and is dropped.
func (e *evil) tear() error {
	n := e.victim()
	if err := n.Kill(); err != nil {
		return err
	}
	if _, err := n.TearWAL(); err != nil {
		return err
	}
	return n.Start(e.t.Context())
}

// C6: A record that was promised is damaged. The node refuses to start rather than forget it.
func (e *evil) flipWAL() error {
	return e.refused(func(n *fleet.Node) (*fleet.Damage, error) { return n.FlipWAL(e.rand) })
}

// refused damages a node, demands that it does not start, and makes it whole again.
func (e *evil) refused(damage func(*fleet.Node) (*fleet.Damage, error)) error {
	n := e.victim()
	if err := n.Kill(); err != nil {
		return err
	}
	d, err := damage(n)
	if err != nil {
		return err
	}
	switch err := n.Start(e.t.Context()).(type) { //nolint:errorlint // AwaitReady returns it bare
	case nil:
		return fmt.Errorf("%s starts in spite of a %s (%s)", n.Name, d.What, d.Path)
	case *fleet.EndedError:
	default:
		return err
	}
	if err := d.Undo(); err != nil {
		return err
	}
	return n.Start(e.t.Context())
}

// C8: A blob is damaged. Nobody is given it, and where there is another copy it is made whole by that.
func (e *evil) flipBlob() error {
	release, sum := e.someAcked()
	n, err := e.holder(sum)
	if err != nil {
		return err
	}
	if err := n.Kill(); err != nil {
		return err
	}
	d, err := n.FlipBlob(sum, e.rand)
	if err != nil {
		return err
	}
	if err := n.Start(e.t.Context()); err != nil {
		return err
	}
	path := "/repo/tarballs/" + strings.Replace(release, "/", "-", 1) + ".tar"
	get := func() (whole bool, err error) {
		a, err := e.load.nobody.Do(e.t.Context(), n, "GET", path, nil, 0)
		if err == nil && a.Status == 200 && sumOf(a.Body) != sum {
			return false, fmt.Errorf("%s serves a tarball of %s with a %s", n.Name, release, d.What)
		}
		return err == nil && a.Status == 200, nil
	}
	if _, err := get(); err != nil {
		return err
	}
	if len(e.fleet.Nodes) == 1 {
		return d.Undo()
	}
	if whole, err := get(); err != nil || !whole {
		return errors.Join(err, fmt.Errorf("%s has not healed the tarball of %s, which has a %s", n.Name, release, d.What))
	}
	return nil
}

// holder is a node that has the blob on its own disk.
func (e *evil) holder(sum string) (*fleet.Node, error) {
	for _, i := range e.rand.Perm(len(e.fleet.Nodes)) {
		blobs, err := e.fleet.Nodes[i].Blobs()
		if err != nil {
			return nil, err
		}
		if _, ok := blobs[sum]; ok {
			return e.fleet.Nodes[i], nil
		}
	}
	return nil, fmt.Errorf("no node has blob %s", sum)
}

// C4: The clock of a node is set to another time, and later set right.
func (e *evil) step(n *fleet.Node, by time.Duration) error {
	if err := n.StepClock(by); err != nil {
		return err
	}
	e.wait(3*time.Second, 6*time.Second)
	return n.StepClock(0)
}

// C3, C9: Nothing passes between a node and the others for a while. They go on without it; it takes in nothing,
// says so before long, and serves what it has.
func (e *evil) isolate() error {
	n := e.victim()
	if err := e.fleet.Isolate(n); err != nil {
		return err
	}
	for _, other := range e.fleet.Nodes {
		if other != n {
			if err := e.takes(other); err != nil {
				return fmt.Errorf("%s is cut off, and %w", n.Name, err)
			}
		}
	}
	if err := errors.Join(e.refuses(n), e.serves(n)); err != nil {
		return fmt.Errorf("it is cut off: %w", err)
	}
	if *long > 0 {
		e.wait(2*time.Second, time.Minute) // what systems make of a long silence is another thing
	} else {
		e.wait(2*time.Second, 4*time.Second)
	}
	return e.mended(n)
}

// C3, C9: Two nodes do not hear each other, and the third hears both. If the leader is among the two, the other one
// is as good as cut off from all; everybody else goes on.
func (e *evil) part() error {
	i := e.rand.IntN(len(e.fleet.Nodes))
	a, b := e.fleet.Nodes[i], e.fleet.Nodes[(i+1)%len(e.fleet.Nodes)]
	if err := e.fleet.Cut(a, b); err != nil {
		return err
	}
	e.wait(3*time.Second, 5*time.Second)
	leader, err := e.fleet.Leader(e.t.Context())
	if err != nil {
		return err
	}
	for _, n := range e.fleet.Nodes {
		if err := e.serves(n); err != nil {
			return fmt.Errorf("%s and %s are cut off from each other, and %w", a.Name, b.Name, err)
		}
		if leader == a && n == b || leader == b && n == a {
			err = e.refuses(n)
		} else {
			err = e.takes(n)
		}
		if err != nil {
			return fmt.Errorf("%s and %s are cut off from each other, %s leads, and %w", a.Name, b.Name, leader.Name, err)
		}
	}
	return errors.Join(e.mended(a), e.mended(b))
}

// refuses demands that a node takes no release and says so before long.
func (e *evil) refuses(n *fleet.Node) error {
	told, err := e.publish(n, 0)
	for try := 1; try < 4 && errors.Is(err, context.DeadlineExceeded); try++ { // a busy machine sees it later
		told, err = e.publish(n, 0)
	}
	if err != nil || told.Status != http.StatusServiceUnavailable {
		return errors.Join(err, fmt.Errorf("publishing through %s is told %d %.300s", n.Name, told.Status, told.Body))
	}
	return nil
}

// mended lets everything through again, and demands that a node works with the others before half a minute is over.
func (e *evil) mended(n *fleet.Node) error {
	if err := e.fleet.Mend(); err != nil {
		return err
	}
	if err := e.takes(n); err != nil {
		return fmt.Errorf("all is mended, and %w", err)
	}
	return nil
}

// serves demands that a node answers who reads what is public.
func (e *evil) serves(n *fleet.Node) error {
	told, err := e.load.nobody.Do(e.t.Context(), n, http.MethodGet, "/repo/versions", nil, 0)
	if err != nil || told.Status != http.StatusOK {
		return errors.Join(err, fmt.Errorf("%s answers %d to who reads", n.Name, told.Status))
	}
	return nil
}

// C5: Somebody fills a node's disk up to its reserve. It lives, serves, and refuses what is new with words; the others work on; once
// there is space again so does it.
func (e *evil) fillDisk() error {
	n := e.victim()
	if err := n.FillDisk(reserve - 8<<20); err != nil {
		return err
	}
	e.wait(300*time.Millisecond, time.Second) // it looks ten times a second
	told, err := e.publish(n, e.load.seen.Load())
	if err != nil || told.Status != http.StatusServiceUnavailable || !bytes.Contains(told.Body, []byte("disk")) {
		return errors.Join(err, fmt.Errorf("publishing through %s, whose disk is full, is told %d %.300s", n.Name, told.Status, told.Body))
	}
	e.wait(2*time.Second, 4*time.Second)
	for _, other := range e.fleet.Nodes {
		if other != n {
			if err := e.takes(other); err != nil {
				return fmt.Errorf("the disk of %s is full, and %w", n.Name, err)
			}
		}
	}
	if err := e.serves(n); err != nil {
		return fmt.Errorf("its disk is full, and %w", err)
	}
	return e.freed(n)
}

// C5: Somebody fills a node's disk and takes each byte that it frees in its need as well. It may end, and does no
// more harm than if it were killed.
func (e *evil) starve() error {
	n := e.victim()
	for range 20 {
		if err := n.FillDisk(0); err != nil {
			return err
		}
		e.wait(100*time.Millisecond, 200*time.Millisecond)
	}
	return e.freed(n)
}

// freed frees a node's disk, and demands that the node works again.
func (e *evil) freed(n *fleet.Node) error {
	if err := n.FreeDisk(); err != nil {
		return err
	}
	if !n.Up() {
		e.t.Logf("%s did not survive its full disk", n.Name)
		if err := n.Start(e.t.Context()); err != nil {
			return err
		}
	}
	if err := n.AwaitReady(e.t.Context()); err != nil {
		return err
	}
	if err := e.takes(n); err != nil {
		return fmt.Errorf("space was freed, and %w", err)
	}
	return nil
}

// takes demands that a node takes a release before long.
func (e *evil) takes(n *fleet.Node) error {
	var told fleet.Answer
	var err error
	for began := time.Now(); time.Since(began) < 30*time.Second; e.wait(100*time.Millisecond, 200*time.Millisecond) {
		if told, err = e.publish(n, e.load.seen.Load()); err == nil && told.Status == http.StatusCreated {
			return nil
		}
	}
	return errors.Join(err, fmt.Errorf("%s takes no release: %d %.300s", n.Name, told.Status, told.Body))
}

// publish publishes a package of its own through a node, which must have seen a revision unless it is zero.
func (e *evil) publish(n *fleet.Node, revision int64) (fleet.Answer, error) {
	name := e.load.newPackage()
	file := fleet.Tarball(name, "1.0.0", name)
	a, err := e.load.owner.Do(e.t.Context(), n, http.MethodPost, "/api/publish", file, revision)
	if a.Status == http.StatusCreated {
		e.load.mu.Lock()
		defer e.load.mu.Unlock()
		e.load.acked[name+"/1.0.0"] = sumOf(file)
	}
	return a, err
}

func (e *evil) acknowledged() int {
	e.load.mu.Lock()
	defer e.load.mu.Unlock()
	return len(e.load.acked)
}

// someAcked is a release that is there for sure, and the checksum of its tarball.
func (e *evil) someAcked() (release, sum string) {
	e.load.mu.Lock()
	defer e.load.mu.Unlock()
	all := slices.Sorted(maps.Keys(e.load.acked))
	release = all[e.rand.IntN(len(all))]
	return release, e.load.acked[release]
}
