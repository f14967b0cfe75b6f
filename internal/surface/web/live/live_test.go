package live_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/live"
)

type row struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

var rows = store.NewTable("row", func(r row) string { return r.Name })

// A world is a page that shows the row "page" and may be seen while there is a row "right".
type world struct {
	*live.Streams
	t     *testing.T
	db    *store.DB
	made  atomic.Int32
	panic atomic.Bool
}

// within runs a test in a world whose time is its own.
func within(t *testing.T, o live.Options, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, store.Schema{rows})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		w := &world{Streams: live.New(o), t: t, db: db}
		defer w.Close()
		w.put("right", "yes")
		w.put("other", "a")
		w.put("page", "one")
		test(w)
	})
}

func (w *world) put(name, text string) {
	w.t.Helper()
	if err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		rows.Put(tx, row{name, text})
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	synctest.Wait()
}

func (w *world) picture(context.Context) live.Picture {
	w.made.Add(1)
	if w.panic.Load() {
		panic("on purpose")
	}
	var seen, rights store.Sight
	right, _ := rows.Get(rights.Open(w.db), "right")
	if right.Text != "yes" {
		return live.Picture{Err: fault.New(fault.NotFound, "gone")}
	}
	page, _ := rows.Get(seen.Open(w.db), "page")
	seen.Join(&rights)
	rights.Close()
	seen.Close()
	p := live.Picture{Rows: &seen, Rights: &rights}
	if page.Text != "" {
		p.Pieces = []live.Piece{{ID: "still", HTML: "<p>same</p>"}, {ID: "text", HTML: page.Text}}
	}
	return p
}

func (w *world) page(key, who string) live.Page {
	return live.Page{Key: key, Who: who, Make: w.picture}
}

// A browser is one reader.
type browser struct {
	mu     sync.Mutex // guards all below
	header http.Header
	status int
	got    bytes.Buffer
	err    error
	ended  bool
	cancel context.CancelFunc
}

func (b *browser) Header() http.Header { return b.header }

func (b *browser) WriteHeader(status int) { b.status = status }

func (b *browser) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got.Write(p)
}

func (b *browser) FlushError() error { return nil }

// takes returns what came since it was asked last.
func (b *browser) takes() string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.got.Reset()
	return strings.TrimSpace(b.got.String())
}

// over reports whether the stream has ended, and why there was none.
func (b *browser) over() (bool, error) {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended, b.err
}

func (w *world) open(p live.Page) *browser {
	ctx, cancel := context.WithCancel(w.t.Context())
	b := &browser{header: http.Header{}, cancel: cancel}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	go func() {
		err := w.Serve(b, r, p)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.ended, b.err = true, err
	}()
	synctest.Wait()
	return b
}

const whole = "event: piece\ndata: still\ndata: <p>same</p>\n\nevent: piece\ndata: text\ndata: %s"

// A stream begins with the page as it is. Then come the pieces that have changed, and those alone.
func TestStreamTellsThePageAndThenWhatChanges(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		b := w.open(w.page("a", "eva"))
		if got, want := b.takes(), fmt.Sprintf(whole, "one"); got != want {
			t.Errorf("first %q, want %q", got, want)
		}
		if b.status != http.StatusOK || b.header.Get("Content-Type") != "text/event-stream" || b.header.Get("Cache-Control") != "no-store" || b.header.Get("X-Accel-Buffering") != "no" {
			t.Errorf("%d %v", b.status, b.header)
		}
		time.Sleep(time.Second)
		w.put("other", "b")
		if got := b.takes(); got != "" {
			t.Errorf("for a row that it does not show came %q", got)
		}
		w.put("page", "two\r\nlines\rdata: x")
		if got, want := b.takes(), "event: piece\ndata: text\ndata: two\ndata: lines\ndata: data: x"; got != want {
			t.Errorf("then %q, want %q", got, want)
		}
	})
}

// However many look at one page, and however often it changes, it is made four times a second and no oftener; the
// first changes are shown at once, and the last is not lost.
func TestPagesAreMadeOnceForAllAndNotTooOften(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		a, b := w.open(w.page("a", "eva")), w.open(w.page("a", "tom"))
		time.Sleep(time.Second)
		if n := w.made.Load(); n != 1 {
			t.Fatalf("made %d times for two who look", n)
		}
		a.takes()
		for _, change := range []string{"first", "second", "third"} {
			w.put("page", change)
			if got := a.takes(); !strings.HasSuffix(got, change) {
				t.Errorf("the %s change came as %q", change, got)
			}
		}
		for i := range 100 {
			w.put("page", fmt.Sprint(i))
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if n := w.made.Load(); n < 9 || n > 11 { // the page, three changes, what was saved up, and four a second
			t.Errorf("made %d times within a second", n)
		}
		for name, b := range map[string]*browser{"eva": a, "tom": b} {
			if got := b.takes(); !strings.HasSuffix(got, "data: 99") {
				t.Errorf("%s was told last %q", name, got)
			}
		}
	})
}

// A right that is taken away ends the stream at once, in the midst of the time between two makings as well.
func TestStreamEndsWithTheRight(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		b := w.open(w.page("a", "eva"))
		b.takes()
		w.put("page", "two")
		w.put("right", "no")
		w.put("page", "secret")
		got := b.takes()
		if !strings.HasSuffix(got, "event: end\ndata: over") || strings.Contains(got, "secret") {
			t.Errorf("it was told %q", got)
		}
		if ended, err := b.over(); !ended || err != nil {
			t.Errorf("over %t, %v", ended, err)
		}
		if _, err := w.open(w.page("a", "eva")).over(); !fault.Is(err, fault.NotFound) {
			t.Errorf("looking again: %v", err)
		}
		w.put("right", "yes")
		if got := w.open(w.page("a", "eva")).takes(); !strings.HasSuffix(got, "secret") {
			t.Errorf("with the right again came %q", got)
		}
	})
}

// A page on which nothing can change has no stream, and one that comes to that has it no longer.
func TestPageWithoutPiecesHasNoStream(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		b := w.open(w.page("a", "eva"))
		b.takes()
		time.Sleep(time.Second)
		w.put("page", "")
		if got := b.takes(); got != "event: end\ndata: over" {
			t.Errorf("it was told %q", got)
		}
		none := w.open(w.page("a", "eva"))
		if ended, err := none.over(); !ended || err != nil || none.status != http.StatusNoContent {
			t.Errorf("over %t, %v with %d", ended, err, none.status)
		}
	})
	within(t, live.Options{}, func(w *world) {
		if off := w.open(w.page("a", "eva")); off.status != http.StatusNoContent || w.made.Load() > 0 {
			t.Errorf("turned off: %d", off.status)
		}
	})
}

// A page that nobody looks at is not made.
func TestNothingIsMadeForNobody(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		b := w.open(w.page("a", "eva"))
		time.Sleep(time.Second)
		b.cancel()
		if ended, _ := b.over(); !ended {
			t.Error("who went away is still told")
		}
		n := w.made.Load()
		w.put("page", "two")
		time.Sleep(time.Minute)
		if w.made.Load() != n {
			t.Error("made although nobody looks")
		}
	})
}

// A page is made again after half a minute, for it tells times.
func TestPageIsMadeAgainWithoutAChange(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		w.open(w.page("a", "eva"))
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if n := w.made.Load(); n != 2 {
			t.Errorf("made %d times", n)
		}
	})
}

// Neither all together nor one alone may have streams without end, and who may not is told so.
func TestW11StreamsAreBounded(t *testing.T) {
	within(t, live.Options{Most: 16}, func(w *world) {
		for range 2 {
			w.open(w.page("a", "eva"))
		}
		if _, err := w.open(w.page("a", "eva")).over(); !fault.Is(err, fault.Limited) {
			t.Errorf("a third one of eva: %v", err)
		}
		var last *browser
		for i := range 14 {
			last = w.open(w.page("a", fmt.Sprint(i)))
		}
		if _, err := w.open(w.page("a", "tom")).over(); !fault.Is(err, fault.Unavailable) {
			t.Errorf("the 17th: %v", err)
		}
		last.cancel()
		synctest.Wait()
		if ended, err := w.open(w.page("a", "tom")).over(); ended || err != nil {
			t.Errorf("after one went: over %t, %v", ended, err)
		}
	})
}

// A node that stops, or is drained, sends its readers elsewhere; and so does, after hours, one that goes on.
func TestStreamsEndWithTheNode(t *testing.T) {
	var drained atomic.Bool
	for name, end := range map[string]func(*world){
		"closed":  func(w *world) { w.Close() },
		"drained": func(*world) { drained.Store(true); time.Sleep(21 * time.Second) },
		"aged":    func(*world) { time.Sleep(6 * time.Hour) },
	} {
		drained.Store(false)
		within(t, live.Options{Most: 100, Drained: drained.Load}, func(w *world) {
			b := w.open(w.page("a", "eva"))
			b.takes()
			end(w)
			if got := b.takes(); !strings.HasSuffix(got, "event: end\ndata: again") {
				t.Errorf("%s: it was told %q", name, got)
			}
			if ended, err := b.over(); !ended || err != nil {
				t.Errorf("%s: over %t, %v", name, ended, err)
			}
			if _, err := w.open(w.page("a", "eva")).over(); name != "aged" && !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s: one who comes: %v", name, err)
			}
		})
	}
}

// Silence is broken before proxies take it for death.
func TestSilentStreamsHaveAPulse(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		b := w.open(w.page("a", "eva"))
		b.takes()
		time.Sleep(25 * time.Second)
		if got := b.takes(); got != ":" {
			t.Errorf("it was told %q", got)
		}
	})
}

// A page that panics harms nobody but its readers, who may come again.
func TestPanicOfAPageIsContained(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		b := w.open(w.page("a", "eva"))
		b.takes()
		time.Sleep(time.Second)
		w.panic.Store(true)
		w.put("page", "two")
		if got := b.takes(); got != "event: end\ndata: again" {
			t.Errorf("it was told %q", got)
		}
		if _, err := w.open(w.page("a", "eva")).over(); !fault.Is(err, fault.Internal) {
			t.Errorf("one who comes: %v", err)
		}
		w.panic.Store(false)
		if got := w.open(w.page("a", "eva")).takes(); !strings.HasSuffix(got, "two") {
			t.Errorf("once it is well: %q", got)
		}
	})
}

// pipes is a listener on connections without buffers, in the test's own time.
type pipes struct {
	net.Listener
	next chan net.Conn
}

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p.next; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// W11: who takes nothing is dropped.
func TestW11StalledReadersAreDropped(t *testing.T) {
	within(t, live.Options{Most: 100}, func(w *world) {
		var ended atomic.Bool
		listener := pipes{next: make(chan net.Conn, 1)}
		server := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			_ = w.Serve(rw, r, w.page("a", "eva"))
			ended.Store(true)
		})}
		go func() { _ = server.Serve(listener) }()
		here, there := net.Pipe()
		listener.next <- there
		if _, err := here.Write([]byte("GET / HTTP/1.1\r\nHost: hub\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if ended.Load() {
			t.Error("dropped before its time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !ended.Load() {
			t.Error("still waited for")
		}
		close(listener.next)
		_ = server.Close()
		_ = here.Close()
	})
}
