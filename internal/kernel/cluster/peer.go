package cluster

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"hexhub/internal/kernel/fault"
)

// A Peer is another node that can be asked. URLs are "https://" + Address + path; whoever answers is the
// node that is meant, or the request fails.
type Peer struct {
	ID, Name, Address string
	Member            uint64 // what the log calls it; zero until it is known there
	Drained           bool   // nothing new is to be laid on it
	HTTP              *http.Client
}

// Peers lists all other nodes, answering or not.
func (c *Cluster) Peers() []Peer {
	var out []Peer
	v := c.db.Load().View()
	for _, n := range members(v) {
		if n.ID != c.identity.ID {
			out = append(out, Peer{ID: n.ID, Name: n.Name, Address: n.Address, Member: n.Member, Drained: drained(v, n.ID), HTTP: c.client(n.ID)})
		}
	}
	return out
}

// client returns the client for the node, which keeps connections between calls.
func (c *Cluster) client(id string) *http.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.clients[id]; h != nil {
		return h
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protoPeer},
		RootCAs: c.authority.pool(), ServerName: c.authority.serverName(),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.cert.Load(), nil },
		VerifyConnection:     func(s tls.ConnectionState) error { return c.judge(s, id) },
	}
	h := &http.Client{Transport: &http.Transport{
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, network, addr)
		},
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: time.Minute,
	}}
	c.clients[id] = h
	return h
}

// Handle serves what other nodes ask for. All handlers are named before Attach.
func (c *Cluster) Handle(pattern string, h http.Handler) { c.mux.Handle(pattern, h) }

// peerHandler serves nodes once the tables are loaded, for only then it is known who is one.
func (c *Cluster) peerHandler() http.Handler {
	c.mux.HandleFunc("GET /cluster/self", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, c.report()) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.db.Load() == nil || c.judge(*r.TLS, "") != nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, "this node is still starting", http.StatusServiceUnavailable)
			return
		}
		c.mux.ServeHTTP(w, r)
	})
}

// A report is what a node says of itself.
type report struct {
	Revision int64  `json:"revision"`
	Version  string `json:"version"`
	Drained  bool   `json:"drained,omitempty"` // it knows, and does as it is to
}

func (c *Cluster) report() report {
	return report{Revision: int64(c.db.Load().Revision()), Version: c.o.Version, Drained: c.Drained()}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the other end has gone, or will see that it is cut off
}

// A problem is how a failure travels.
type problem struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
}

// faultOf is the failure that travelled.
func (p problem) fault() error {
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if k.String() == p.Kind {
			return fault.New(k, "%s", p.Message)
		}
	}
	return fault.New(fault.Internal, "%s", p.Message)
}
