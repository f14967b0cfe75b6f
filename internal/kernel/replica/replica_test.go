package replica_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/blobtest"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/replica"
)

// A testNode is one of several nodes in this process.
type testNode struct {
	*replica.Store
	local  blob.Store
	peer   replica.Peer
	way    http.Handler // to the node; tests put faults in it
	dead   atomic.Bool  // answers nobody
	full   atomic.Bool  // has no room
	going  atomic.Bool  // is drained
	server *httptest.Server
}

// nodes makes so many nodes that know each other, over local stores that make returns.
func nodes(t *testing.T, count int, local func(t *testing.T) blob.Store) []*testNode {
	t.Helper()
	all := make([]*testNode, count)
	for i := range all {
		n := &testNode{local: local(t)}
		n.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n.dead.Load() {
				panic(http.ErrAbortHandler)
			}
			n.way.ServeHTTP(w, r)
		}))
		n.server.Config.ErrorLog = nil
		t.Cleanup(n.server.Close)
		id := fmt.Sprint("node", i)
		n.peer = replica.Peer{ID: id, Name: id, Address: n.server.Listener.Addr().String(), HTTP: n.server.Client()}
		all[i] = n
	}
	for _, n := range all {
		others := func() (out []replica.Peer) {
			for _, o := range all {
				if o != n {
					p := o.peer
					p.Drained = o.going.Load()
					out = append(out, p)
				}
			}
			return out
		}
		n.Store = replica.New(n.local, replica.Options{Self: n.peer.ID, Peers: others, Drained: n.going.Load, AnswerWithin: time.Minute, Full: n.full.Load})
		n.way = n.Handler()
	}
	return all
}

func memory(*testing.T) blob.Store { return new(blob.Memory) }

// onDisk is a disk that knows where it is.
type onDisk struct {
	*blob.Disk
	dir string
}

func disk(t *testing.T) blob.Store {
	dir := filepath.Join(t.TempDir(), "blobs")
	d, err := blob.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return onDisk{d, dir}
}

// everywhere deletes on all nodes, as sweeping on each does, so that what is deleted is not fetched back.
type everywhere struct {
	*replica.Store
	all []*testNode
}

func (e everywhere) Delete(ctx context.Context, h blob.Hash, before time.Time) (bool, error) {
	gone := false
	for _, n := range e.all {
		one, err := n.local.Delete(ctx, h, before)
		if err != nil {
			return gone, err
		}
		gone = gone || one
	}
	return gone, nil
}

func TestStore(t *testing.T) {
	blobtest.TestStore(t, func(t *testing.T) blob.Store {
		all := nodes(t, 3, memory)
		return everywhere{all[0].Store, all}
	})
}

func put(t *testing.T, n *testNode, b []byte) blob.Hash {
	t.Helper()
	h, _, err := n.Put(t.Context(), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func read(n *testNode, h blob.Hash) ([]byte, error) {
	r, err := n.Open(context.Background(), h)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// holders are the nodes on whose own disks the blob is.
func holders(all []*testNode, h blob.Hash) (out []*testNode) {
	for _, n := range all {
		if n.local.Check(context.Background(), h) == nil {
			out = append(out, n)
		}
	}
	return out
}

func TestPutReturnsWhenTwoNodesHaveIt(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, disk)
	for size := range 20 {
		h := put(t, all[size%3], blobtest.Bytes(size*1000))
		if got := len(holders(all, h)); got < 2 {
			t.Fatalf("%d nodes have it", got)
		}
	}
}

// fault wraps the way to a node for requests of one method.
func (n *testNode) fault(method string, f http.HandlerFunc) {
	real := n.way
	n.way = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method {
			f(w, r)
			return
		}
		real.ServeHTTP(w, r)
	})
}

func TestPutPassesOverNodesThatCannot(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	for name, f := range map[string]http.HandlerFunc{
		"dead": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"full": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no space left on device", http.StatusInsufficientStorage)
		},
		"hung": func(http.ResponseWriter, *http.Request) { <-released },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := nodes(t, 3, memory)
			if name == "hung" {
				t.Cleanup(func() { close(released) }) // before the server waits for it
			}
			all[1].fault(http.MethodPut, f)
			for i := range 10 {
				h := put(t, all[0], blobtest.Bytes(100+i))
				if got := holders(all, h); len(got) != 2 || !slices.Contains(got, all[2]) {
					t.Fatalf("%d nodes have it", len(got))
				}
			}
		})
	}
}

func TestPutFailsWhenTooFewCan(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, memory)
	all[1].dead.Store(true)
	all[2].dead.Store(true)
	if _, _, err := all[0].Put(t.Context(), bytes.NewReader(blobtest.Bytes(10))); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("Put = %v; want Unavailable", err)
	}
	all[2].dead.Store(false)
	h := put(t, all[0], blobtest.Bytes(10))
	if got := holders(all, h); len(got) != 2 {
		t.Fatalf("%d nodes have it", len(got))
	}
}

func TestWhatIsElsewhereIsFetchedAndKept(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, disk)
	want := blobtest.Bytes(300_000)
	h, _, err := all[2].local.Put(t.Context(), bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := all[0].Stat(t.Context(), h); err != nil || info.Size != 300_000 {
		t.Errorf("Stat = %v, %v", info, err)
	}
	got, err := read(all[0], h)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
	all[1].dead.Store(true)
	all[2].dead.Store(true)
	if got, err := read(all[0], h); err != nil || !bytes.Equal(got, want) {
		t.Errorf("it was not kept: %v", err)
	}
}

// C5: A node without room keeps nothing more: not its own, not what others give, not what is read through it.
func TestC5FullNodeKeepsNothingAndServesAll(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, disk)
	full := all[1]
	full.full.Store(true)
	if _, _, err := full.Put(t.Context(), bytes.NewReader(blobtest.Bytes(10))); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Put = %v; want Unavailable", err)
	}
	var names []blob.Hash
	for i := range 10 {
		want := blobtest.Bytes(1000 + i)
		h := put(t, all[0], want)
		names = append(names, h)
		if got, err := read(full, h); err != nil || !bytes.Equal(got, want) {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
	}
	if got, _, err := full.Fill(t.Context(), slices.Values(names)); got != 0 || err != nil {
		t.Errorf("Fill got %d, %v", got, err)
	}
	for info, err := range full.local.Walk(t.Context()) {
		t.Errorf("it keeps %v, %v", info, err)
	}
	full.full.Store(false)
	if got, missing, err := full.Fill(t.Context(), slices.Values(names)); got == 0 || missing != 0 || err != nil {
		t.Errorf("with room again, Fill got %d, misses %d, %v", got, missing, err)
	}
}

// C13: Nodes that sweep while another puts what they sweep leave it on two disks.
func TestC13SweepingSparesWhatIsPutMeanwhile(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, disk)
	old := time.Now().Add(-time.Hour)
	for round := range 50 {
		b := blobtest.Bytes(100 + round)
		for _, n := range all {
			h, _, err := n.local.Put(t.Context(), bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(filepath.Join(n.local.(onDisk).dir, h.String()[:2], h.String()), old, old); err != nil {
				t.Fatal(err)
			}
		}
		var both sync.WaitGroup
		for _, n := range all {
			both.Go(func() {
				if _, err := n.Delete(t.Context(), sha256.Sum256(b), old.Add(time.Minute)); err != nil {
					t.Error(err)
				}
			})
		}
		h := put(t, all[round%3], b)
		both.Wait()
		if got := len(holders(all, h)); got < 2 {
			t.Fatalf("round %d: %d nodes have it", round, got)
		}
	}
}

func TestAbsentAndUnreachableAreTwoThings(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, memory)
	absent := blob.Hash{1}
	if _, err := read(all[0], absent); !errors.Is(err, blob.ErrNotFound) || fault.Is(err, fault.Unavailable) {
		t.Errorf("absent: %v", err)
	}
	all[1].dead.Store(true)
	if _, err := read(all[0], absent); !fault.Is(err, fault.Unavailable) {
		t.Errorf("unreachable: %v", err)
	}
	if _, err := all[0].Stat(t.Context(), absent); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Stat of unreachable: %v", err)
	}
}

func TestC8CorruptBytesAreHealedAndNeverServed(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, disk)
	want := blobtest.Bytes(200_000)
	h := put(t, all[0], want)
	// The bytes on this node's own disk rot.
	rot(t, all[0], h)
	if got, err := read(all[0], h); !errors.Is(err, blob.ErrCorrupt) || len(got) >= len(want) {
		t.Fatalf("rotten: read %d bytes, %v", len(got), err)
	}
	if got, err := read(all[0], h); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("it was not healed: %v", err)
	}
	if all[0].Stats().Healed != 1 {
		t.Errorf("Stats = %+v", all[0].Stats())
	}
	// A node that sends rot is not believed.
	h = put(t, all[1], blobtest.Bytes(1000))
	for _, n := range []*testNode{all[1], all[2]} {
		n.fault(http.MethodGet, func(w http.ResponseWriter, _ *http.Request) { w.Write(blobtest.Bytes(999)) })
	}
	if _, err := all[0].local.Delete(t.Context(), h, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, err := read(all[0], h); err == nil {
		t.Errorf("served %d bytes of another blob", len(got))
	}
	if len(slices.Collect(keys(t, all[0].local))) != 1 {
		t.Error("what was not believed was kept")
	}
}

// rot flips a bit on the node's disk.
func rot(t *testing.T, n *testNode, h blob.Hash) {
	t.Helper()
	path := filepath.Join(n.local.(onDisk).dir, h.String()[:2], h.String())
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func keys(t *testing.T, s blob.Store) iter.Seq[blob.Hash] {
	return func(yield func(blob.Hash) bool) {
		for info, err := range s.Walk(t.Context()) {
			if err != nil {
				t.Error(err)
				return
			}
			if !yield(info.Hash) {
				return
			}
		}
	}
}

// names are the hashes as rows would name them.
func names(hashes []blob.Hash) iter.Seq[blob.Hash] { return slices.Values(hashes) }

func TestEveryBlobHasItsCopiesAgain(t *testing.T) {
	t.Parallel()
	all := nodes(t, 4, memory)
	var hashes []blob.Hash
	for i := range 40 {
		hashes = append(hashes, put(t, all[i%3], blobtest.Bytes(500+i)))
	}
	fill := func() {
		for _, n := range all {
			if n.dead.Load() {
				continue
			}
			if _, missing, err := n.Fill(t.Context(), names(hashes)); err != nil || missing > 0 {
				t.Fatalf("Fill = %d missing, %v", missing, err)
			}
		}
	}
	fill()
	all[1].dead.Store(true)
	alive := slices.DeleteFunc(slices.Clone(all), func(n *testNode) bool { return n.dead.Load() })
	fill() // silent once may be a restart
	fill() // silent twice is gone
	for _, h := range hashes {
		if got := len(holders(alive, h)); got < 2 {
			t.Errorf("%d living nodes have %s", got, h)
		}
	}
	// Whoever joined last has its share, too.
	if count := len(slices.Collect(keys(t, all[3].local))); count < 5 || count > 35 {
		t.Errorf("the fourth node has %d of 40", count)
	}
}

func TestSoleCountsWhatWouldBeLost(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, memory)
	safe := put(t, all[0], blobtest.Bytes(10))
	at := func(n *testNode, size int) blob.Hash {
		h, _, err := n.local.Put(t.Context(), bytes.NewReader(blobtest.Bytes(size)))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	own, theirs := at(all[0], 20), at(all[2], 30)
	hashes := names([]blob.Hash{safe, own, theirs})
	for i, want := range []int{1, 0, 1} {
		if got, err := all[0].Sole(t.Context(), []string{all[i].peer.ID}, hashes); err != nil || got != want {
			t.Errorf("only on node %d: %d, %v; want %d", i, got, err, want)
		}
	}
	nowhere := blob.Hash{1}
	if got, err := all[0].Sole(t.Context(), []string{all[0].peer.ID, all[2].peer.ID}, names([]blob.Hash{safe, own, theirs, nowhere})); err != nil || got < 2 || got > 3 {
		t.Errorf("only on nodes 0 and 2: %d, %v; want the two, and the third if it lies there", got, err)
	}
	if got, err := all[0].Sole(t.Context(), []string{all[1].peer.ID}, names([]blob.Hash{nowhere})); err != nil || got != 0 {
		t.Errorf("what nobody has would be lost with node 1: %d, %v", got, err)
	}
	all[1].dead.Store(true)
	if _, err := all[0].Sole(t.Context(), []string{all[0].peer.ID}, hashes); err == nil {
		t.Error("it was counted without asking all")
	}
}

// What lies on a drained node counts as nothing: what is put lies on as many others, wherever it was put, and what
// was there before the others fetch.
func TestDrainedNodeIsNoCopy(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3, memory)
	var before, after []blob.Hash
	for i := range 20 {
		before = append(before, put(t, all[2], blobtest.Bytes(100+i)))
	}
	all[2].going.Store(true)
	for i := range 20 {
		after = append(after, put(t, all[i%3], blobtest.Bytes(200+i)))
	}
	lacks := func(of []blob.Hash) (n int) {
		for _, h := range of {
			for _, stays := range all[:2] {
				if _, err := stays.local.Stat(t.Context(), h); err != nil {
					n++
				}
			}
		}
		return n
	}
	if n := lacks(after); n > 0 {
		t.Errorf("%d copies are missing of what was put since", n)
	}
	if lacks(before) == 0 {
		t.Fatal("nothing is to be fetched")
	}
	for _, n := range all {
		if _, missing, err := n.Fill(t.Context(), names(slices.Concat(before, after))); missing > 0 || err != nil {
			t.Errorf("Fill misses %d, %v", missing, err)
		}
	}
	if n := lacks(before); n > 0 {
		t.Errorf("%d copies are missing of what there was", n)
	}
	// Better there than nowhere, while too few of the others can be reached.
	all[1].dead.Store(true)
	if h := put(t, all[0], blobtest.Bytes(300)); lacks([]blob.Hash{h}) != 1 {
		t.Error("a dead node has it")
	} else if _, err := all[2].local.Stat(t.Context(), h); err != nil {
		t.Errorf("the drained node lacks it: %v", err)
	}
}

func TestNodeRefusesBytesOfAnotherBlob(t *testing.T) {
	t.Parallel()
	n := nodes(t, 1, memory)[0]
	for _, c := range []struct {
		path, body string
		length     int64
		want       int
	}{
		{"/blob/" + blob.Hash{}.String(), "x", 1, http.StatusUnprocessableEntity},
		{"/blob/nonsense", "x", 1, http.StatusBadRequest},
		{"/blob/" + blob.Hash{}.String(), "x", -1, http.StatusLengthRequired},
	} {
		r := httptest.NewRequest(http.MethodPut, c.path, bytes.NewReader([]byte(c.body)))
		r.ContentLength = c.length
		w := httptest.NewRecorder()
		n.way.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("PUT %s: %d, want %d", c.path, w.Code, c.want)
		}
	}
	if len(slices.Collect(keys(t, n.local))) > 0 {
		t.Error("something was kept")
	}
}
