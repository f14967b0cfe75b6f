package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/metrics"
	"sync"
	"time"

	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/health"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/lead"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/store"
)

// A Self is what a node knows of itself beside its store. The zero value is a node without a name.
type Self struct {
	ID, Name, Address, Zone string
	Disk                    func() (free, total uint64) // bytes; nil tells nothing
	Traffic                 func() health.Traffic       // nil tells nothing
	Lacks                   func() int64                // copies of tarballs that it is to hold and has not; nil tells nothing
}

// Status is how the registry does, as one node sees it.
type Status struct {
	health.Report
	Version   string           `json:"version"`
	PID       int              `json:"pid"`
	StartedAt time.Time        `json:"started_at"`
	URL       string           `json:"url"`
	NotReady  string           `json:"not_ready,omitempty"` // why this node is not; empty when it is ready
	Stale     string           `json:"stale,omitempty"`     // how old what this node serves may be; empty when it is not
	ReadOnly  string           `json:"read_only,omitempty"` // why this node takes no writes; empty when it does
	Level     int              `json:"level"`               // that all nodes have reached
	Revision  store.Revision   `json:"revision"`
	Rows      map[string]int64 `json:"rows"`              // by table
	BlobBytes int64            `json:"blob_bytes"`        // on this node, as last counted
	Jobs      JobCounts        `json:"jobs"`              // of all kinds
	Backup    *backup.State    `json:"backup,omitempty"`  // nil when none is configured
	CertEnds  time.Time        `json:"tls_ends,omitzero"` // the public site's certificate
}

// JobCounts are how many jobs there are.
type JobCounts struct {
	Waiting int `json:"waiting"`
	Running int `json:"running"`
	Dead    int `json:"dead"`
}

// patience is how long the other nodes may take to tell how they do.
const patience = time.Second

func (o *Ops) status(r *http.Request) (any, error) {
	self := o.vital(r.Context())
	s := Status{
		Report:  o.judge(r.Context(), self),
		Version: o.Version, PID: os.Getpid(), StartedAt: self.StartedAt, URL: o.Registry.URL,
		NotReady: self.NotReady, Stale: self.Stale, Level: level.Of(o.DB.View()), ReadOnly: self.ReadOnly, Revision: store.Revision(self.Revision), Rows: o.DB.Stats().Rows, CertEnds: o.CertEnd,
	}
	for _, n := range o.Jobs.Count(o.DB.View(), time.Now()) {
		s.Jobs.Waiting += n.Waiting
		s.Jobs.Running += n.Running
		s.Jobs.Dead += n.Dead
	}
	if o.Operator.Backup != nil {
		state := backup.StateOf(o.DB.View())
		s.Backup = &state
	}
	if o.Blobs != nil {
		_, s.BlobBytes = o.Blobs()
	}
	return s, nil
}

// Report asks all other nodes how they do, and says how the whole does.
func (o *Ops) Report(ctx context.Context) health.Report { return o.judge(ctx, o.vital(ctx)) }

// judge asks all other nodes, and puts what they say together.
func (o *Ops) judge(ctx context.Context, self health.Vital) health.Report {
	r := o.look(ctx, self)
	if !r.CatchesUp() {
		return r
	}
	select { // a second look tells how fast
	case <-time.After(secondLook):
	case <-ctx.Done():
		return r
	}
	return o.look(ctx, o.vital(ctx)).Since(r)
}

// secondLook is how long after the first one it comes.
const secondLook = 500 * time.Millisecond

func (o *Ops) look(ctx context.Context, self health.Vital) health.Report {
	seen := o.askPeers(ctx)
	if o.Others != nil {
		seen = o.Others()
	}
	r := health.Judge(append(seen, health.Seen{ID: self.ID, Name: self.Name, Address: self.Address, Vital: &self}))
	r.LedSince = lead.Since(o.DB.View())
	return r
}

// vital is how this node does. It asks nobody else.
func (o *Ops) vital(ctx context.Context) health.Vital {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	v := health.Vital{
		ID: o.Self.ID, Name: o.Self.Name, Address: o.Self.Address, Zone: o.Self.Zone, Version: o.Version, StartedAt: o.started.UTC(), Now: time.Now().UTC(),
		Revision: int64(o.DB.Revision()), NotReady: o.notReady(), Stale: o.stale(), ReadOnly: o.readOnly(ctx),
	}
	v.Drained = o.Cluster != nil && o.Cluster.Drained()
	v.Memory = memory()
	if o.Self.Disk != nil {
		v.DiskFree, v.DiskTotal = o.Self.Disk()
	}
	if o.Self.Lacks != nil {
		v.Lacks = o.Self.Lacks()
	}
	if o.Self.Traffic != nil {
		v.Traffic = o.Self.Traffic()
	}
	if o.Log == nil {
		return v
	}
	if o.Log.External() {
		leader, _ := lead.Leader(o.DB.View())
		v.External, v.Chores = true, leader == v.ID
		return v
	}
	if s, err := o.Log.Status(ctx); err == nil {
		v.Member, v.Leader, v.Term, v.Learner = s.Member, s.Leader, s.Term, s.Learner
	}
	return v
}

// memory is how much the process has of the machine, in bytes, as far as Go knows.
func memory() uint64 {
	all := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(all)
	return all[0].Value.Uint64() - all[1].Value.Uint64()
}

// Vital answers other nodes how this one does.
func (o *Ops) Vital() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Whoever asked may be gone by now, and then nobody misses the answer.
		_ = send(w, http.StatusOK, o.vital(r.Context()))
	})
}

// VitalPath is where nodes ask each other how they do.
const VitalPath = "/hexhub/status"

// askPeers asks all other nodes at once.
func (o *Ops) askPeers(ctx context.Context) []health.Seen {
	if o.Peers == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	peers, voters := o.Peers(), o.voters(ctx)
	seen := make([]health.Seen, len(peers))
	var wg sync.WaitGroup
	for i, p := range peers {
		wg.Go(func() {
			seen[i] = health.Seen{ID: p.ID, Name: p.Name, Address: p.Address}
			seen[i].Learner = voters != nil && !voters[p.Member]
			start := time.Now()
			seen[i].Vital, seen[i].Err = askVital(ctx, p)
			if v := seen[i].Vital; v != nil {
				seen[i].Skew = v.Now.Sub(start.Add(time.Since(start) / 2)) // the answer was made half-way
			}
		})
	}
	wg.Wait()
	return seen
}

// voters are the nodes that have a vote, or nil if nobody knows.
func (o *Ops) voters(ctx context.Context) map[uint64]bool {
	if o.Log == nil {
		return nil
	}
	members, err := o.Log.Members(ctx)
	if err != nil {
		return nil
	}
	out := map[uint64]bool{}
	for _, m := range members {
		out[m.ID] = !m.Learner
	}
	return out
}

func askVital(ctx context.Context, p cluster.Peer) (*health.Vital, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+p.Address+VitalPath, nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.HTTP.Do(req)
	if err != nil {
		return nil, plainly(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answers %s", resp.Status)
	}
	v := new(health.Vital)
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(v); err != nil {
		return nil, plainly(err)
	}
	return v, nil
}

// plainly says in few words why a node did not answer.
func plainly(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", patience)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return errors.Unwrap(err)
}
