// Package diff tells what was changed between two releases of a package: which files came and went, which lines are
// others, and which words in them; and what the releases require.
//
// It knows files and lines. It refuses to know who may see a release, and how changes are shown. What two releases differ
// in never changes, so it is found once and kept by the checksums of the two: in memory, as much as fits, and on a shelf of
// this node's disk, where it outlasts a restart. Whatever the files hold, finding it takes bounded work: what is too large
// or not text is said to differ and no more, and so is what is left when the work is done.
package diff

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/flight"
	"hexhub/internal/kernel/keep"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/line"
	"hexhub/internal/kernel/pack"
)

// Options are what Diffs may be told. The zero value works.
type Options struct {
	Bytes   int            // of what was found that are kept in memory; zero means 32 MiB
	Work    int            // that a comparison may take, in steps of about a nanosecond; zero means 600 million
	Limiter *limit.Limiter // counts what callers have compared; nil counts nothing
}

const (
	defaultBytes = 32 << 20
	defaultWork  = 600_000_000
	atOnce       = 2  // comparisons that are made
	inLine       = 20 // that wait to be
)

// perCaller is how often somebody may have releases compared that were not compared lately, as on hex.pm.
var perCaller = limit.Rule{Limit: 20, Window: time.Minute}

// Diffs compare releases. They are safe for concurrent use.
type Diffs struct {
	Options
	sources *source.Sources
	shelf   *pack.Shelf
	kept    *keep.Shelf[key, *Comparison]
	flight  flight.Group[*Comparison]
	line    *line.Line // of those who compare, or read what was found, so that it never takes all of a machine
}

// New returns the differences of releases whose files are in sources. The shelf has nothing else on it.
func New(sources *source.Sources, shelf *pack.Shelf, o Options) *Diffs {
	if o.Bytes == 0 {
		o.Bytes = defaultBytes
	}
	if o.Work == 0 {
		o.Work = defaultWork
	}
	return &Diffs{Options: o, sources: sources, shelf: shelf, kept: keep.New[key, *Comparison](o.Bytes), line: line.New(atOnce, inLine)}
}

// A Pair is two releases to compare.
type Pair struct {
	Old, New    catalog.Release
	IgnoreSpace bool // lines that differ in white space only are the same
}

// A key is what a comparison is kept under. A release that is replaced has another.
type key struct {
	old, new tarball.Sum
	space    bool
}

func (p Pair) key() key { return key{p.Old.Outer, p.New.Outer, p.IgnoreSpace} }

func (k key) String() string { return fmt.Sprintf("%s %s %t", k.old, k.new, k.space) }

// Kept returns what was found before, if it is at hand: in memory.
func (d *Diffs) Kept(p Pair) (*Comparison, bool) { return d.kept.Get(p.key()) }

// Written reports whether what was found lies on the disk, from where it is read in little time.
func (d *Diffs) Written(p Pair) bool { return d.shelf.Holds(p.key().name()) }

// Compare tells what was changed between two releases. Who names the caller, who may have only so much compared; what is
// kept is free. The comparison is shared: nobody changes it.
//
// It fails when the files of a release cannot be read now, as when this node waits for them.
func (d *Diffs) Compare(ctx context.Context, who string, p Pair) (*Comparison, error) {
	if c, ok := d.Kept(p); ok {
		return c, nil
	}
	if !d.Written(p) {
		if err := d.count(who, time.Now()); err != nil {
			return nil, err
		}
	}
	kept := func() (*Comparison, bool) { return d.Kept(p) }
	return d.flight.Once(ctx, p.key().String(), kept, func(ctx context.Context) (*Comparison, error) { return d.find(ctx, p) })
}

func (d *Diffs) count(who string, at time.Time) error {
	if d.Limiter == nil || d.Limiter.Allow("diff:"+who, perCaller, at).Allowed {
		return nil
	}
	f := fault.New(fault.Limited, "You had %d pairs of versions compared within a minute, which takes the registry some work. Those that were compared lately can be opened still.", perCaller.Limit)
	f.RetryAfter = perCaller.Rest(at)
	return f
}

// find reads what was found before, or compares, once it is its turn and if somebody still waits for it.
func (d *Diffs) find(ctx context.Context, p Pair) (*Comparison, error) {
	leave, err := d.line.Enter(ctx)
	if errors.Is(err, line.ErrFull) {
		f := fault.Wrap(fault.Unavailable, err, "Many others have versions compared just now.")
		f.RetryAfter = 10 * time.Second
		return nil, f
	}
	if err != nil {
		return nil, fmt.Errorf("wait to compare: %w", err)
	}
	k := p.key()
	c, anew, err := d.turn(ctx, p, leave)
	if err != nil {
		return nil, fmt.Errorf("compare %s %s with %s: %w", p.Old.Ref(), p.Old.Version, p.New.Version, err)
	}
	d.kept.Put(k, c, c.size())
	if anew {
		_ = d.write(ctx, k, c) // if it fails, the same is found again after a restart
	}
	return c, nil
}

// turn reads what was found before, or compares, and gives its place to the next, who need not wait until that is written.
func (d *Diffs) turn(ctx context.Context, p Pair, leave func()) (c *Comparison, anew bool, err error) {
	defer leave()
	if c, ok := d.read(p.key()); ok {
		return c, false, nil
	}
	c, err = d.compare(ctx, p)
	return c, true, err
}

func (d *Diffs) compare(ctx context.Context, p Pair) (c *Comparison, err error) {
	err = d.open(ctx, p, func(before, after *pack.Pack) error {
		c, err = compare(before, after, p.IgnoreSpace, d.Work)
		return err
	})
	return c, err
}

// open has use look into both releases.
func (d *Diffs) open(ctx context.Context, p Pair, use func(before, after *pack.Pack) error) error {
	before, err := d.sources.Open(ctx, p.Old)
	if err != nil {
		return err
	}
	defer before.Close()
	after, err := d.sources.Open(ctx, p.New)
	if err != nil {
		return err
	}
	defer after.Close()
	return use(before, after)
}
