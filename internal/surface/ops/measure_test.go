package ops_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/ops"
)

// What is measured is counted by how it ended.
func TestLogAndBlobsAreMeasured(t *testing.T) {
	w := newWorld(t)
	reg := prometheus.NewRegistry()
	g := ops.NewGauges(reg)
	log, blobs := g.Log(store.NewMemory()), g.Blobs(new(blob.Memory))
	put := store.Op{Key: "a", Value: []byte("1")}
	for _, guards := range [][]store.Guard{nil, {{Key: "a", Revision: 0}}} {
		if _, _, err := log.Commit(t.Context(), store.Txn{Guards: guards, Ops: []store.Op{put}}); err != nil {
			t.Fatal(err)
		}
	}
	h, _, err := blobs.Put(t.Context(), strings.NewReader("bytes"))
	if err != nil {
		t.Fatal(err)
	}
	if err := blobs.Check(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Open(t.Context(), blob.Hash{1}); err == nil {
		t.Fatal("opened a blob that is not there")
	}
	var tally ops.Tally
	if err := tally.Count(t.Context(), blobs); err != nil {
		t.Fatal(err)
	}
	if n, size := tally.Last(); n != 1 || size != 5 {
		t.Errorf("tally = %d blobs of %d bytes", n, size)
	}
	w.deps.Metrics = reg
	text := w.ask(ops.New(w.deps).Public(), "GET", "/metrics", "").Body.String()
	for _, line := range []string{
		`hexhub_store_commit_seconds_count{outcome="committed"} 1`, `hexhub_store_commit_seconds_count{outcome="conflict"} 1`,
		`hexhub_store_commit_seconds_count{outcome="error"} 0`, `hexhub_blob_put_seconds_count{outcome="stored"} 1`,
		`hexhub_blob_put_bytes_total 5`, `hexhub_blob_faults_total 1`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}
