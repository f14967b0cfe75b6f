package ops_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"hexhub/internal/kernel/cluster"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/ops"
)

// The client does not know which node refused it, so any tells, and says who could not be asked.
func TestAnyNodeExplainsARefusal(t *testing.T) {
	w := newWorld(t)
	other := w.deps
	other.Refused = new(call.Memory)
	other.Refused.Keep(call.Refused{ID: "there", At: time.Now(), Node: "n2", Status: 429, Why: "API rate limit exceeded for user eva"})
	w.deps.Refused = new(call.Memory)
	gone := w.peer("n3", nil)
	gone.Address = "127.0.0.1:1" // where nothing listens
	peers := []cluster.Peer{w.peer("n2", func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == ops.RefusalPath {
			ops.New(other).Refusal().ServeHTTP(rw, r)
		}
	}), gone}
	w.deps.Peers = func() []cluster.Peer { return peers }
	var e ops.Explanation
	if err := json.Unmarshal([]byte(w.local(200, "GET", "/operator/refusal?id=there", "")), &e); err != nil {
		t.Fatal(err)
	}
	if e.Node != "n2" || e.Rule != "so many in a time are too many" || e.Todo == "" {
		t.Errorf("explained %+v", e)
	}
	if said := w.local(404, "GET", "/operator/refusal?id=never", ""); !strings.Contains(said, "n3 did not answer") {
		t.Errorf("said %s", said)
	}
	w.local(422, "GET", "/operator/refusal", "")
}
