package trace

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
)

const named = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"

func open(t *testing.T, percent int64, log *slog.Logger) *Tracer {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	tracer, err := New(t.Context(), Options{Endpoint: server.URL, Percent: percent, Node: "n1", Version: "test", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tracer.Close() })
	return tracer
}

// Who calls may name the trace, and has no say in whether there is one.
func TestCallersNameTracesAndNoMore(t *testing.T) {
	for _, c := range []struct {
		name    string
		percent int64
		parent  string
		traced  bool
		same    bool
	}{
		{"wanted, and none are made", 0, named + "1", false, false},
		{"not wanted, and all are made", 100, named + "0", true, true},
		{"wanted, and all are made", 100, named + "1", true, true},
		{"nonsense", 100, "00-" + strings.Repeat("z", 500), true, false},
		{"no parent", 100, "", true, false},
	} {
		ctx, span := open(t, c.percent, nil).Begin(t.Context(), "request", c.parent)
		got := otel.SpanContextFromContext(ctx)
		if traced, same := span != nil, got.TraceID().String() == "0af7651916cd43dd8448eb211c80319c"; traced != c.traced || same != c.same {
			t.Errorf("%s: traced = %t, under the caller's name = %t", c.name, traced, same)
		}
		if _, child := Child(ctx, "part"); (child != nil) != c.traced {
			t.Errorf("%s: its part is traced: %t", c.name, child != nil)
		}
		span.End(nil)
	}
}

func TestNoTracerTracesNothing(t *testing.T) {
	var none *Tracer
	ctx, span := none.Begin(t.Context(), "request", named+"1")
	span.End(errors.New("trouble"), slog.String("a", "b"))
	if _, child := Child(ctx, "part"); span != nil || child != nil || none.Close() != nil {
		t.Error("something is traced")
	}
	if allocated := testing.AllocsPerRun(100, func() { none.Begin(ctx, "request", ""); Child(ctx, "part") }); allocated > 0 {
		t.Errorf("it allocates %v times", allocated)
	}
}

// away is a collector that is not there.
type away struct{ sdk.SpanExporter }

func (away) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return errors.New("refused") }

func TestCollectorThatIsAwayIsToldOfOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said bytes.Buffer
		q := &quiet{SpanExporter: away{}, log: slog.New(slog.NewTextHandler(&said, nil))}
		for range 3 { // in three minutes
			var all sync.WaitGroup
			for range 12 {
				all.Go(func() {
					if err := q.ExportSpans(t.Context(), nil); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			time.Sleep(time.Minute)
		}
		if lines := strings.Count(said.String(), "could not be sent"); lines != 3 {
			t.Errorf("%d lines:\n%s", lines, &said)
		}
	})
}
