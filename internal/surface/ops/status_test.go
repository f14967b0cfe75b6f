package ops_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hexhub/internal/feature/health"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/surface/ops"
)

// peer is a node that answers what h does.
func (w *world) peer(name string, h http.HandlerFunc) cluster.Peer {
	s := httptest.NewTLSServer(h)
	w.Cleanup(s.Close)
	return cluster.Peer{ID: name, Name: name, Address: s.Listener.Addr().String(), HTTP: s.Client()}
}

// One node tells of all; those that are stopped, gone or confused cost no more than a moment's patience.
func TestStatusTellsOfEveryNode(t *testing.T) {
	w := newWorld(t)
	w.deps.Self = ops.Self{ID: "1", Name: "n1"}
	other := ops.New(w.deps)
	gone := w.peer("n3", nil)
	gone.Address = "127.0.0.1:1" // where nothing listens
	peers := []cluster.Peer{
		w.peer("n2", func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == ops.VitalPath {
				other.Vital().ServeHTTP(rw, r)
			}
		}),
		gone,
		w.peer("n4", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		w.peer("n5", func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "?", http.StatusNotFound) }),
	}
	w.deps.Peers = func() []cluster.Peer { return peers }
	var s ops.Status
	if err := json.Unmarshal([]byte(w.local(200, "GET", "/operator/status", "")), &s); err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, n := range s.Nodes {
		states = append(states, n.Name+" "+n.State+" "+n.Note)
	}
	want := "n1 healthy |n1 healthy |n3 unreachable connect: connection refused|n4 unreachable no answer within 1s|n5 unreachable answers 404 Not Found"
	if got := strings.Join(states, "|"); got != want {
		t.Errorf("nodes %q, want %q", got, want)
	}
	if s.State != health.ReadOnly || s.Sentence != "Read-only: 2 of 5 nodes reachable, 3 needed" {
		t.Errorf("state %q: %q", s.State, s.Sentence)
	}
}
