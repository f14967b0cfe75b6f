//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hexhub/bench/report"
)

// A bench knows how much to measure, and with what.
type bench struct {
	dir    string
	rows   int
	rounds int
	each   time.Duration // for which a rate is measured
	nodes  int
	power  bool // may be cut
}

// A line is one row of a table: what is measured, and what each engine is to do for it, if it can.
type line struct {
	chapter, what string
	crowd         crowd
	unit          string
	store, mnesia string
}

// A crowd is clients that do a thing at once.
type crowd struct {
	clients int
	spread  bool // they are of all nodes, and not of one, which is the leader if there is any
}

func (c crowd) String() string {
	if c.spread {
		return fmt.Sprintf("%d, on all nodes", c.clients)
	}
	return strconv.Itoa(c.clients)
}

// A promise is what holds when a write is acknowledged, and the deed with which each engine makes it; none
// where it has no such deed.
type promise struct{ what, store, mnesia string }

var promises = []promise{
	{"all nodes have voted for it, in memory (`transaction`)", "", "transaction"},
	{"all nodes have applied it, in memory (`sync_transaction`)", "", "sync_transaction"},
	{"it is on the disks of two nodes of three (`sync_transaction`, then `sync_log` on two)", "update", "disk2"},
	{"it is on the disks of all nodes (`sync_transaction`, then `sync_log` on all)", "", "disk3"},
}

// loose are promises outside of transactions.
var loose = []promise{
	{"one node has it, in memory (`dirty_write`)", "", "dirty"},
	{"all nodes have applied it, in memory (`sync_dirty`)", "", "sync_dirty"},
}

// lasting is the promise of what outlives a power cut. Mnesia starts from the disk of whichever node comes first,
// so a row must be on all.
var lasting = promise{store: promises[2].store, mnesia: promises[3].mnesia}

// deed is what the engine does to keep the promise; empty if it cannot.
func (p promise) deed(e engine) string {
	if e.name == storeName {
		return p.store
	}
	return p.mnesia
}

const (
	changing = "Transactions: read a row, change it, write it"
	writing  = "Writing one row without reading it"
	reading  = "Reading on one node"
)

// rates are all rates that are measured, in the order in which they are.
func rates() []line {
	var all []line
	one, many, spread := crowd{clients: 1}, crowd{clients: 64}, crowd{clients: 64, spread: true}
	for _, p := range promises {
		for _, c := range []crowd{one, many, spread} {
			all = append(all, line{changing, p.what, c, "transactions/s", p.store, p.mnesia})
		}
	}
	for _, p := range slices.Concat(loose, promises) {
		put := p
		put.mnesia = "put_" + p.mnesia
		if p.store != "" {
			put.store = "put_" + p.store
		}
		for _, c := range []crowd{one, many} {
			all = append(all, line{writing, p.what, c, "rows/s", put.store, put.mnesia})
		}
	}
	indexed := fmt.Sprintf("%d rows by index, ", perPackage)
	for _, c := range []crowd{one, many} {
		all = append(
			all,
			line{reading, "a row by key, in a View or a transaction", c, "reads/s", "read", "read"},
			line{reading, "a row by key, in a View or dirty", c, "reads/s", "read", "dirty_read"},
			line{reading, indexed + "in a View or a transaction", c, "lookups/s", "index_read", "index_read"},
			line{reading, indexed + "in a View or dirty", c, "lookups/s", "index_read", "dirty_index_read"},
		)
	}
	return all
}

// A finding is a cell: what a line, or something else that was measured, came to with one engine.
type finding map[string]string

// measure finds all there is to find about one engine.
func (b *bench) measure(ctx context.Context, e engine) (finding, error) {
	found := finding{}
	dir, err := os.MkdirTemp(b.dir, "fleet")
	if err != nil {
		return nil, err
	}
	err = b.with(ctx, e, dir, b.rows, func(f *fleet) error {
		for _, part := range []func(context.Context, *fleet, finding) error{b.loading, b.repeating, b.returning, b.dying} {
			if err := part(ctx, f, found); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		return nil, err
	}
	return found, b.losing(ctx, e, found)
}

// with runs a fleet for as long as do takes.
func (b *bench) with(ctx context.Context, e engine, dir string, rows int, do func(*fleet) error) (err error) {
	f, err := startFleet(ctx, e, dir, rows, b.nodes)
	defer func() { err = errors.Join(err, f.close()) }()
	if err != nil {
		return err
	}
	return do(f)
}

const (
	version    = "version"
	loadTime   = "loading all rows, a thousand in a transaction"
	memory     = "memory of a node with them"
	restart    = "SIGKILL of one node, started again → it serves all rows"
	wiped      = "a node that lost its disk, removed and joined anew → it serves all rows"
	nextMedian = "SIGKILL of one node (the leader, if any) → next acknowledged write, median"
	nextWorst  = "SIGKILL of one node (the leader, if any) → next acknowledged write, worst"
)

// loading fills the tables, through one node.
func (b *bench) loading(_ context.Context, f *fleet, found finding) error {
	leader, err := f.leader()
	if err != nil {
		return err
	}
	if found[version], err = leader.ask("version"); err != nil {
		return err
	}
	began := time.Now()
	if _, err := leader.ask("load", f.records); err != nil {
		return err
	}
	found[loadTime] = report.Time(time.Since(began))
	if err := f.whole(); err != nil {
		return err
	}
	most := 0
	for _, p := range f.peers {
		bytes, err := p.memory()
		if err != nil {
			return err
		}
		most = max(most, bytes)
	}
	found[memory] = strconv.Itoa(most / 1e6)
	return nil
}

// whole waits until every node has all rows.
func (f *fleet) whole() error {
	for _, p := range f.peers {
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			have, err := p.number("size")
			if err != nil {
				return err
			}
			if have == f.rows {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s of %s has %d rows and not %d", p.name, f.engine.name, have, f.rows)
			}
		}
	}
	return nil
}

// repeating measures what is done over and over.
func (b *bench) repeating(_ context.Context, f *fleet, found finding) error {
	for _, l := range rates() {
		deed := promise{store: l.store, mnesia: l.mnesia}.deed(f.engine)
		if deed == "" {
			continue
		}
		rate, err := b.rate(f, deed, l.crowd)
		if err != nil {
			return fmt.Errorf("%s: %w", l.what, err)
		}
		found[l.name()] = fmt.Sprintf("%.0f", rate)
	}
	return nil
}

// name is what a line's cells are found by.
func (l line) name() string { return fmt.Sprint(l.chapter, l.what, l.crowd) }

// rate is how often a second a crowd does a thing.
func (b *bench) rate(f *fleet, deed string, c crowd) (float64, error) {
	leader, err := f.leader()
	if err != nil {
		return 0, err
	}
	busy := []*peer{leader}
	if c.spread {
		busy = append(busy, f.others(leader)...)
	}
	rates := make([]float64, len(busy))
	errs := make([]error, len(busy))
	var running sync.WaitGroup
	for i, p := range busy {
		share := c.clients / len(busy)
		if i < c.clients%len(busy) {
			share++
		}
		running.Go(func() {
			var said string
			if said, errs[i] = p.ask("run", deed, share, b.each.Milliseconds(), i+1); errs[i] != nil {
				return
			}
			var count, micros float64
			_, errs[i] = fmt.Sscan(said, &count, &micros)
			rates[i] = count / (micros / 1e6)
		})
	}
	running.Wait()
	total := 0.0
	for _, r := range rates {
		total += r
	}
	return total, errors.Join(errs...)
}

// returning measures how a node comes back: with its disk, and without.
func (b *bench) returning(ctx context.Context, f *fleet, found finding) error {
	leader, err := f.leader()
	if err != nil {
		return err
	}
	others := f.others(leader)
	p := others[len(others)-1]
	if err := errors.Join(p.kill(), p.start(ctx, "")); err != nil {
		return err
	}
	found[restart] = report.Time(p.took)
	if err := f.whole(); err != nil {
		return err
	}
	if _, err := leader.ask("whole", len(f.peers)); err != nil {
		return err
	}
	if err := errors.Join(p.kill(), os.RemoveAll(p.dir)); err != nil {
		return err
	}
	if _, err := leader.ask("remove", p.name); err != nil {
		return err
	}
	ticket, err := leader.ask("invite")
	if err != nil {
		return err
	}
	if err := p.start(ctx, ticket); err != nil {
		return err
	}
	have, err := p.number("size")
	if err != nil {
		return err
	}
	if have != f.rows {
		return fmt.Errorf("a node that joins says that it serves, and has %d of %d rows", have, f.rows)
	}
	found[wiped] = report.Time(p.took)
	_, err = leader.ask("whole", len(f.peers))
	return err
}

// dying measures for how long nobody can write when a node dies.
func (b *bench) dying(ctx context.Context, f *fleet, found finding) error {
	var took []time.Duration
	deed := lasting.deed(f.engine)
	for round := range b.rounds {
		victim, err := f.leader()
		if err != nil {
			return err
		}
		began := time.Now()
		if err := victim.kill(); err != nil {
			return err
		}
		if err := write(f.others(victim), deed, fmt.Sprintf("after/%d", round)); err != nil {
			return err
		}
		took = append(took, time.Since(began))
		if err := f.back(ctx, victim); err != nil {
			return err
		}
	}
	found[nextMedian], found[nextWorst] = report.Time(report.Percentile(took, 50)), report.Time(report.Percentile(took, 100))
	return nil
}

// write asks one node after another, until one acknowledges a row.
func write(peers []*peer, deed, key string) error {
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, p := range peers {
			if _, err = p.ask("write", deed, key, 1000); err == nil {
				return nil
			}
		}
	}
	return fmt.Errorf("nobody took a write for a minute: %w", err)
}

// back starts nodes that died, all at once, and returns when the fleet is at rest.
func (f *fleet) back(ctx context.Context, dead ...*peer) error {
	for _, p := range dead {
		if err := p.launch(ctx, ""); err != nil {
			return err
		}
	}
	for _, p := range dead {
		if err := p.awaitReady(); err != nil {
			return err
		}
	}
	for _, p := range f.peers {
		if _, err := p.ask("whole", len(f.peers)); err != nil {
			return err
		}
	}
	return nil
}

// A blow is what strikes nodes in mid-write.
type blow struct {
	what  string
	all   bool // and not just one, the leader if there is any
	power bool // what was written and not synced is gone, too
}

var blows = []blow{
	{what: "SIGKILL of one node (the leader, if any)"},
	{what: "SIGKILL of all nodes", all: true},
	{what: "power cut of all nodes", all: true, power: true},
}

// few is how many rows there are while nodes are struck, for that does not depend on it but takes longer.
const few = 10_000

// losing counts the rows that were acknowledged and are gone after a blow.
func (b *bench) losing(ctx context.Context, e engine, found finding) (err error) {
	dir, err := os.MkdirTemp(b.dir, "fleet")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	data, s := dir, &striker{bench: b}
	if b.power {
		if s.volume, err = newVolume(ctx, dir); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.volume.close(context.WithoutCancel(ctx))) }()
		data = s.volume.dir
	}
	return b.with(ctx, e, data, min(b.rows, few), func(f *fleet) error {
		s.fleet = f
		if err := b.loading(ctx, f, finding{}); err != nil {
			return err
		}
		for n, p := range promises {
			for m, blow := range blows {
				if p.deed(e) == "" || blow.power && s.volume == nil {
					continue
				}
				acknowledged, gone := 0, 0
				for round := range b.rounds {
					kept, lost, err := s.strike(ctx, p.deed(e), fmt.Sprintf("strike.%d.%d.%d", n, m, round), blow)
					if err != nil {
						return fmt.Errorf("%s, acknowledged when %s: %w", blow.what, p.what, err)
					}
					acknowledged, gone = acknowledged+kept, gone+lost
				}
				found[blow.what+p.what] = fmt.Sprintf("%d of %d", gone, acknowledged)
			}
		}
		return nil
	})
}

// A striker strikes at the nodes of a fleet.
type striker struct {
	*bench
	fleet  *fleet
	volume *volume // of all nodes; nil if its power cannot be cut
}

// strike has all nodes write new rows, strikes, starts again what died, and counts the rows that were
// acknowledged, and those of them that a node does not have.
func (s *striker) strike(ctx context.Context, deed, prefix string, blow blow) (acknowledged, gone int, err error) {
	victim, err := s.fleet.leader()
	if err != nil {
		return 0, 0, err
	}
	victims := []*peer{victim}
	if blow.all {
		victims = s.fleet.peers
	}
	told, err := s.flood(deed, prefix)
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(s.each)
	for _, p := range victims {
		if err := p.cmd.Process.Kill(); err != nil {
			return 0, 0, err
		}
	}
	for _, p := range victims {
		_ = p.cmd.Wait() // killed, as asked
	}
	if blow.power {
		if err := s.volume.cut(ctx); err != nil {
			return 0, 0, err
		}
	}
	keys := told()
	if len(keys) == 0 {
		return 0, 0, errors.New("nobody acknowledged anything before the blow")
	}
	if err := s.fleet.back(ctx, victims...); err != nil {
		return 0, 0, err
	}
	list := filepath.Join(s.dir, "acknowledged")
	if err := os.WriteFile(list, []byte(strings.Join(keys, "\n")), 0o600); err != nil {
		return 0, 0, err
	}
	for _, p := range s.fleet.peers {
		missing, err := p.number("missing", list)
		if err != nil {
			return 0, 0, err
		}
		gone = max(gone, missing)
	}
	return len(keys), gone, nil
}

// flood has all nodes write new rows, and returns what waits for them to end and tells which were acknowledged.
func (s *striker) flood(deed, prefix string) (told func() []string, err error) {
	keys := make([][]string, len(s.fleet.peers))
	var listening sync.WaitGroup
	for i, p := range s.fleet.peers {
		if err := p.say("flood", deed, 16, (2 * s.each).Milliseconds(), prefix+"."+p.name); err != nil {
			return nil, err
		}
		listening.Go(func() {
			_, keys[i], _ = p.hear() // fails where the node was killed, as asked
		})
	}
	return func() []string {
		listening.Wait()
		return slices.Concat(keys...)
	}, nil
}
