//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// A storePeer is one node of HexHub's store, in a process of its own: the kernel's cluster, log and tables as the
// product opens them, and nothing of the product above. mnesia_peer.erl is the same for Mnesia.
type storePeer struct {
	cluster *cluster.Cluster
	log     *etcdlog.Log
	db      *store.DB
	out     *bufio.Writer // guarded by said
	said    sync.Mutex

	keys, packages []string
	samples        []release
}

// servePeer opens the node whose data is in dir and does what the lines of in say until they end.
func servePeer(ctx context.Context, dir, name string, in io.Reader, out io.Writer) error {
	p := &storePeer{out: bufio.NewWriter(out)}
	if err := p.open(ctx, dir, name, os.Getenv(ticketVariable)); err != nil {
		return err
	}
	p.say("ready")
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		if words[0] == "quit" {
			err := p.close()
			p.say("ok")
			return err
		}
		answer, err := p.command(ctx, words[0], words[1:])
		if err != nil {
			p.say("error " + strings.Join(strings.Fields(err.Error()), " "))
			continue
		}
		p.say(strings.TrimSpace("ok " + answer))
	}
	return lines.Err()
}

func (p *storePeer) say(line string) {
	p.said.Lock()
	defer p.said.Unlock()
	fmt.Fprintln(p.out, line)
	_ = p.out.Flush() // whoever does not read any more has ended us
}

func (p *storePeer) open(ctx context.Context, dir, name, ticket string) error {
	o := cluster.Options{Dir: dir, Name: name, Listen: "127.0.0.1:0", Version: "bench"}
	if _, err := os.Stat(filepath.Join(dir, "secret.key")); err == nil {
		o.Listen = "" // that of last time
	} else if address, token, ok := strings.Cut(ticket, "#"); ok {
		o.Join = &cluster.Ticket{URL: address, Token: token}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o.Log = log
	var err error
	if p.cluster, err = cluster.Open(ctx, o); err != nil {
		return err
	}
	sealer, err := seal.Open(filepath.Join(dir, "secret.key"))
	if err != nil {
		return err
	}
	if err := p.cluster.Start(sealer); err != nil {
		return err
	}
	etcd, peers := p.cluster.Etcd()
	if p.log, err = etcdlog.Open(ctx, etcdlog.Options{Dir: filepath.Join(dir, "etcd"), Name: etcd, Peers: peers, Logger: log}); err != nil {
		return err
	}
	if p.db, err = store.Open(store.Patient(ctx, time.Minute), p.log, store.Options{Log: log}, cluster.Tables, level.Tables, store.Schema{releases}); err != nil {
		return err
	}
	if err := p.cluster.Attach(ctx, p.log, p.db); err != nil {
		return err
	}
	go func() {
		if err := p.cluster.Run(ctx); err != nil && ctx.Err() == nil {
			log.Error("the node is no member any more", "err", err)
		}
	}()
	// A node serves when it has heard from the others what there is.
	return p.caughtUp(ctx)
}

// caughtUp returns when the tables show all that was committed before.
func (p *storePeer) caughtUp(ctx context.Context) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		err := p.db.Fresh(ctx)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func (p *storePeer) close() error {
	p.db.Close()
	return errors.Join(p.log.Close(), p.cluster.Close())
}

func (p *storePeer) command(ctx context.Context, name string, words []string) (string, error) {
	arg := func(n int) string {
		if n < len(words) {
			return words[n]
		}
		return ""
	}
	number := func(n int) int {
		value, _ := strconv.Atoi(arg(n)) // the driver writes numbers, and zero does nothing
		return value
	}
	millis := func(n int) time.Duration { return time.Duration(number(n)) * time.Millisecond }
	switch name {
	case "version":
		return versions(), nil
	case "invite":
		token, _, err := p.cluster.Invite(ctx)
		_, at := p.cluster.Addr()
		return "https://" + at + "#" + token, err
	case "leads":
		_, leads := p.log.Self()
		return strconv.FormatBool(leads), nil
	case "remove":
		_, err := p.cluster.Remove(ctx, arg(0))
		return "", err
	case "whole":
		return "", p.whole(ctx, number(0))
	case "rows":
		return "", p.remember(arg(0))
	case "load":
		rows, err := readRows(arg(0))
		if err != nil {
			return "", err
		}
		return "", store.InSteps(ctx, p.db, rows, 1000, func(tx *store.Tx, row release) { releases.Put(tx, row) })
	case "size":
		return strconv.FormatInt(p.db.Stats().Rows["release"], 10), nil
	case "run":
		do, err := p.deed(ctx, arg(0))
		if err != nil {
			return "", err
		}
		return p.run(do, number(1), millis(2), number(3))
	case "flood":
		p.flood(ctx, number(1), millis(2), arg(3))
		return "", nil
	case "write":
		ctx, cancel := context.WithTimeout(ctx, millis(2))
		defer cancel()
		return "", p.put(ctx, 0, arg(1))
	case "missing":
		return p.missing(ctx, arg(0))
	}
	return "", fmt.Errorf("there is no command %q", name)
}

// versions tells what is measured, as far as the binary knows.
func versions() string {
	parts := []string{runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			switch m.Path {
			case "go.etcd.io/etcd/server/v3", "github.com/hashicorp/go-memdb":
				parts = append(parts, m.Path+" "+m.Version)
			}
		}
	}
	return strings.Join(parts, ", ")
}

// whole returns when so many nodes have a vote.
func (p *storePeer) whole(ctx context.Context, count int) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		all, err := p.log.Members(ctx)
		if err != nil {
			return err
		}
		if len(all) == count && !slices.ContainsFunc(all, func(m etcdlog.Member) bool { return m.Learner }) {
			return nil
		}
	}
	return fmt.Errorf("not all of %d nodes had a vote within a minute", count)
}

// remember keeps the keys that runs choose from.
func (p *storePeer) remember(path string) error {
	rows, err := readRows(path)
	if err != nil {
		return err
	}
	for _, r := range rows {
		p.keys = append(p.keys, r.Key)
		if len(p.packages) == 0 || p.packages[len(p.packages)-1] != r.Package {
			p.packages = append(p.packages, r.Package)
		}
	}
	p.samples = slices.Clone(rows[:min(1000, len(rows))])
	return nil
}

// deed returns what a client does once, with a number that chooses the row.
func (p *storePeer) deed(ctx context.Context, name string) (func(x int) error, error) {
	switch name {
	case "update":
		return func(x int) error { return p.change(ctx, p.keys[x%len(p.keys)]) }, nil
	case "put_update":
		return func(x int) error { return p.put(ctx, x, p.keys[x%len(p.keys)]) }, nil
	case "read":
		return func(x int) error {
			key := p.keys[x%len(p.keys)]
			if _, ok := releases.Get(p.db.View(), key); !ok {
				return fmt.Errorf("%s is not there", key)
			}
			return nil
		}, nil
	case "index_read":
		return func(x int) error {
			name, found := p.packages[x%len(p.packages)], 0
			for range byPackage.Each(p.db.View(), name) {
				found++
			}
			if found == 0 {
				return fmt.Errorf("%s has no releases", name)
			}
			return nil
		}, nil
	}
	return nil, fmt.Errorf("there is no deed %q", name)
}

func (p *storePeer) change(ctx context.Context, key string) error {
	return p.db.Update(ctx, func(tx *store.Tx) error {
		row, ok := releases.Get(tx, key)
		if !ok {
			return fmt.Errorf("%s is not there", key)
		}
		row.Downloads++
		releases.Put(tx, row)
		return nil
	})
}

// put writes a row with that key, which tells package and version, and all else of some other row.
func (p *storePeer) put(ctx context.Context, x int, key string) error {
	row := p.samples[x%len(p.samples)]
	row.Key = key
	row.Package, row.Version, _ = strings.Cut(key, "/")
	return p.db.Update(ctx, func(tx *store.Tx) error {
		releases.Put(tx, row)
		return nil
	})
}

// next is a generator that mnesia_peer.erl has, too: cheap, so that neither engine is measured by it.
func next(x int) int { return (x*1103515245 + 12345) & 0x7fffffff }

// run has clients do a thing over and over, and tells how often they did it and how many microseconds it took.
func (p *storePeer) run(do func(x int) error, clients int, within time.Duration, seed int) (string, error) {
	var done atomic.Int64
	failures := make([]error, clients)
	began := time.Now()
	var running sync.WaitGroup
	for c := range clients {
		running.Go(func() {
			n := int64(0)
			for x := next(seed*1000 + c + 1); time.Since(began) < within; x = next(x) {
				if failures[c] = do(x >> 8); failures[c] != nil {
					return
				}
				n++
			}
			done.Add(n)
		})
	}
	running.Wait()
	return fmt.Sprint(done.Load(), " ", time.Since(began).Microseconds()), errors.Join(failures...)
}

// flood has clients write new rows, and tells of each that was acknowledged.
func (p *storePeer) flood(ctx context.Context, clients int, within time.Duration, prefix string) {
	began := time.Now()
	var running sync.WaitGroup
	for c := range clients {
		running.Go(func() {
			for n := 1; time.Since(began) < within; n++ {
				key := fmt.Sprintf("%s.%d.%d/%d", prefix, c+1, n/perPackage, n)
				if p.put(ctx, n, key) == nil {
					p.say("ack " + key)
				} else {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	running.Wait()
}

// missing tells how many of the keys in a file are not there.
func (p *storePeer) missing(ctx context.Context, path string) (string, error) {
	if err := p.caughtUp(ctx); err != nil {
		return "", err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	view, missing := p.db.View(), 0
	for key := range strings.Lines(string(content)) {
		if _, ok := releases.Get(view, strings.TrimSpace(key)); !ok {
			missing++
		}
	}
	return strconv.Itoa(missing), nil
}
