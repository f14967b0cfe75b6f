//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"hexhub/bench/report"
	"hexhub/e2e/fleet"
)

// patience is how long a client waits for an answer.
const patience = 10 * time.Second

// rate has clients do a thing over and over, and returns how long each took. A client is told its number
// and how often it has done the thing.
func (b *bench) rate(clients int, do func(client, n int) error) ([]time.Duration, time.Duration, error) {
	times := make([][]time.Duration, clients)
	errs := make(chan error, clients)
	began := time.Now()
	end := began.Add(time.Duration(b.seconds) * time.Second)
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for n := 0; ; n++ {
				one := time.Now()
				if one.After(end) {
					return
				}
				if err := do(c, n); err != nil {
					errs <- err
					return
				}
				times[c] = append(times[c], time.Since(one))
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	close(errs)
	var all []time.Duration
	for _, t := range times {
		all = append(all, t...)
	}
	return all, took, <-errs
}

// publishing measures what one and many clients publish, whose requests go to the nodes in turn.
func (b *bench) publishing(ctx context.Context) error {
	rows := [][]string{{"nodes", "clients", "publishes/s", "p50", "p99"}}
	visible := [][]string{{"visible on another node after its publisher was told", "p50", "p99"}}
	for _, nodes := range b.sizes() {
		err := b.with(ctx, nodes, nil, func(f *fleet.Fleet) error {
			user, err := fleet.NewClient(patience).Register(ctx, f.Nodes[0], "jose")
			if err != nil {
				return err
			}
			if err := settle(ctx, f, user); err != nil {
				return err
			}
			for _, clients := range []int{1, 64} {
				times, took, err := b.rate(clients, func(c, n int) error {
					_, err := publish(ctx, user, f.Nodes[c%nodes], fmt.Sprintf("p%d_%d", clients, c), n)
					return err
				})
				if err != nil {
					return err
				}
				rows = append(rows, []string{fmt.Sprint(nodes), fmt.Sprint(clients), report.PerSecond(len(times), took), report.Time(report.Percentile(times, 50)), report.Time(report.Percentile(times, 99))})
			}
			if nodes == 1 {
				return nil
			}
			times, err := b.visibility(ctx, f, user)
			visible = append(visible, []string{fmt.Sprintf("%d nodes, %d publishes", nodes, len(times)), report.Time(report.Percentile(times, 50)), report.Time(report.Percentile(times, 99))})
			return err
		})
		if err != nil {
			return err
		}
	}
	report.Table(os.Stdout, "Publishing a small package", rows)
	if len(visible) > 1 {
		report.Table(os.Stdout, "From commit to visible", visible)
	}
	return nil
}

// settle waits until every node lets the user in.
func settle(ctx context.Context, f *fleet.Fleet, user *fleet.Client) error {
	for _, n := range f.Nodes {
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			a, err := user.Do(ctx, n, http.MethodGet, "/api/users/me", nil, 0)
			if err == nil && a.Status == http.StatusOK {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s does not let the user in: %d %s %w", n.Name, a.Status, a.Body, err)
			}
		}
	}
	return nil
}

func publish(ctx context.Context, user *fleet.Client, n *fleet.Node, name string, version int) (fleet.Answer, error) {
	a, err := user.Do(ctx, n, http.MethodPost, "/api/publish?replace=false", fleet.Tarball(name, fmt.Sprintf("1.%d.0", version), "measured"), 0)
	if err != nil {
		return a, err
	}
	if a.Status != http.StatusCreated {
		return a, fmt.Errorf("publish %s on %s: %d %.300s", name, n.Name, a.Status, a.Body)
	}
	return a, nil
}

// visibility publishes on one node and asks the next for a state that includes the publication.
func (b *bench) visibility(ctx context.Context, f *fleet.Fleet, user *fleet.Client) ([]time.Duration, error) {
	var took []time.Duration
	_, _, err := b.rate(1, func(_, n int) error {
		a, err := publish(ctx, user, f.Nodes[n%len(f.Nodes)], "visible", n)
		if err != nil {
			return err
		}
		told := time.Now()
		a, err = user.Do(ctx, f.Nodes[(n+1)%len(f.Nodes)], http.MethodGet, fmt.Sprintf("/api/packages/visible/releases/1.%d.0", n), nil, a.Revision)
		if err == nil && a.Status != http.StatusOK {
			err = fmt.Errorf("the release is not there: %d %.300s", a.Status, a.Body)
		}
		took = append(took, time.Since(told))
		return err
	})
	return took, err
}

// reading measures signed files at one processor a node: GOMAXPROCS=1 in each. The clients take processors,
// too; where nodes and clients outnumber them, three nodes cannot show what they could.
func (b *bench) reading(ctx context.Context) error {
	const clients = 64
	rows := [][]string{{"nodes, each GOMAXPROCS=1", "clients", "reads/s", "p50", "p99"}}
	for _, nodes := range b.sizes() {
		err := b.with(ctx, nodes, []string{"GOMAXPROCS=1"}, func(f *fleet.Fleet) error {
			user, err := fleet.NewClient(patience).Register(ctx, f.Nodes[0], "jose")
			if err != nil {
				return err
			}
			a, err := publish(ctx, user, f.Nodes[0], "decimal", 0)
			if err != nil {
				return err
			}
			revision := a.Revision
			times, took, err := b.rate(clients, func(c, _ int) error {
				a, err := user.With("").Do(ctx, f.Nodes[c%nodes], http.MethodGet, "/repo/packages/decimal", nil, revision)
				if err == nil && a.Status != http.StatusOK {
					err = fmt.Errorf("read on node %d: %d %.300s", c%nodes+1, a.Status, a.Body)
				}
				return err
			})
			rows = append(rows, []string{fmt.Sprint(nodes), fmt.Sprint(clients), report.PerSecond(len(times), took), report.Time(report.Percentile(times, 50)), report.Time(report.Percentile(times, 99))})
			return err
		})
		if err != nil {
			return err
		}
	}
	report.Table(os.Stdout, "Reading the signed file of a package", rows)
	return nil
}
