package live

import (
	"context"
	"net/http"
	"time"

	"hexhub/internal/kernel/fault"
)

// How a stream ends, for the browser to know what to do.
const (
	comeAgain = "event: end\ndata: again\n\n" // the page can be seen, from another node perhaps
	over      = "event: end\ndata: over\n\n"  // it cannot be seen any more, or not as it was
	beat      = ":\n\n"
)

// A reader is the other end of one stream.
type reader struct {
	w       http.ResponseWriter
	control *http.ResponseController
	m       *Metrics
}

func newReader(w http.ResponseWriter, m *Metrics) reader {
	return reader{w, http.NewResponseController(w), m}
}

// follow sends the page and what becomes of it, until it ends or the reader goes.
func (out reader) follow(ctx context.Context, s *Streams, t *topic, now *state) {
	h := out.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx keeps answers back otherwise
	out.w.WriteHeader(http.StatusOK)
	// The connection may serve other requests after this one.
	defer func() { _ = out.control.SetWriteDeadline(time.Time{}) }()
	end, tick := time.Now().Add(lifetime()), time.NewTicker(beatEvery)
	defer tick.Stop()
	for next := now.since(nil); out.send(next); {
		select {
		case <-now.later:
			later := t.last()
			if later.over() {
				out.send([]byte(farewell(later.err)))
				return
			}
			if next = later.changes; later.number != now.number+1 {
				next = later.since(now)
			}
			now = later
		case <-tick.C:
			if s.o.Drained() || time.Now().After(end) {
				out.send([]byte(comeAgain))
				return
			}
			next = []byte(beat)
		case <-s.ctx.Done():
			out.send([]byte(comeAgain))
			return
		case <-ctx.Done():
			return
		}
	}
}

// send reports whether the reader takes it.
func (out reader) send(events []byte) bool {
	if len(events) == 0 {
		return true
	}
	_ = out.control.SetWriteDeadline(time.Now().Add(writeTime)) // what has none is no connection that could hang
	n, err := out.w.Write(events)
	out.m.sent(n)
	return err == nil && out.control.Flush() == nil
}

func farewell(err error) string {
	if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Limited) || fault.Is(err, fault.Internal) {
		return comeAgain
	}
	return over
}
