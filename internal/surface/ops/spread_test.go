package ops_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"hexhub/internal/feature/health"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/surface/ops"
)

// Whoever waits for the others waits for those that answer, and for each until it has what is wanted.
func TestSpreadWaitsForNodesThatAnswer(t *testing.T) {
	w := newWorld(t)
	var asked atomic.Int64
	gone := w.peer("n3", nil)
	gone.Address = "127.0.0.1:1" // where nothing listens
	late := w.peer("n2", func(rw http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(rw).Encode(health.Vital{Name: "n2", Revision: 5 + asked.Add(1)})
	})
	ops.Spread(t.Context(), []cluster.Peer{late, gone}, 10)
	if n := asked.Load(); n != 5 {
		t.Errorf("asked %d times until it had revision 10, want 5", n)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	stuck := w.peer("n4", func(rw http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(rw).Encode(health.Vital{Name: "n4", Revision: 1})
	})
	ops.Spread(ctx, []cluster.Peer{stuck}, 10)
	if ctx.Err() == nil {
		t.Error("did not wait for a node that is behind")
	}
}
