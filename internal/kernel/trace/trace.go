// Package trace tells an OpenTelemetry collector where the time of requests and jobs goes.
//
// It knows how spans begin, end and are sent, in OTLP over HTTP; it does not know what they are about, and is never told
// secrets: of an error it tells only that there was one. Whether something is traced is decided by chance and by
// nobody outside, for tracing costs: a caller who names a trace is believed the name, and no more. What is not
// traced costs next to nothing, and neither does a collector that is slow or away: spans are then dropped.
//
// It is the only package that imports OpenTelemetry.
package trace

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
)

const (
	scope       = "hexhub"
	sendWithin  = 5 * time.Second
	complain    = time.Minute // the least time between two complaints about the collector
	defaultPath = "/v1/traces"
)

// Options say where spans go. All but Log and Percent are required.
type Options struct {
	Endpoint string       // URL of the collector; without a path it is sent to /v1/traces there
	Percent  int64        // of requests and jobs that are traced, from 0 to 100
	Node     string       // name of this node
	Version  string       // of this binary
	Log      *slog.Logger // nil discards
}

// A Tracer begins traces. A nil one begins none. It is safe for concurrent use.
type Tracer struct {
	provider *sdk.TracerProvider
	percent  int64
}

// New returns a tracer. It sends nothing yet and so does not fail because of a collector that is away.
func New(ctx context.Context, o Options) (*Tracer, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("read the address of the collector: %w", err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = defaultPath
	}
	client, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(sendWithin),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("make a client of the collector: %w", err)
	}
	about := resource.NewSchemaless(attribute.String("service.name", "hexhub"),
		attribute.String("service.version", o.Version), attribute.String("service.instance.id", o.Node))
	return &Tracer{percent: o.Percent, provider: sdk.NewTracerProvider(
		sdk.WithBatcher(&quiet{SpanExporter: client, log: o.Log}), sdk.WithResource(about),
		sdk.WithSampler(sdk.AlwaysSample()), // Begin has decided
	)}, nil
}

// Close sends what is not sent yet, if that takes no longer than a few seconds, and ends the tracer.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), sendWithin)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // what a collector that is away misses is nobody's trouble
	return nil
}

// quiet complains about a collector now and then, and drops what could not be sent.
type quiet struct {
	sdk.SpanExporter
	log *slog.Logger

	mu   sync.Mutex // guards last
	last time.Time  // complaint
}

// ExportSpans implements sdk.SpanExporter. It never fails.
func (q *quiet) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := q.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if now := time.Now(); q.last.IsZero() || now.Sub(q.last) >= complain {
		q.last = now
		q.log.Warn("traces could not be sent, and were dropped; see otel.endpoint", "spans", len(spans), "err", err)
	}
	return nil
}

// A Span is something that takes time. A nil one is not traced.
type Span struct{ span otel.Span }

// Begin begins what nothing here has asked for: a request or a job. The parent is a traceparent header, or empty; of one
// that is no such header nothing is kept.
func (t *Tracer) Begin(ctx context.Context, name, parent string) (context.Context, *Span) {
	if t == nil || rand.Int64N(100) >= t.percent { //nolint:gosec // chance, not secrecy
		return ctx, nil
	}
	if parent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
	}
	ctx, span := t.provider.Tracer(scope).Start(ctx, name)
	return ctx, &Span{span}
}

// Child begins a part of what is under way, if that is traced.
func Child(ctx context.Context, name string) (context.Context, *Span) {
	parent := otel.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, nil
	}
	ctx, span := parent.TracerProvider().Tracer(scope).Start(ctx, name)
	return ctx, &Span{span}
}

// End ends the span, as a failure if there is an error. Facts are strings and whole numbers, and no secrets.
func (s *Span) End(err error, facts ...slog.Attr) {
	if s == nil {
		return
	}
	for _, f := range facts {
		if f.Value.Kind() == slog.KindInt64 {
			s.span.SetAttributes(attribute.Int64(f.Key, f.Value.Int64()))
		} else {
			s.span.SetAttributes(attribute.String(f.Key, f.Value.String()))
		}
	}
	if err != nil {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
