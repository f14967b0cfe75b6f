//go:build linux

// Command engines measures HexHub's store and Erlang's Mnesia beside each other, on the same rows, and prints
// tables in Markdown.
//
// Each engine is three processes on this machine's loopback, which are told by lines what to do (see engine).
// Both keep one table in memory and on disk on all three, with one index. What is measured: transactions,
// single writes, reads by key and by index, loading, restarting, replacing a node, and what is left of
// acknowledged rows after SIGKILL of one node, of all, and after a power cut. A loop of fdatasync before, between and after tells
// what the disk gave.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"

	"hexhub/bench/report"
)

const storeName = "HexHub's store"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := obey(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// obey does what the arguments say: measure, or be one of the nodes that are measured.
func obey(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("engines", flag.ContinueOnError)
	rows := flags.Int("rows", 250_000, "rows in the table")
	rounds := flags.Int("rounds", 5, "times that nodes die, of each kind")
	seconds := flags.Float64("seconds", 5, "for how long each rate is measured")
	power := flags.Bool("power-cut", false, "also cut the power of a file system in a file; takes root and ext4")
	peer := flags.String("peer", "", "be a node of HexHub's store with this name; for the command's own use")
	dir := flags.String("dir", "", "folder of the node's data")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *peer != "" {
		return servePeer(ctx, *dir, *peer, in, out)
	}
	if *rows < perPackage || *rounds < 1 || *seconds <= 0 {
		return fmt.Errorf("there must be at least %d rows, one round, and more than no seconds", perPackage)
	}
	top, err := os.MkdirTemp("", "hexhub-engines")
	if err != nil {
		return err
	}
	defer os.RemoveAll(top)
	b := &bench{dir: top, rows: *rows, rounds: *rounds, nodes: 3, each: time.Duration(*seconds * float64(time.Second)), power: *power}
	return b.compare(ctx, out)
}

// compare measures both engines and prints what was found.
func (b *bench) compare(ctx context.Context, out io.Writer) (err error) {
	m, err := newMnesia(ctx, filepath.Join(b.dir, "mnesia"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	fmt.Fprintf(out, "Measured on %s, with %d rows, %d rounds, %s for each rate:\n%s\n\n",
		time.Now().UTC().Format(time.DateOnly), b.rows, b.rounds, b.each, report.Machine(b.dir))
	engines := []engine{storeEngine(), m.engine()}
	found := make([]finding, len(engines))
	for i, e := range engines {
		if err := b.calibrate(out, "before "+e.name); err != nil {
			return err
		}
		if found[i], err = b.measure(ctx, e); err != nil {
			return fmt.Errorf("measure %s: %w", e.name, err)
		}
		fmt.Fprintf(out, "%s: %s.\n\n", e.name, found[i][version])
	}
	if err := b.calibrate(out, "after"); err != nil {
		return err
	}
	print(out, engines, found)
	return nil
}

func (b *bench) calibrate(out io.Writer, when string) error {
	return report.Calibrate(out, b.dir, when, min(2*time.Second, b.each))
}

// storeEngine runs this very program as the nodes of HexHub's store.
func storeEngine() engine {
	return engine{name: storeName, command: func(ctx context.Context, name, dir string) *exec.Cmd {
		return exec.CommandContext(ctx, "/proc/self/exe", "-peer", name, "-dir", dir)
	}}
}

// print writes the tables.
func print(out io.Writer, engines []engine, found []finding) {
	columns := func(first ...string) []string {
		for _, e := range engines {
			first = append(first, e.name)
		}
		return first
	}
	row := func(name string, first ...string) []string {
		for _, f := range found {
			first = append(first, cmp.Or(f[name], "–"))
		}
		return first
	}
	for _, chapter := range []string{changing, writing, reading} {
		what := "acknowledged when"
		if chapter == reading {
			what = "what"
		}
		rows := [][]string{columns(what, "clients", "unit")}
		for _, l := range rates() {
			if l.chapter == chapter {
				rows = append(rows, row(l.name(), l.what, l.crowd.String(), l.unit))
			}
		}
		report.Table(out, chapter, rows)
	}
	rows := [][]string{columns("what", "unit")}
	for _, what := range []string{loadTime, memory, restart, wiped, nextMedian, nextWorst} {
		unit := "time"
		if what == memory {
			unit = "MB resident"
		}
		rows = append(rows, row(what, what, unit))
	}
	report.Table(out, "Coming back", rows)
	rows = [][]string{columns("in mid-write", "acknowledged when", "unit")}
	for _, b := range blows {
		for _, p := range promises {
			rows = append(rows, row(b.what+p.what, b.what, p.what, "rows gone, of those acknowledged"))
		}
	}
	report.Table(out, "What is left of acknowledged rows", rows)
}
