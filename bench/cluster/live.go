//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hexhub/bench/report"
	"hexhub/e2e/fleet"
)

// live measures pages that are open while something is published every second: what one costs a node, and how long
// after the publisher began to send the last node has told it to all.
func (b *bench) live(ctx context.Context) error {
	rows := [][]string{{"nodes", "open pages", "a page", "publishes", "publishing p50", "p99", "told p50", "p99", "worst", "not within 1 s", "the node's processor"}}
	password := filepath.Join(b.dir, "admin-password")
	if err := os.WriteFile(password, []byte("correct horse battery staple\n"), 0o600); err != nil {
		return err
	}
	env := []string{
		fmt.Sprintf("HEXHUB_LIVE_STREAMS=%d", 10*b.pages), // one address may have an eighth
		"HEXHUB_ADMIN_EMAIL=root@example.com", "HEXHUB_ADMIN_USERNAME=root", "HEXHUB_ADMIN_PASSWORD_FILE=" + password,
	}
	for _, nodes := range b.sizes() {
		err := b.with(ctx, nodes, env, func(f *fleet.Fleet) error {
			row, err := b.watch(ctx, f)
			rows = append(rows, row)
			return err
		})
		if err != nil {
			return err
		}
	}
	report.Table(os.Stdout, "Live pages", rows)
	return nil
}

// watch opens pages of the last node, publishes on the first, and tells what it saw.
func (b *bench) watch(ctx context.Context, f *fleet.Fleet) ([]string, error) {
	user, err := fleet.NewClient(patience).Register(ctx, f.Nodes[0], "jose")
	if err != nil {
		return nil, err
	}
	if err := settle(ctx, f, user); err != nil {
		return nil, err
	}
	if _, err := publish(ctx, user, f.Nodes[0], "live_first", 0); err != nil {
		return nil, err
	}
	last := f.Nodes[len(f.Nodes)-1]
	before, err := last.Memory()
	if err != nil {
		return nil, err
	}
	w := &watchers{open: make([]net.Conn, b.pages)}
	defer w.close()
	if err := w.begin(strings.TrimPrefix(last.URL, "http://")); err != nil {
		return nil, err
	}
	after, err := last.Memory()
	if err != nil {
		return nil, err
	}
	busy, err := last.Processor()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	var publishing []time.Duration
	for n := range b.seconds {
		one := time.Now()
		w.expect(fmt.Sprintf("live_page_%d", n))
		if _, err := publish(ctx, user, f.Nodes[0], fmt.Sprintf("live_page_%d", n), 0); err != nil {
			return nil, err
		}
		publishing = append(publishing, time.Since(one))
		time.Sleep(time.Until(start.Add(time.Duration(n+1) * time.Second)))
	}
	used, err := last.Processor()
	if err != nil {
		return nil, err
	}
	times := w.told()
	return []string{
		fmt.Sprint(len(f.Nodes)), fmt.Sprint(b.pages), fmt.Sprintf("%.1f kB", float64(after-before)/1e3/float64(b.pages)), fmt.Sprint(b.seconds),
		report.Time(report.Percentile(publishing, 50)), report.Time(report.Percentile(publishing, 99)),
		report.Time(report.Percentile(times, 50)), report.Time(report.Percentile(times, 99)), report.Time(report.Percentile(times, 100)),
		fmt.Sprint(b.pages*b.seconds - len(times)),
		fmt.Sprintf("%.0f %%", 100*(used-busy).Seconds()/time.Since(start).Seconds()),
	}, nil
}

// watchers are browsers that have one page open each.
type watchers struct {
	open  []net.Conn
	want  atomic.Pointer[wanted]
	mu    sync.Mutex // guards all below
	times []time.Duration
}

// wanted is what a page is to say.
type wanted struct {
	text  []byte
	since time.Time
}

// begin opens all pages and waits until each has been told how it is.
func (w *watchers) begin(address string) error {
	errs := make([]error, len(w.open))
	var wg sync.WaitGroup
	for lane := range 64 {
		wg.Go(func() {
			for i := lane; i < len(w.open); i += 64 {
				errs[i] = w.look(i, address)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (w *watchers) look(i int, address string) error {
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return err
	}
	w.open[i] = c
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		return err
	}
	p := &page{conn: c}
	for !p.says([]byte("live_first")) {
		if err := p.read(); err != nil {
			return fmt.Errorf("open page %d: %w", i, err)
		}
	}
	go w.read(p)
	return nil
}

// page is what one connection was told last: enough of it to see a name that came in two parts.
type page struct {
	conn  net.Conn
	bytes [8 << 10]byte
	size  int
}

const longestName = 64

func (p *page) read() error {
	kept := copy(p.bytes[:], p.bytes[max(0, p.size-longestName):p.size])
	n, err := p.conn.Read(p.bytes[kept:])
	p.size = kept + n
	return err
}

func (p *page) says(text []byte) bool { return bytes.Contains(p.bytes[:p.size], text) }

// read notes when the page says what is wanted, until it is closed.
func (w *watchers) read(p *page) {
	var told *wanted
	for p.read() == nil {
		if now := w.want.Load(); now != told && p.says(now.text) {
			told = now
			took := time.Since(now.since)
			w.mu.Lock()
			w.times = append(w.times, took)
			w.mu.Unlock()
		}
	}
}

func (w *watchers) expect(text string) { w.want.Store(&wanted{[]byte(text), time.Now()}) }

func (w *watchers) told() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.times
}

func (w *watchers) close() {
	for _, c := range w.open {
		if c != nil {
			c.Close()
		}
	}
}
