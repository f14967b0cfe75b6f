// Package etcdlog keeps a store.Log in etcd: embedded in this process, or running elsewhere.
//
// It knows etcd, its data directory and the disk below it; it knows nothing of tables, rows or what
// any key means. Three laws shape it:
//
//   - What etcd cannot write, it dies of: when its write-ahead log or database file fails to grow or
//     to sync, it calls Fatal, for after a failed sync nobody knows what the disk holds. We let it
//     die (loudly, through Options.Logger) and never retry, but we refuse commits long before the
//     disk is full, so that a full disk makes a read-only log and not a dead process.
//   - One process owns a data directory. etcd would wait for another one's lock for ever; Open says
//     who holds it.
//   - A lone node opens no port and no socket, and one of several opens a unix socket for what other nodes
//     send it; who may send is decided before. The client is a function call.
package etcdlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"

	"hexhub/internal/kernel/store"
)

// Options say where and how the embedded etcd lives.
type Options struct {
	Dir  string // data directory, made if absent; required
	Name string // of this node within its cluster; empty means "hexhub"

	Quota       int64         // bytes the database file may take; zero means 8 GiB, etcd's advised ceiling
	DiskReserve uint64        // bytes free on Dir's disk below which commits are refused; zero means 256 MiB, etcd taking 64 MiB at once
	ReadyWithin time.Duration // how long Open waits for a leader; zero means a minute, and ten seconds for one of several

	Peers *Peers // how other nodes are reached; nil means that there are none, and that the node listens nowhere

	Logger *slog.Logger // nil discards all but the words of a dying etcd, which go to stderr

	// Configure, if not nil, may change etcd's configuration last of all.
	Configure func(*embed.Config)

	free func(dir string) (uint64, error) // nil asks the operating system
}

const (
	defaultQuota   = 8 << 30
	defaultReserve = 256 << 20
	keptRevisions  = "10000"     // history that a restarting or lagging node may still ask for
	requestLimit   = 2 << 20     // MaxTxn, and room for guards and framing around it
	snapshotEvery  = 1000        // commits that stay in memory and are read again at a start; etcd keeps ten times as many
	progressEvery  = time.Second // how often a quiet watch is told that nothing happened

	startWithin  = time.Minute      // for etcd to read its files, and for a lone node to lead itself
	leaderWithin = 10 * time.Second // for several nodes to find a leader; an election takes two seconds
	copyWithin   = 10 * time.Minute // for a node that joins to copy all there is
)

// Log is a store.Log kept by etcd. It is safe for concurrent use.
type Log struct {
	client *clientv3.Client
	node   *node // nil when etcd runs elsewhere
	closed chan struct{}
	once   sync.Once
	newest atomic.Int64 // revision that an etcd elsewhere was heard to have
}

// A node is what an embedded etcd needs beside it.
type node struct {
	etcd   *embed.Etcd
	lock   io.Closer
	disk   *disk
	bridge *bridge
	stop   context.CancelFunc // ends the disk's watcher
	done   sync.WaitGroup
}

var _ store.Log = (*Log)(nil)

// Open starts etcd on a directory and returns when it can serve: when it has a leader. One of several
// nodes that finds none in time serves all the same what its own files hold, see LocalRevision. It fails
// if another process uses the directory, if the files are damaged, or if ctx or Options.ReadyWithin ends
// first; a process whose Open failed should end, for etcd may leave goroutines behind.
func Open(ctx context.Context, o Options) (*Log, error) {
	if o.Dir == "" {
		return nil, errors.New("no data directory is named")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	n := &node{lock: lock, bridge: newBridge(o.Logger), disk: newDisk(o)}
	watching, stop := context.WithCancel(context.Background())
	n.stop = stop
	n.disk.check() // may free what etcd needs to start on a full disk
	n.done.Go(func() { n.disk.watch(watching) })
	if err = checkWAL(o.Dir); err == nil {
		err = n.start(ctx, o)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open log in %s: %w", o.Dir, err), n.close())
	}
	return &Log{client: v3client.New(n.etcd.Server), node: n, closed: make(chan struct{})}, nil
}

func (n *node) start(ctx context.Context, o Options) error {
	starting, cancel := context.WithTimeout(ctx, max(o.ReadyWithin, startWithin))
	defer cancel()

	type outcome struct {
		etcd *embed.Etcd
		err  error
	}
	started := make(chan outcome, 1)
	go func() { // on its own goroutine, which the bridge ends when etcd finds damaged files
		defer func() {
			if p := recover(); p != nil { // raft's way of saying that its log and its state disagree
				started <- outcome{nil, fmt.Errorf("etcd panicked: %v", p)}
			}
		}()
		e, err := embed.StartEtcd(config(o, n.bridge))
		started <- outcome{e, err}
	}()
	select {
	case s := <-started:
		if s.err != nil {
			return s.err
		}
		n.etcd = s.etcd
		if err := reclaim(o.Dir); err != nil {
			n.disk.log.Warn("the write-ahead log has no space of its own; it may not survive a full disk", "error", err)
		}
	case err := <-n.bridge.failed:
		return err
	case <-starting.Done():
		return fmt.Errorf("etcd is still reading its files: %w", starting.Err())
	}
	return n.ready(ctx, o.ReadyWithin)
}

// ready waits until etcd has a leader and has caught up with it.
func (n *node) ready(ctx context.Context, within time.Duration) error {
	alone := len(n.etcd.Server.Cluster().Members()) == 1
	empty := n.etcd.Server.KV().Rev() <= 1 // one that joins: there is nothing yet that it could serve
	if within == 0 {
		switch {
		case alone:
			within = startWithin
		case empty:
			within = copyWithin
		default:
			within = leaderWithin
		}
	}
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	select {
	case <-n.etcd.Server.ReadyNotify():
		n.bridge.started.Store(true)
		return nil
	case err := <-n.bridge.failed:
		return err
	case err := <-n.etcd.Err():
		return fmt.Errorf("etcd stopped: %w", err)
	case <-n.etcd.Server.StopNotify():
		return errors.New("etcd stopped at once; see its log")
	case <-waiting.Done():
		if ctx.Err() == nil && !alone && !empty {
			n.bridge.started.Store(true)
			n.bridge.log.Warn("no majority of the nodes is up and reachable: this one serves what it has, and takes no writes until it hears from the others")
			return nil
		}
		return fmt.Errorf("etcd does not get ready: either no majority of the nodes is up and reachable, or acknowledged records are missing from its files: %w", waiting.Err())
	}
}

// config returns etcd's configuration, changed by o.Configure.
func config(o Options, b *bridge) *embed.Config {
	c := embed.NewConfig()
	c.Dir = o.Dir
	c.Name = o.Name
	if c.Name == "" {
		c.Name = "hexhub"
	}
	c.ListenPeerUrls, c.ListenClientUrls, c.AdvertiseClientUrls = nil, nil, nil
	c.EnableGRPCGateway = false // it would want a client port
	c.InitialClusterToken = "hexhub"
	o.Peers.configure(c)

	c.QuotaBackendBytes = o.Quota
	if o.Quota == 0 {
		c.QuotaBackendBytes = defaultQuota
	}
	c.MaxTxnOps = store.MaxOps
	c.MaxRequestBytes = requestLimit
	c.SnapshotCount, c.SnapshotCatchUpEntries = snapshotEvery, snapshotEvery/10
	c.AutoCompactionMode = embed.CompactorModeRevision
	c.AutoCompactionRetention = keptRevisions
	c.WatchProgressNotifyInterval = progressEvery
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(b.logger())
	if o.Configure != nil {
		o.Configure(c)
	}
	return c
}

// Close stops the log in order: watches end with an error, unanswered commits have unknown outcomes.
func (l *Log) Close() error {
	var err error
	l.once.Do(func() {
		close(l.closed)
		if l.node != nil {
			l.node.bridge.stopping.Store(true)
		}
		if err = l.client.Close(); errors.Is(err, context.Canceled) {
			err = nil // the in-process client reports its own end so
		}
		if l.node != nil {
			err = errors.Join(err, l.node.close())
		}
	})
	return err
}

func (n *node) close() error {
	n.bridge.stopping.Store(true)
	if n.etcd != nil {
		n.etcd.Close()
	}
	n.stop()
	n.done.Wait()
	return n.lock.Close()
}
