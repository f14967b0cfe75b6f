// Package replica keeps each blob on the disks of several nodes.
//
// It knows hashes, other nodes and how many copies there are to be; it does not know what names a blob, how
// nodes come to trust each other, or when a blob may go. A [Store] is a blob.Store over that of this node:
// what Put has acknowledged lies on so many disks, what is not here is fetched from where it is, and what rots
// here is healed from there. [Store.Fill] sees to it that this node has what is its own to hold.
//
// DESIGN.md beside this file argues why nothing is lost by it.
package replica

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/flight"
	"hexhub/internal/kernel/trace"
)

// A Peer is another node. Its blobs are asked for at https://Address/blob/ by HTTP, which only lets nodes speak
// to each other.
type Peer struct {
	ID, Name, Address string
	Drained           bool // is about to go, so what only it has is not safe
	HTTP              *http.Client
}

// Options say who the others are. The zero value is a node that stays alone.
type Options struct {
	Self    string        // id of this node
	Peers   func() []Peer // all others, answering or not; nil means none
	Drained func() bool   // whether this node is; nil means that it is not
	Copies  int           // disks that a blob lies on before Put returns, as far as there are as many nodes; zero means 2
	Full    func() bool   // whether this node's disk has room for no blob more; nil means never
	Log     *slog.Logger  // nil discards

	// AnswerWithin is how long another node may take to answer; bytes add as long as they take at slowest. Zero means
	// ten seconds.
	AnswerWithin time.Duration
}

// The bounds of what is asked of another node.
const (
	slowest    = 256 << 10       // bytes a second
	impatience = 2 * time.Second // after which one more node is asked, too
)

// A Store is the blobs of this node and, through Open, Stat and Put, those of the others. Delete, Check and Walk
// are about this node alone. All methods may be called concurrently.
type Store struct {
	blob.Store // of this node
	o          Options
	log        *slog.Logger
	fetching   flight.Group[struct{}]
	failed     sync.Map // of time.Time by id of a peer: when it last did not do as it was asked
	silent     sync.Map // of int by id of a peer: how many rounds of Fill in a row it has not answered
	stats      counters
}

type counters struct{ missing, fetched, healed atomic.Int64 }

// Stats are numbers for metrics.
type Stats struct {
	Missing int64 // blobs that this node is to hold and lacks, as the last round of Fill found and as far as it has got
	Fetched int64 // blobs that came from another node
	Healed  int64 // corrupt blobs that were replaced from another node
}

// New returns the store over that of this node.
func New(local blob.Store, o Options) *Store {
	if o.Peers == nil {
		o.Peers = func() []Peer { return nil }
	}
	if o.Full == nil {
		o.Full = func() bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Drained == nil {
		o.Drained = func() bool { return false }
	}
	o.Copies, o.AnswerWithin = cmp.Or(o.Copies, 2), cmp.Or(o.AnswerWithin, 10*time.Second)
	return &Store{Store: local, o: o, log: o.Log}
}

// Stats returns the numbers as of now.
func (s *Store) Stats() Stats {
	return Stats{Missing: s.stats.missing.Load(), Fetched: s.stats.fetched.Load(), Healed: s.stats.healed.Load()}
}

// Put implements blob.Store: it returns once this node and as many others as make up the copies have the blob
// durably. A node that is drained is no copy, though it may have one. If too few can be had it fails with
// fault.Unavailable; some may then have it all the same.
func (s *Store) Put(ctx context.Context, r io.Reader) (blob.Hash, int64, error) {
	if s.o.Full() {
		return blob.Hash{}, 0, fault.New(fault.Unavailable, full)
	}
	peers := s.o.Peers()
	need := min(s.elsewhere(), staying(peers))
	if need < 1 {
		return s.Store.Put(ctx, r)
	}
	spooled, ok := r.(*blob.Spooled)
	if !ok {
		var err error
		if spooled, err = s.Spool(ctx, r, math.MaxInt64); err != nil {
			return blob.Hash{}, 0, err
		}
		defer spooled.Close()
	}
	h, size := spooled.Hash(), spooled.Size()
	ctx, cancel := context.WithTimeout(ctx, s.bound(size))
	defer cancel()
	remote := make(chan error, 1)
	go func() { remote <- s.spread(ctx, h, size, spooled, s.order(h, peers), need) }()
	_, _, err := s.Store.Put(ctx, spooled)
	if err != nil {
		cancel() // who reads the bytes ends before the caller may take them away
	}
	return h, size, errors.Join(err, <-remote)
}

// full is what is told of a disk that has no room. It has some, for the log to live on and for what is only passing.
const full = "the server's disk is nearly full, so nothing was stored; " +
	"its administrator must free space on the volume of the data directory, then try again"

// elsewhere is on how many other nodes a blob is to be that this one puts.
func (s *Store) elsewhere() int {
	if s.o.Drained() {
		return s.o.Copies
	}
	return s.o.Copies - 1
}

// staying counts the peers that are not drained.
func staying(peers []Peer) (n int) {
	for _, p := range peers {
		if !p.Drained {
			n++
		}
	}
	return n
}

// bound is how long so many bytes may take.
func (s *Store) bound(size int64) time.Duration {
	return s.o.AnswerWithin + time.Duration(size/slowest)*time.Second
}

// spread has need of the peers keep the blob. It asks them in order: as many as are needed at once, one more for each
// that fails, and one more whenever nobody has answered for a while. It returns when none reads src any more.
func (s *Store) spread(ctx context.Context, h blob.Hash, size int64, src io.ReaderAt, peers []Peer, need int) error {
	ctx, cancel := context.WithCancel(ctx)
	type result struct {
		of  int
		err error
	}
	results := make(chan result, len(peers))
	waiting := map[int]bool{} // for these peers
	asked, kept := 0, 0
	ask := func() {
		if asked == len(peers) {
			return
		}
		i := asked
		asked++
		waiting[i] = true
		go func() { results <- result{i, s.give(ctx, peers[i], h, io.NewSectionReader(src, 0, size))} }()
	}
	for range need {
		ask()
	}
	var errs []error
	wait := time.NewTicker(impatience)
	defer wait.Stop()
	for kept < need && len(waiting) > 0 {
		select {
		case r := <-results:
			if delete(waiting, r.of); r.err == nil {
				kept++
				continue
			}
			errs = append(errs, r.err)
			ask()
		case now := <-wait.C:
			for i := range waiting {
				s.failed.Store(peers[i].ID, now) // so that the next blob need not wait for it
			}
			ask()
		}
	}
	cancel()
	for range waiting {
		if r := <-results; r.err == nil {
			kept++
		}
	}
	if kept >= need {
		return nil
	}
	f := fault.Wrap(fault.Unavailable, errors.Join(errs...), "too few of the other nodes could store this safely; try again")
	f.RetryAfter = time.Second
	return f
}

// give has a peer keep a blob.
func (s *Store) give(ctx context.Context, p Peer, h blob.Hash, r *io.SectionReader) (err error) {
	ctx, span := trace.Child(ctx, "blob give")
	defer func() { span.End(err, slog.String("peer", p.Name), slog.Int64("bytes", r.Size())) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, p.url(h), r)
	if err != nil {
		return err
	}
	req.ContentLength = r.Size()
	if r.Size() == 0 {
		req.Body = http.NoBody
	}
	resp, err := p.HTTP.Do(req)
	if err != nil {
		return s.blame(ctx, p, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return s.blame(ctx, p, statusError(resp))
	}
	s.failed.Delete(p.ID)
	return nil
}

func (p Peer) url(h blob.Hash) string { return "https://" + p.Address + "/blob/" + h.String() }

// statusError tells what a peer answered.
func statusError(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 500)) // as much as comes
	return fmt.Errorf("%s %s", resp.Status, bytes.TrimSpace(text))
}

// blame remembers that a peer failed, unless nobody waited for it any more.
func (s *Store) blame(ctx context.Context, p Peer, err error) error {
	if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		s.failed.Store(p.ID, time.Now())
	}
	return fmt.Errorf("ask node %s: %w", p.Name, err)
}

// recently is for how long a peer that failed is asked last.
const recently = 10 * time.Second

// order sorts peers by who should hold the blob: those that are drained after all others, and those that failed a
// moment ago last.
func (s *Store) order(h blob.Hash, peers []Peer) []Peer {
	type ranked struct {
		peer   Peer
		last   int // the less, the sooner
		weight [sha256.Size]byte
	}
	all := make([]ranked, len(peers))
	for i, p := range peers {
		at, ok := s.failed.Load(p.ID)
		all[i] = ranked{peer: p, weight: weigh(h, p.ID)}
		switch {
		case ok && time.Since(at.(time.Time)) < recently:
			all[i].last = 2
		case p.Drained:
			all[i].last = 1
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.last, b.last), bytes.Compare(b.weight[:], a.weight[:]))
	})
	out := make([]Peer, len(all))
	for i, r := range all {
		out[i] = r.peer
	}
	return out
}

// weigh says how much a node should hold a blob: all nodes agree, and when one goes only its blobs move.
func weigh(h blob.Hash, node string) [sha256.Size]byte {
	return sha256.Sum256(append(h[:], node...))
}

// Open implements blob.Store. A blob that is not here is fetched from another node, and kept if there is room. One
// that turns out to be corrupt while it is read is replaced from another node, so that the next Open is right.
func (s *Store) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	r, err := s.Store.Open(ctx, h)
	if errors.Is(err, blob.ErrNotFound) && len(s.o.Peers()) > 0 {
		if s.o.Full() {
			return s.borrow(ctx, h)
		}
		if err := s.fetch(ctx, h); err != nil {
			return nil, err
		}
		s.stats.fetched.Add(1)
		r, err = s.Store.Open(ctx, h)
	}
	if err != nil {
		return nil, err
	}
	if _, sendable := r.(io.WriterTo); sendable || len(s.o.Peers()) == 0 {
		return r, nil // was checked before, and goes out without us
	}
	return &healing{Reader: r, heal: func() { s.Heal(context.WithoutCancel(ctx), h) }}, nil
}

// healing replaces a blob that it finds corrupt.
type healing struct {
	blob.Reader
	heal func()
}

// Read implements io.Reader.
func (r *healing) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if errors.Is(err, blob.ErrCorrupt) {
		r.heal()
	}
	return n, err
}

// Stat implements blob.Store; what is not here may be elsewhere.
func (s *Store) Stat(ctx context.Context, h blob.Hash) (blob.Info, error) {
	info, err := s.Store.Stat(ctx, h)
	if !errors.Is(err, blob.ErrNotFound) {
		return info, err
	}
	unreachable := false
	for _, p := range s.order(h, s.o.Peers()) {
		info, err := s.statAt(ctx, p, h)
		if err == nil {
			return info, nil
		}
		unreachable = unreachable || !errors.Is(err, blob.ErrNotFound)
	}
	if unreachable {
		return blob.Info{}, errElsewhere(h)
	}
	return blob.Info{}, err
}

func errElsewhere(h blob.Hash) error {
	f := fault.Wrap(fault.Unavailable, fmt.Errorf("blob %s: %w", h, blob.ErrNotFound), "the nodes that may have this file cannot be reached; try again")
	f.RetryAfter = time.Second
	return f
}

func (s *Store) statAt(ctx context.Context, p Peer, h blob.Hash) (blob.Info, error) {
	ctx, cancel := context.WithTimeout(ctx, impatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, p.url(h), nil)
	if err != nil {
		return blob.Info{}, err
	}
	resp, err := p.HTTP.Do(req)
	if err != nil {
		return blob.Info{}, s.blame(ctx, p, err)
	}
	resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		at, err := http.ParseTime(resp.Header.Get("Last-Modified"))
		return blob.Info{Hash: h, Size: resp.ContentLength, Modified: at}, err
	case http.StatusNotFound:
		return blob.Info{}, blob.ErrNotFound
	}
	return blob.Info{}, s.blame(ctx, p, errors.New(resp.Status))
}

// Heal replaces this node's copy of a blob by that of another node, and reports whether it could.
func (s *Store) Heal(ctx context.Context, h blob.Hash) bool {
	if err := s.fetch(ctx, h); err != nil {
		s.log.Error("a corrupt blob could not be replaced from another node", "blob", h.String(), "err", err)
		return false
	}
	s.stats.healed.Add(1)
	s.log.Warn("replaced a corrupt blob from another node", "blob", h.String())
	return true
}

// fetch gets a blob from any other node and keeps it. Those who want the same one wait for one fetch, which goes on
// when they leave. It returns blob.ErrNotFound if no node has it.
func (s *Store) fetch(ctx context.Context, h blob.Hash) error {
	_, err := s.fetching.Do(ctx, h.String(), func(ctx context.Context) (struct{}, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.AnswerWithin*6)
		defer cancel()
		return struct{}{}, s.fromAny(h, s.order(h, s.o.Peers()), func(p Peer) error { return s.take(ctx, p, h) })
	})
	return err
}

// borrow gets a blob from any other node for one reader, and keeps nothing.
func (s *Store) borrow(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	var got *blob.Spooled
	err := s.fromAny(h, s.order(h, s.o.Peers()), func(p Peer) (err error) {
		got, err = s.bytesOf(ctx, p, h)
		return err
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// fromAny calls get for one peer after another until it succeeds.
func (s *Store) fromAny(h blob.Hash, peers []Peer, get func(Peer) error) error {
	unreachable := false
	for _, p := range peers {
		err := get(p)
		if err == nil {
			return nil
		}
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		s.log.Warn("a blob could not be fetched from a node; trying another", "blob", h.String(), "node", p.Name, "err", err)
		unreachable = true
	}
	if unreachable {
		return errElsewhere(h)
	}
	return fmt.Errorf("blob %s is on no node: %w", h, blob.ErrNotFound)
}

// take fetches a blob from one peer and keeps it.
func (s *Store) take(ctx context.Context, p Peer, h blob.Hash) error {
	spooled, err := s.bytesOf(ctx, p, h)
	if err != nil {
		return err
	}
	defer spooled.Close()
	_, _, err = s.Store.Put(ctx, spooled)
	return err
}

// bytesOf fetches a blob from one peer and checks it. The caller closes what it gets.
func (s *Store) bytesOf(ctx context.Context, p Peer, h blob.Hash) (got *blob.Spooled, err error) {
	ctx, span := trace.Child(ctx, "blob fetch")
	defer func() { span.End(err, slog.String("peer", p.Name)) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url(h), nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.HTTP.Do(req)
	if err != nil {
		return nil, s.blame(ctx, p, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil, blob.ErrNotFound
	case resp.StatusCode != http.StatusOK:
		return nil, s.blame(ctx, p, statusError(resp))
	case resp.ContentLength < 0:
		return nil, s.blame(ctx, p, errors.New("it did not say how long the blob is"))
	}
	spooled, err := s.Spool(ctx, resp.Body, resp.ContentLength)
	if err != nil {
		return nil, err
	}
	if spooled.Hash() != h {
		return nil, errors.Join(fmt.Errorf("what node %s sent: %w", p.Name, blob.ErrCorrupt), spooled.Close())
	}
	return spooled, nil
}
