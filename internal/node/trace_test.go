package node_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"hexhub/internal/hubtest"
)

// A sink is a collector of traces.
type sink struct {
	URL string

	mu   sync.Mutex // guards the others
	got  []*spans.Span
	text strings.Builder // all that came
}

func newSink(t *testing.T) *sink {
	s := &sink{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &sent) != nil {
			t.Errorf("the collector cannot read what is sent to %s: %v", r.URL.Path, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.text.WriteString(sent.String())
		for _, node := range sent.ResourceSpans {
			for _, scope := range node.ScopeSpans {
				s.got = append(s.got, scope.Spans...)
			}
		}
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// A publication is one trace: the request, the blob and the commit. It has no secret, no address and no name in it.
func TestPublishIsOneTraceWithoutSecrets(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	c := settings(t)
	c.OtelEndpoint, c.OtelSample = s.URL, 100
	n, stop := start(t, c)
	key := newKey(t, n)
	client := hubtest.Client{T: t, URL: n.URL}.With(key)
	id := client.Do(http.MethodPost, "/api/publish?replace=false", hubtest.Tarball(t, "decimal", "1.0.0")).Expect(t, http.StatusCreated).Header.Get("X-Request-Id")
	stop() // sends what is left
	s.mu.Lock()
	defer s.mu.Unlock()
	var root *spans.Span
	for _, span := range s.got {
		for _, a := range span.Attributes {
			if a.Key == "hexhub.request" && a.Value.GetStringValue() == id {
				root = span
			}
		}
	}
	if root == nil || root.Name != "POST api" {
		t.Fatalf("no span of request %s in %d: %v", id, len(s.got), root)
	}
	var parts []string
	for _, span := range s.got {
		if string(span.TraceId) == string(root.TraceId) {
			parts = append(parts, span.Name)
		}
	}
	for _, want := range []string{"blob put", "store commit"} {
		if !slices.Contains(parts, want) {
			t.Errorf("the trace has %q, not %q", parts, want)
		}
	}
	for _, secret := range []string{key, "decimal", "replace", "127.0.0.1"} {
		if strings.Contains(s.text.String(), secret) {
			t.Errorf("a trace tells %q", secret)
		}
	}
}
