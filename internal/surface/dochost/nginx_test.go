package dochost_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhub/internal/hubtest"
)

// aPage is like one of ExDoc's: it brings its menu, and gets smaller by compressing.
var aPage = `<!doctype html><html><head><script defer src="docs_config.js"></script></head><body>` + strings.Repeat(`<section class="detail" id="call/2"><h1>call(conn, opts)</h1><p>Some words on what it does, when, and why.</p></section>`, 250) + `</body></html>`

// BenchmarkBesideNginx asks this registry and nginx for the same compressed page by turns, over kept connections, and
// tells how many each answers. What came out is in docs/benchmarks.md.
func BenchmarkBesideNginx(b *testing.B) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		b.Skip("there is no nginx here")
	}
	h := &docsHub{hubtest.World(b, plugWorld), b}
	h.upload("plug", "1.0.0", "index.html", aPage)
	logged, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer logged.Close()
	h.Log.To(logged)
	hubtest.Unhurried() // as hexhub serve is
	u, err := url.Parse(h.URL)
	if err != nil {
		b.Fatal(err)
	}
	ours := &load{address: u.Host, host: "plug.docs.localhost:" + u.Port()}
	theirs := &load{address: startNginx(b, program), host: "plug.docs.localhost"}
	for b.Loop() {
		for range 5 {
			ours.run(b, time.Second)
			theirs.run(b, time.Second)
		}
	}
	b.ReportMetric(ours.rate(), "hexhub/s")
	b.ReportMetric(theirs.rate(), "nginx/s")
	b.ReportMetric(100*ours.rate()/theirs.rate(), "%")
}

// startNginx serves the page as nginx serves files best: compressed beforehand, found open, by one process a processor.
// It logs what it answers, as it does where it is installed and as we do.
func startNginx(b *testing.B, program string) (address string) {
	b.Helper()
	dir := b.TempDir()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write([]byte(aPage))
	w.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	// Who runs the test owns the folder; a process of another's could not read it.
	config := fmt.Sprintf(`user root; daemon off; master_process on; worker_processes auto; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 512; }
http {
	access_log %[1]s/access.log; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100; gzip_static on; types { text/html html; }
	client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
	server { listen %[2]s; root %[1]s; }
}`, dir, address)
	for name, content := range map[string]string{"index.html": aPage, "index.html.gz": z.String(), "nginx.conf": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	run := exec.Command(program, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	run.Stderr = os.Stderr
	if err := run.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		run.Process.Signal(os.Interrupt)
		run.Wait()
	})
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	for {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		} else if ctx.Err() != nil {
			b.Fatal(errors.Join(err, ctx.Err()))
		}
	}
}

// A load asks one server for one page, over and over.
type load struct {
	address, host string
	answers       atomic.Int64
	took          time.Duration
}

func (l *load) rate() float64 { return float64(l.answers.Load()) / l.took.Seconds() }

const connections = 16

func (l *load) run(b *testing.B, d time.Duration) {
	b.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			if err := l.ask(start.Add(d)); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	l.took += time.Since(start)
	if b.Failed() {
		b.FailNow()
	}
}

// ask asks on one connection until a time. All answers have the length of the first, so nothing needs to be parsed.
func (l *load) ask(until time.Time) error {
	c, err := net.Dial("tcp", l.address)
	if err != nil {
		return err
	}
	defer c.Close()
	request := []byte("GET / HTTP/1.1\r\nHost: " + l.host + "\r\nAccept-Encoding: gzip\r\n\r\n")
	if _, err := c.Write(request); err != nil {
		return err
	}
	size, err := lengthOf(c)
	if err != nil {
		return err
	}
	for answer := make([]byte, size); time.Now().Before(until); l.answers.Add(1) {
		if _, err := c.Write(request); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			return err
		}
	}
	return nil
}

// lengthOf reads an answer, head and body.
func lengthOf(c net.Conn) (int, error) {
	var all counted
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(c, &all)), nil)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "gzip" {
		return 0, fmt.Errorf("status %d, %v", resp.StatusCode, resp.Header)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return int(all), err
}

type counted int

func (c *counted) Write(b []byte) (int, error) { *c += counted(len(b)); return len(b), nil }
