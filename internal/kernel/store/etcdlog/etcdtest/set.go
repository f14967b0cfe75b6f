// Package etcdtest makes several logs of one cluster within a test's process, and cuts them off from each
// other as a broken network would.
package etcdtest

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"golang.org/x/sync/errgroup"

	"hexhub/internal/kernel/store/etcdlog"
)

// A Set is a cluster of nodes that speak with each other through us, on loopback.
type Set struct {
	Logs []*etcdlog.Log

	mu     sync.Mutex // guards all below
	ids    []string   // etcd's, by node
	cut    map[int]bool
	calls  map[int64]call // under way
	number int64
}

type call struct {
	from string
	to   int
	end  context.CancelFunc
}

// Open starts a cluster of that many nodes, for the test to use until its end.
func Open(t testing.TB, nodes int) *Set {
	t.Helper()
	dir, err := os.MkdirTemp("", "set") //nolint:usetesting // shorter than t.TempDir, as a socket's path must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Set{Logs: make([]*etcdlog.Log, nodes), cut: map[int]bool{}, calls: map[int64]call{}}
	addresses, members := make([]url.URL, nodes), make([]string, nodes)
	for i := range nodes {
		addresses[i] = s.proxy(t, i, socket(dir, i))
		members[i] = fmt.Sprintf("node%d=%s", i, addresses[i].String())
	}
	opening, ctx := errgroup.WithContext(t.Context())
	for i := range nodes {
		opening.Go(func() error {
			log, err := etcdlog.Open(ctx, etcdlog.Options{
				Dir: filepath.Join(dir, fmt.Sprintf("node%d", i)), Name: fmt.Sprintf("node%d", i),
				Logger: slog.New(slog.DiscardHandler),
				Configure: func(c *embed.Config) {
					c.ListenPeerUrls = []url.URL{{Scheme: "unix", Host: socket(dir, i)}}
					c.AdvertisePeerUrls = []url.URL{addresses[i]}
					c.InitialCluster = strings.Join(members, ",")
				},
			})
			s.Logs[i] = log
			return err
		})
	}
	err = opening.Wait()
	t.Cleanup(func() {
		s.depose()
		var closing sync.WaitGroup
		for _, log := range s.Logs {
			if log != nil {
				closing.Go(func() { _ = log.Close() })
			}
		}
		closing.Wait()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range s.Logs {
		status, err := log.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.ids = append(s.ids, fmt.Sprintf("%x", status.Member))
		s.mu.Unlock()
	}
	return s
}

func socket(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("peer%d", i)) }

// proxy serves what is said to node i, and returns the address that the others know it by.
func (s *Set) proxy(t testing.TB, i int, socket string) url.URL {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "peer" },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}},
		FlushInterval: -1,
		ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	server := &http.Server{ //nolint:gosec // nobody but the test's own nodes speak to it
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if p := recover(); p != nil && p != http.ErrAbortHandler {
					panic(p)
				}
			}()
			ctx, end := context.WithCancel(r.Context())
			defer end()
			number, ok := s.enter(call{from: r.Header.Get("X-Server-From"), to: i, end: end})
			if !ok {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			defer s.leave(number)
			forward.ServeHTTP(w, r.WithContext(ctx))
		}),
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return url.URL{Scheme: "http", Host: l.Addr().String()}
}

// enter reports whether the call may be made, and under which number it is known until it ends.
func (s *Set) enter(c call) (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.severed(c) {
		return 0, false
	}
	s.number++
	s.calls[s.number] = c
	return s.number, true
}

func (s *Set) leave(number int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, number)
}

func (s *Set) severed(c call) bool {
	if s.cut[c.to] {
		return true
	}
	for i := range s.cut {
		if i < len(s.ids) && s.ids[i] == c.from {
			return true
		}
	}
	return false
}

// Cut takes the nodes out of the network: from now on each of them is alone.
func (s *Set) Cut(nodes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range nodes {
		s.cut[i] = true
	}
	for _, c := range s.calls {
		if s.severed(c) {
			c.end()
		}
	}
}

// depose leaves all nodes without a leader: one that closes would wait for another to take over, which is
// closed by then.
func (s *Set) depose() {
	for i := range s.Logs {
		s.Cut(i)
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if !slices.ContainsFunc(s.Logs, leads) {
			return
		}
	}
}

func leads(log *etcdlog.Log) bool {
	if log == nil {
		return false
	}
	status, err := log.Status(context.Background())
	return err == nil && status.Leader == status.Member
}

// Heal puts all nodes back into the network.
func (s *Set) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cut)
}

// Leader tells which node leads, as the first node knows it that knows one and is not cut off.
func (s *Set) Leader(t testing.TB) int {
	t.Helper()
	for t.Context().Err() == nil {
		for i, log := range s.Logs {
			status, err := log.Status(t.Context())
			if err != nil || s.isCut(i) {
				continue
			}
			if j := slices.Index(s.ids, fmt.Sprintf("%x", status.Leader)); j >= 0 && !s.isCut(j) {
				return j
			}
		}
	}
	t.Fatal("no node leads")
	return 0
}

func (s *Set) isCut(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut[i]
}
