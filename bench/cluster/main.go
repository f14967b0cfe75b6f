//go:build linux

// Command cluster measures real nodes as their users see them, and prints tables in Markdown.
//
// It builds hexhub, runs one node and then three on this machine's loopback, and measures from outside:
// publishing, reading, starting, joining, dying, live pages. The environment says how much: ROWS releases in the
// registry (250000), ROUNDS of dying (11), SECONDS for each rate (10), CONNECTIONS (10000), PAGES open live (2000),
// NODES (3; 1 leaves out what takes three); and PARTS which, such as publishing,live. A loop of fdatasync before and after tells what the disk gave.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/bench/report"
	"hexhub/e2e/fleet"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A bench knows how much to measure, and where.
type bench struct {
	program string
	dir     string
	rows    int
	rounds  int
	seconds int
	sockets int
	pages   int
	nodes   int
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "hexhub-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir}
	for _, x := range []struct {
		name  string
		value *int
		usual int
	}{{"ROWS", &b.rows, 250_000}, {"ROUNDS", &b.rounds, 11}, {"SECONDS", &b.seconds, 10}, {"CONNECTIONS", &b.sockets, 10_000}, {"PAGES", &b.pages, 2000}, {"NODES", &b.nodes, 3}} {
		*x.value = x.usual
		if text := os.Getenv(x.name); text != "" {
			if *x.value, err = strconv.Atoi(text); err != nil || *x.value < 1 {
				return fmt.Errorf("%s is %q and must be a number above zero", x.name, text)
			}
		}
	}
	if b.program, err = fleet.Build(ctx, dir); err != nil {
		return err
	}
	fmt.Printf("Measured on %s, with %d rows, %d rounds, %d s for each rate:\n%s\n\n", time.Now().UTC().Format(time.DateOnly), b.rows, b.rounds, b.seconds, report.Machine(dir))
	if err := b.calibrate("before"); err != nil {
		return err
	}
	only := os.Getenv("PARTS")
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{{"publishing", b.publishing}, {"reading", b.reading}, {"dying", b.dying}, {"growing", b.growing}, {"connections", b.connections}, {"live", b.live}} {
		if only != "" && !slices.Contains(strings.Split(only, ","), part.name) {
			continue
		}
		if err := part.do(ctx); err != nil {
			return err
		}
	}
	return b.calibrate("after")
}

// calibrate says what the disk gives.
func (b *bench) calibrate(when string) error {
	return report.Calibrate(os.Stdout, b.dir, when, 2*time.Second)
}

// sizes are the numbers of nodes that things are measured with.
func (b *bench) sizes() []int {
	if b.nodes == 1 {
		return []int{1}
	}
	return []int{1, b.nodes}
}

// with runs a fleet of so many nodes, with the settings, for as long as do takes.
func (b *bench) with(ctx context.Context, nodes int, env []string, do func(*fleet.Fleet) error) error {
	dir, err := os.MkdirTemp(b.dir, "fleet")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return b.within(ctx, dir, nodes, env, do)
}

// within is with for a folder that may have data of the first node already.
func (b *bench) within(ctx context.Context, dir string, nodes int, env []string, do func(*fleet.Fleet) error) (err error) {
	f, err := fleet.Start(ctx, fleet.Options{Program: b.program, Dir: dir, Nodes: nodes, Env: env})
	defer func() {
		if lost := f.Close(); err == nil {
			err = lost
		}
	}()
	if err != nil {
		return err
	}
	return do(f)
}
