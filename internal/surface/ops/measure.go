package ops

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/trace"
)

// buckets are those of all that waits for a disk or another node, in seconds.
var buckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

// Gauges measure how long the log and the blobs take.
type Gauges struct {
	commits  *prometheus.HistogramVec
	puts     *prometheus.HistogramVec
	putBytes prometheus.Counter
	corrupt  prometheus.Counter
}

// NewGauges registers the metrics.
func NewGauges(reg prometheus.Registerer) *Gauges {
	g := &Gauges{
		commits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hexhub_store_commit_seconds", Help: "Time that the log took for a commit, by outcome: committed, conflict or error.", Buckets: buckets,
		}, []string{"outcome"}),
		puts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hexhub_blob_put_seconds", Help: "Time until a blob was durable, by outcome: stored or error.", Buckets: buckets,
		}, []string{"outcome"}),
		putBytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "hexhub_blob_put_bytes_total", Help: "Bytes of blobs that were put."}),
		corrupt: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "hexhub_blob_faults_total", Help: "Blobs that were asked for and could not be opened, or did not match their hash when checked.",
		}),
	}
	for _, outcome := range []string{"committed", "conflict", "error"} {
		g.commits.WithLabelValues(outcome)
	}
	for _, outcome := range []string{"stored", "error"} {
		g.puts.WithLabelValues(outcome)
	}
	reg.MustRegister(g.commits, g.puts, g.putBytes, g.corrupt)
	return g
}

// Log returns the log, measured.
func (g *Gauges) Log(l store.Log) store.Log { return measuredLog{l, g} }

type measuredLog struct {
	store.Log
	g *Gauges
}

// Unwrap returns the log that is measured.
func (l measuredLog) Unwrap() store.Log { return l.Log }

// Commit implements store.Log.
func (l measuredLog) Commit(ctx context.Context, txn store.Txn) (store.Revision, bool, error) {
	start := time.Now()
	ctx, span := trace.Child(ctx, "store commit")
	at, committed, err := l.Log.Commit(ctx, txn)
	span.End(err)
	outcome := "committed"
	switch {
	case err != nil:
		outcome = "error"
	case !committed:
		outcome = "conflict"
	}
	l.g.commits.WithLabelValues(outcome).Observe(time.Since(start).Seconds())
	return at, committed, err
}

// Blobs returns the store, measured.
func (g *Gauges) Blobs(s blob.Store) blob.Store { return measuredBlobs{s, g} }

type measuredBlobs struct {
	blob.Store
	g *Gauges
}

// Put implements blob.Store.
func (s measuredBlobs) Put(ctx context.Context, r io.Reader) (blob.Hash, int64, error) {
	start := time.Now()
	ctx, span := trace.Child(ctx, "blob put")
	h, n, err := s.Store.Put(ctx, r)
	span.End(err, slog.Int64("bytes", n))
	outcome := "stored"
	if err != nil {
		outcome = "error"
	}
	s.g.puts.WithLabelValues(outcome).Observe(time.Since(start).Seconds())
	s.g.putBytes.Add(float64(n))
	return h, n, err
}

// Open implements blob.Store.
func (s measuredBlobs) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	ctx, span := trace.Child(ctx, "blob open")
	r, err := s.Store.Open(ctx, h)
	span.End(err)
	s.fault(ctx, err)
	return r, err
}

// Check implements blob.Store.
func (s measuredBlobs) Check(ctx context.Context, h blob.Hash) error {
	err := s.Store.Check(ctx, h)
	s.fault(ctx, err)
	return err
}

func (s measuredBlobs) fault(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.g.corrupt.Inc()
	}
}
