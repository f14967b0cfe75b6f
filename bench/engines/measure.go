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
	dir     string
	records string // the file of the rows
	rows    int
	rounds  int
	each    time.Duration // for which a rate is measured
	nodes   int
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
	{"it is on the disks of all three nodes (`sync_transaction`, then `sync_log` on all)", "", "disk3"},
}

// loose are promises outside of transactions.
var loose = []promise{
	{"one node has it, in memory (`dirty_write`)", "", "dirty"},
	{"all nodes have applied it, in memory (`sync_dirty`)", "", "sync_dirty"},
}

// equal is the promise that both engines can make.
var equal = promises[2]

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

// measure runs a fleet of one engine and finds all there is to find.
func (b *bench) measure(ctx context.Context, e engine) (found finding, err error) {
	dir, err := os.MkdirTemp(b.dir, "fleet")
	if err != nil {
		return nil, err
	}
	f, err := startFleet(ctx, e, dir, b.records, b.nodes)
	defer func() { err = errors.Join(err, f.close(), os.RemoveAll(dir)) }()
	if err != nil {
		return nil, err
	}
	found = finding{}
	for _, part := range []func(context.Context, *fleet, finding) error{b.loading, b.repeating, b.returning, b.dying, b.losing} {
		if err := part(ctx, f, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

const (
	version     = "version"
	loadTime    = "loading all rows, a thousand in a transaction"
	memory      = "memory of a node with them"
	restart     = "SIGKILL of one node, started again → it serves all rows"
	wiped       = "a node that lost its disk, removed and joined anew → it serves all rows"
	nextMedian  = "SIGKILL of one node (the leader, if any) → next acknowledged write, median"
	nextWorst   = "SIGKILL of one node (the leader, if any) → next acknowledged write, worst"
	lostWithOne = "one node (the leader, if any)"
	lostWithAll = "all nodes"
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
	if _, err := leader.ask("load", b.records); err != nil {
		return err
	}
	found[loadTime] = report.Time(time.Since(began))
	if err := b.whole(f, b.rows); err != nil {
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

// whole waits until every node has so many rows.
func (b *bench) whole(f *fleet, rows int) error {
	for _, p := range f.peers {
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			have, err := p.number("size")
			if err != nil {
				return err
			}
			if have == rows {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s of %s has %d rows and not %d", p.name, f.engine.name, have, rows)
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
	if err := b.whole(f, b.rows); err != nil {
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
	if have != b.rows {
		return fmt.Errorf("a node that joins says that it serves, and has %d of %d rows", have, b.rows)
	}
	found[wiped] = report.Time(p.took)
	_, err = leader.ask("whole", len(f.peers))
	return err
}

// dying measures for how long nobody can write when a node dies.
func (b *bench) dying(ctx context.Context, f *fleet, found finding) error {
	var took []time.Duration
	deed := equal.deed(f.engine)
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
		if err := b.back(ctx, f, victim); err != nil {
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
func (b *bench) back(ctx context.Context, f *fleet, dead ...*peer) error {
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

// losing counts the rows that were acknowledged and are gone: after the death of one node, and of all.
func (b *bench) losing(ctx context.Context, f *fleet, found finding) error {
	for n, p := range promises {
		deed := p.deed(f.engine)
		if deed == "" {
			continue
		}
		for _, all := range []bool{false, true} {
			acknowledged, gone := 0, 0
			for round := range b.rounds {
				kept, lost, err := b.lose(ctx, f, deed, fmt.Sprintf("lose.%d.%d.%t", n, round, all), all)
				if err != nil {
					return err
				}
				acknowledged, gone = acknowledged+kept, gone+lost
			}
			what := lostWithOne
			if all {
				what = lostWithAll
			}
			found[what+p.what] = fmt.Sprintf("%d of %d", gone, acknowledged)
		}
	}
	return nil
}

// lose has all nodes write new rows, kills one of them or all, starts it or them again, and counts the rows
// that were acknowledged and those of them that a node does not have.
func (b *bench) lose(ctx context.Context, f *fleet, deed, prefix string, all bool) (acknowledged, gone int, err error) {
	victim, err := f.leader()
	if err != nil {
		return 0, 0, err
	}
	victims := []*peer{victim}
	if all {
		victims = f.peers
	}
	var mu sync.Mutex // guards keys
	var keys []string
	var listening sync.WaitGroup
	for _, p := range f.peers {
		if err := p.say("flood", deed, 16, (2 * b.each).Milliseconds(), prefix+"."+p.name); err != nil {
			return 0, 0, err
		}
		listening.Go(func() {
			_, heard, _ := p.hear() // fails where the node was killed, as asked
			mu.Lock()
			defer mu.Unlock()
			keys = append(keys, heard...)
		})
	}
	time.Sleep(b.each)
	for _, p := range victims {
		if err := p.cmd.Process.Kill(); err != nil {
			return 0, 0, err
		}
	}
	for _, p := range victims {
		_ = p.cmd.Wait() // killed, as asked
	}
	listening.Wait()
	if err := b.back(ctx, f, victims...); err != nil {
		return 0, 0, err
	}
	list := filepath.Join(b.dir, "acknowledged")
	if err := os.WriteFile(list, []byte(strings.Join(keys, "\n")), 0o600); err != nil {
		return 0, 0, err
	}
	for _, p := range f.peers {
		missing, err := p.number("missing", list)
		if err != nil {
			return 0, 0, err
		}
		gone = max(gone, missing)
	}
	return len(keys), gone, nil
}
