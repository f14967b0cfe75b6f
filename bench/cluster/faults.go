//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hexhub/e2e/fleet"
)

// dying measures how long nobody can write when the node that leads dies, or hangs. A lone node is started
// again at once; of several, the others take over.
func (b *bench) dying(ctx context.Context) error {
	rows := [][]string{{"what happens", "rounds", "min", "median", "worst"}}
	for _, nodes := range b.sizes() {
		err := b.with(ctx, nodes, nil, func(f *fleet.Fleet) error {
			user, err := fleet.NewClient(time.Second).Register(ctx, f.Nodes[0], "jose")
			if err != nil {
				return err
			}
			if err := settle(ctx, f, user); err != nil {
				return err
			}
			r := &rounds{bench: b, fleet: f, user: user}
			what := "SIGKILL of the leader of %d nodes → next acknowledged write"
			if nodes == 1 {
				what = "SIGKILL of %d node, started again → next acknowledged write"
			}
			row, err := r.measure(ctx, fmt.Sprintf(what, nodes), (*fleet.Node).Kill, (*fleet.Node).Start)
			rows = append(rows, row)
			if err != nil || nodes == 1 {
				return err
			}
			row, err = r.measure(ctx, fmt.Sprintf("SIGSTOP of the leader of %d nodes → next acknowledged write", nodes), (*fleet.Node).Pause,
				func(n *fleet.Node, ctx context.Context) error { return errors.Join(n.Resume(), n.AwaitReady(ctx)) })
			rows = append(rows, row)
			return err
		})
		if err != nil {
			return err
		}
	}
	table("When a node dies", rows)
	return nil
}

// rounds take the leader away, again and again.
type rounds struct {
	*bench
	fleet  *fleet.Fleet
	user   *fleet.Client
	writes int
}

// measure takes the leader away, asks the others to write until one does, and brings it back. A lone node
// is brought back first.
func (r *rounds) measure(ctx context.Context, what string, away func(*fleet.Node) error, back func(*fleet.Node, context.Context) error) ([]string, error) {
	var took []time.Duration
	for range r.rounds {
		leader, err := r.fleet.Leader(ctx)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if err := away(leader); err != nil {
			return nil, err
		}
		if len(r.fleet.Nodes) == 1 {
			err = errors.Join(back(leader, ctx), r.write(ctx, nil))
			took = append(took, time.Since(began))
		} else {
			err = r.write(ctx, leader)
			took = append(took, time.Since(began))
			err = errors.Join(err, back(leader, ctx))
		}
		if err != nil {
			return nil, err
		}
		time.Sleep(2 * time.Second) // so that the next round meets a cluster at rest
	}
	return []string{what, fmt.Sprint(len(took)), text(percentile(took, 0)), text(percentile(took, 50)), text(percentile(took, 100))}, nil
}

// write asks one node after another but for the one that is away, until a write is acknowledged.
func (r *rounds) write(ctx context.Context, away *fleet.Node) error {
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		for _, n := range r.fleet.Nodes {
			if n == away {
				continue
			}
			r.writes++
			if _, err = publish(ctx, r.user, n, "rounds", r.writes); err == nil {
				return nil
			}
		}
	}
	return fmt.Errorf("nobody took a write for a minute: %w", err)
}

// growing measures how long a large registry takes to start, to be joined, and to be copied again to a node
// that lost its disk.
func (b *bench) growing(ctx context.Context) error {
	dir := filepath.Join(b.dir, "world")
	data := filepath.Join(dir, "n1", "data")
	world := exec.CommandContext(ctx, b.program, "bench", "world", "--quiet", "--data", data,
		"--releases", fmt.Sprint(b.rows), "--packages", fmt.Sprint(max(1, b.rows/12)))
	if err := os.MkdirAll(filepath.Dir(data), 0o700); err != nil {
		return err
	}
	if said, err := world.CombinedOutput(); err != nil {
		return fmt.Errorf("make a world: %w\n%s", err, said)
	}
	rows := [][]string{{fmt.Sprintf("with %d releases", b.rows), "time", "memory"}}
	err := b.within(ctx, dir, b.nodes, nil, func(f *fleet.Fleet) error {
		note := func(what string, n *fleet.Node) error {
			memory, err := n.Memory()
			rows = append(rows, []string{what, text(n.Took()), fmt.Sprintf("%d MB", memory/1e6)})
			return err
		}
		if err := note("start", f.Nodes[0]); err != nil {
			return err
		}
		for i, n := range f.Nodes[1:] {
			if err := note(fmt.Sprintf("node %d joins", i+2), n); err != nil {
				return err
			}
		}
		last := f.Nodes[len(f.Nodes)-1]
		if err := errors.Join(last.Kill(), last.Start(ctx), note("restart after SIGKILL", last)); err != nil {
			return err
		}
		if b.nodes == 1 {
			return nil
		}
		if err := errors.Join(last.Kill(), last.Wipe()); err != nil {
			return err
		}
		if _, err := f.Nodes[0].Run(ctx, "cluster", "remove", last.Name, "--yes"); err != nil {
			return err
		}
		return errors.Join(last.Join(ctx, f.Nodes[0]), note("a wiped node joins again", last))
	})
	if err != nil {
		return err
	}
	table("A large registry", rows)
	return nil
}

// connections measures what open connections cost a node: each has asked for a file and stays open. There
// are no live pages yet, which will cost more.
func (b *bench) connections(ctx context.Context) error {
	var rows [][]string
	err := b.with(ctx, 1, nil, func(f *fleet.Fleet) error {
		n := f.Nodes[0]
		before, err := n.Memory()
		if err != nil {
			return err
		}
		open, err := b.connect(n)
		defer func() {
			for _, c := range open {
				c.Close()
			}
		}()
		if err != nil {
			return err
		}
		after, err := n.Memory()
		if err != nil {
			return err
		}
		one := time.Now()
		if a, err := fleet.NewClient(patience).Do(ctx, n, http.MethodGet, "/repo/versions", nil, 0); err != nil || a.Status != http.StatusOK {
			return fmt.Errorf("beside %d connections nobody is served: %d %w", len(open), a.Status, err)
		}
		rows = [][]string{
			{"open connections", "memory before", "with them", "a connection", "an answer beside them"},
			{fmt.Sprint(len(open)), fmt.Sprintf("%d MB", before/1e6), fmt.Sprintf("%d MB", after/1e6), fmt.Sprintf("%.1f kB", float64(after-before)/1e3/float64(len(open))), text(time.Since(one))},
		}
		return nil
	})
	if err != nil {
		return err
	}
	table("Connections kept open", rows)
	return nil
}

// connect opens connections, asks on each for the status, and leaves it open.
func (b *bench) connect(n *fleet.Node) ([]net.Conn, error) {
	address := strings.TrimPrefix(n.URL, "http://")
	open := make([]net.Conn, b.sockets)
	errs := make([]error, b.sockets)
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < b.sockets; i += 64 {
				open[i], errs[i] = greet(address)
			}
		})
	}
	wg.Wait()
	var whole []net.Conn
	for _, c := range open {
		if c != nil {
			whole = append(whole, c)
		}
	}
	return whole, errors.Join(errs...)
}

func greet(address string) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, "GET /status HTTP/1.1\r\nHost: bench\r\n\r\n"); err != nil {
		return c, err
	}
	_, err = c.Read(make([]byte, 4096))
	return c, err
}
