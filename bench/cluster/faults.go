//go:build linux

package main

import (
	"context"
	"encoding/json"
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

	"hexhub/bench/report"
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
	report.Table(os.Stdout, "When a node dies", rows)
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
	return []string{what, fmt.Sprint(len(took)), report.Time(report.Percentile(took, 0)), report.Time(report.Percentile(took, 50)), report.Time(report.Percentile(took, 100))}, nil
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

// growing measures how long a large registry takes to be backed up and brought back, to start, to be joined,
// and to be copied again to a node that lost its disk.
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
	g := &growth{bench: b, rows: [][]string{{fmt.Sprintf("with %d releases", b.rows), "time", "memory"}}}
	if err := g.restore(ctx, dir); err != nil {
		return err
	}
	if err := b.within(ctx, dir, b.nodes, nil, func(f *fleet.Fleet) error { return g.cluster(ctx, f) }); err != nil {
		return err
	}
	report.Table(os.Stdout, "A large registry", g.rows)
	return nil
}

// growth collects what is measured of a large registry.
type growth struct {
	*bench
	rows [][]string
}

// started notes how long the last start of a node took, and its memory.
func (g *growth) started(what string, n *fleet.Node) error {
	memory, err := n.Memory()
	g.rows = append(g.rows, []string{what, report.Time(n.Took()), fmt.Sprintf("%d MB", memory/1e6)})
	return err
}

// command notes how long a command takes.
func (g *growth) command(ctx context.Context, what string, n *fleet.Node, args ...string) error {
	began := time.Now()
	_, err := n.Run(ctx, args...)
	g.rows = append(g.rows, []string{what, report.Time(time.Since(began)), ""})
	return err
}

// restore backs the registry up while it runs, publishes before and after a moment, and brings the moment back
// into another folder, which a node then serves.
func (g *growth) restore(ctx context.Context, dir string) error {
	copies := filepath.Join(g.dir, "copies")
	var moment time.Time
	err := g.within(ctx, dir, 1, []string{"HEXHUB_BACKUP_TO=" + copies}, func(f *fleet.Fleet) error {
		n := f.Nodes[0]
		if err := g.started("start", n); err != nil {
			return err
		}
		user, err := fleet.NewClient(patience).Register(ctx, n, "jose")
		if err != nil {
			return err
		}
		if err := g.command(ctx, "backup while it runs", n, "backup", "create"); err != nil {
			return err
		}
		if _, err := publish(ctx, user, n, "moment", 1); err != nil {
			return err
		}
		time.Sleep(time.Second) // moments are told apart by the clock
		moment = time.Now().UTC()
		time.Sleep(time.Second)
		later := time.Now()
		if _, err := publish(ctx, user, n, "moment", 2); err != nil {
			return err
		}
		return g.archived(ctx, n, later)
	})
	if err != nil {
		return err
	}
	empty := filepath.Join(g.dir, "restored")
	if err := os.MkdirAll(filepath.Join(empty, "n1"), 0o700); err != nil {
		return err
	}
	began := time.Now()
	said, err := exec.CommandContext(ctx, g.program, "backup", "restore", "--yes", "--quiet", "--from", copies, "--at", moment.Format(time.RFC3339Nano),
		"--secret-key", filepath.Join(dir, "n1", "data", "secret.key"), "--data", filepath.Join(empty, "n1", "data")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("restore: %w\n%s", err, said)
	}
	g.rows = append(g.rows, []string{"restore to a moment", report.Time(time.Since(began)), ""})
	return g.within(ctx, empty, 1, nil, func(f *fleet.Fleet) error {
		n := f.Nodes[0]
		for path, want := range map[string]int{"/api/packages/moment/releases/1.1.0": http.StatusOK, "/api/packages/moment/releases/1.2.0": http.StatusNotFound} {
			a, err := fleet.NewClient(patience).Do(ctx, n, http.MethodGet, path, nil, 0)
			if err != nil {
				return err
			}
			if a.Status != want {
				return fmt.Errorf("what was restored answers %d to %s, want %d", a.Status, path, want)
			}
		}
		return g.started("start of what was restored", n)
	})
}

// archived waits until the backup has a change that is later than the moment, and so all before it.
func (g *growth) archived(ctx context.Context, n *fleet.Node, moment time.Time) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		said, err := n.Run(ctx, "backup", "list", "--json")
		if err != nil {
			return err
		}
		var list struct {
			Backup struct {
				Through time.Time `json:"through"`
			} `json:"backup"`
		}
		if err := json.Unmarshal([]byte(said), &list); err != nil {
			return err
		}
		if list.Backup.Through.After(moment) {
			return nil
		}
	}
	return errors.New("the backup does not follow within a minute")
}

// cluster measures how nodes join the large registry, start, and recover.
func (g *growth) cluster(ctx context.Context, f *fleet.Fleet) error {
	if err := g.started("start, as the first of the cluster", f.Nodes[0]); err != nil {
		return err
	}
	for i, n := range f.Nodes[1:] {
		if err := g.started(fmt.Sprintf("node %d joins", i+2), n); err != nil {
			return err
		}
	}
	last := f.Nodes[len(f.Nodes)-1]
	if err := errors.Join(last.Kill(), last.Start(ctx), g.started("restart after SIGKILL", last)); err != nil || g.nodes == 1 {
		return err
	}
	if err := errors.Join(last.Kill(), last.Wipe()); err != nil {
		return err
	}
	if _, err := f.Nodes[0].Run(ctx, "cluster", "remove", last.Name, "--yes"); err != nil {
		return err
	}
	return errors.Join(last.Join(ctx, f.Nodes[0]), g.started("a wiped node joins again", last))
}

// connections measures what open connections cost a node: each has asked for a file and stays open.
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
			{fmt.Sprint(len(open)), fmt.Sprintf("%d MB", before/1e6), fmt.Sprintf("%d MB", after/1e6), fmt.Sprintf("%.1f kB", float64(after-before)/1e3/float64(len(open))), report.Time(time.Since(one))},
		}
		return nil
	})
	if err != nil {
		return err
	}
	report.Table(os.Stdout, "Connections kept open", rows)
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
