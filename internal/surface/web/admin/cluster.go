package admin

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"hexhub/internal/feature/health"
	"hexhub/internal/feature/operator"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

type clusterPage struct {
	sheet
	Report   health.Report
	Why      string    // there can be no other nodes; empty if there can
	CertEnds time.Time // of this node's certificate for the others; zero without one
}

func (p *pages) cluster(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	page := &clusterPage{sheet: p.sheet(w, r, "Nodes", "/admin/cluster"), Report: p.Report(r.Context())}
	ui.Again(r, glance)
	if err := p.Operator.NoCluster(); err != nil {
		page.Why = err.Error()
	}
	if p.Operator.Cluster != nil {
		page.CertEnds = p.Operator.Cluster.CertEnds()
	}
	return page, nil
}

// quorum is who decides what is written. Of an etcd that is run elsewhere nobody here knows.
func quorum(r health.Report) ui.Quorum {
	q := ui.Quorum{Needed: r.Needed}
	for _, n := range r.Nodes {
		q.Seats = append(q.Seats, ui.Seat{
			Name: n.Name, Path: nodePath(n.Name), Up: n.State != health.Unreachable, Leads: n.Role == "leader", Votes: n.Role != "learner",
		})
	}
	return q
}

// nodePath is the address of a node's page.
func nodePath(name string) string { return "/admin/cluster/" + url.PathEscape(name) }

// used is how much of the node's disk is, in percent.
func used(n health.Node) int {
	if n.DiskTotal == 0 {
		return 0
	}
	return int(100 - 100*n.DiskFree/n.DiskTotal)
}

type nodePage struct {
	sheet
	Node    health.Node
	Alone   bool // there is no other
	Can     bool // there is something to do with it
	Removal operator.Removal
	Quorum  int
	Drain   operator.Drain
	NoDrain string // why it cannot be drained
	NoLead  string // why it cannot lead
}

func (p *pages) node(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	report, name := p.Report(r.Context()), r.PathValue("node")
	for _, n := range report.Nodes {
		if n.Name == name {
			page := &nodePage{sheet: p.sheet(w, r, n.Name, "/admin/cluster"), Node: n, Alone: len(report.Nodes) == 1}
			return page, p.foresee(r.Context(), page)
		}
	}
	return nil, fault.New(fault.NotFound, "No node is called %s. It may have been removed.", name)
}

// foresee finds out what the deeds upon a node would mean.
func (p *pages) foresee(ctx context.Context, page *nodePage) (err error) {
	if p.Operator.Cluster == nil || page.Alone {
		return nil
	}
	page.Can = true
	who := page.Node.ID
	if page.Removal, err = p.Operator.Removal(ctx, who); err != nil {
		return err
	}
	page.Quorum = page.Removal.Left/2 + 1
	if page.Drain, err = p.Operator.Draining(ctx, who); err != nil {
		page.NoDrain = err.Error()
	}
	if page.Node.Role == "leader" {
		return nil
	}
	if _, err := p.Operator.Succession(ctx, who); err != nil {
		page.NoLead = err.Error()
	}
	return nil
}

// member finds the node whose page it is.
func (p *pages) member(r *http.Request) (cluster.Member, error) {
	if err := p.Operator.NoCluster(); err != nil {
		return cluster.Member{}, err
	}
	m, _, err := p.Operator.Cluster.Member(r.Context(), r.PathValue("node"))
	return m, err
}

func (p *pages) lead(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	m, err := p.member(r)
	if err == nil {
		_, err = p.Operator.MoveLeader(r.Context(), v.Actor.By(), m.ID)
	}
	return "admin-lead", "", err
}

func (p *pages) drain(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	m, err := p.member(r)
	if err == nil {
		err = p.Operator.Drain(r.Context(), v.Actor.By(), m.ID)
	}
	return "admin-drained", "", err
}

func (p *pages) undrain(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	m, err := p.member(r)
	if err == nil {
		_, err = p.Operator.Undrain(r.Context(), v.Actor.By(), m.ID)
	}
	return "admin-undrained", "", err
}

// remove removes the node whose name was typed once more.
func (p *pages) remove(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	m, err := p.member(r)
	switch {
	case err != nil:
		return "", "", err
	case form.Get("confirm") != m.Name:
		return "", "", fault.Field(fmt.Sprintf("must be %s, the name of the node", m.Name), "confirm")
	}
	_, err = p.Operator.Remove(r.Context(), v.Actor.By(), m.ID)
	return "admin-removed", "/admin/cluster", err
}

// drained says what a drained node waits for.
func drained(p *nodePage) string {
	if p.Drain.SoleBlobs < 0 {
		return fmt.Sprintf("It is being drained: %d jobs are still on it, and which tarballs are cannot be told, because not all others answer.", p.Drain.Jobs)
	}
	return fmt.Sprintf("It is being drained: %d jobs and %d tarballs are still on it alone. Look again in a moment.", p.Drain.Jobs, p.Drain.SoleBlobs)
}
