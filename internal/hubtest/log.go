package hubtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"hexhub/internal/kernel/store"
)

// A Log is what a node logged, a line of JSON for each record. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex // guards the rest
	text bytes.Buffer
	to   io.Writer // nil for text
}

// Write implements io.Writer.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to != nil {
		return l.to.Write(b)
	}
	return l.text.Write(b)
}

// To has all that is logged from now on written elsewhere, as servers do that run for long.
func (l *Log) To(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = w
}

// String returns everything that was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Rows returns everything that rests in the store of a World, keys and values, as it would on the disk.
func (h *Hub) Rows() string {
	h.t.Helper()
	var b strings.Builder
	for _, rec := range h.records() {
		b.WriteString(rec.Key + " " + string(rec.Value) + "\n")
	}
	return b.String()
}

// Written returns everything that was ever written to the store of a World, also what has been overwritten or
// deleted since: a log keeps it for a while.
func (h *Hub) Written() string {
	h.t.Helper()
	var b strings.Builder
	seen := errors.New("seen")
	err := h.o.Store.Watch(h.t.Context(), 0, func(changes []store.Change, _ store.Revision) error {
		for _, c := range changes {
			b.WriteString(c.Key + " " + string(c.Value) + "\n")
		}
		return seen
	})
	if !errors.Is(err, seen) {
		h.t.Fatal(err)
	}
	return b.String()
}

func (h *Hub) records() (all []store.Record) {
	h.t.Helper()
	for from := ""; ; {
		page, err := h.o.Store.Range(h.t.Context(), from, "\xff", 0, 1000)
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, page.Records...)
		if !page.More {
			return all
		}
		from = all[len(all)-1].Key + "\x00"
	}
}

// Operator asks the socket of the operator for a path, and returns what it answers.
func (h *Hub) Operator(path string) string {
	h.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", h.Config.OpsSocket())
	}}}
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, "http://ops"+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(body)
}
