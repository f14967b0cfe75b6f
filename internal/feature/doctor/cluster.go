package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hexhub/internal/feature/health"
)

// lone is the evidence where only several nodes could have the fault.
func (x *examination) lone() string {
	if x.Server == nil {
		return unknown
	}
	return "there is one node"
}

// apart is the evidence where what nodes tell each other would be needed, and they do not; elsewhere, where the store
// is for others to look after.
const (
	apart     = "nodes whose rows are in an etcd that is run elsewhere do not ask each other"
	elsewhere = "the rows are in an etcd that is run elsewhere: look after its members there"
)

// several returns how all nodes do, and true if there are several.
func (x *examination) several(ctx context.Context) (health.Report, bool) {
	r := x.nodes(ctx)
	return r, len(r.Nodes) > 1
}

func checkNodes(ctx context.Context, x *examination) Finding {
	r, several := x.several(ctx)
	if !several {
		return skip(x.lone())
	}
	var bad []string
	for _, n := range r.Nodes {
		if n.State == health.Unreachable || n.State == health.NotReady {
			bad = append(bad, fmt.Sprintf("%s is %s (%s)", n.Name, n.State, n.Note))
		}
	}
	fix := "hexhub status; start what is down, or hexhub cluster remove NAME if it is gone for good"
	if r.External {
		fix = "start what is down; what is gone for good is forgotten after a day"
	}
	switch {
	case r.CanLose < 0:
		return fail(r.Sentence+": "+strings.Join(bad, ", "), fix)
	case len(bad) > 0:
		return fail(strings.Join(bad, ", "), fix)
	}
	return ok("all " + plural(len(r.Nodes), "node") + " answer")
}

func checkLeader(ctx context.Context, x *examination) Finding {
	r, several := x.several(ctx)
	if !several {
		return skip(x.lone())
	}
	for _, n := range r.Nodes {
		if n.Role == "leader" && n.State != health.Unreachable {
			return ok(n.Name + " leads")
		}
	}
	return fail("nobody leads, so nothing can be changed", "look again in a few seconds; then hexhub status, and start what is down")
}

func checkLag(ctx context.Context, x *examination) Finding {
	r, several := x.several(ctx)
	switch {
	case !several:
		return skip(x.lone())
	case r.External:
		return skip(apart)
	}
	for _, n := range r.Nodes {
		if n.State == health.Lagging {
			return warn(fmt.Sprintf("%s is %s changes behind (%s)", n.Name, number(int(n.Behind)), n.Note), "wait, and look again; then hexhub doctor on that node")
		}
	}
	return ok("nobody is behind")
}

func checkSize(ctx context.Context, x *examination) Finding {
	r, several := x.several(ctx)
	switch {
	case !several:
		return skip(x.lone())
	case r.External:
		return skip(elsewhere)
	case len(r.Advice) > 0:
		return warn(r.Advice[0], "hexhub cluster invite")
	}
	return ok(plural(len(r.Nodes), "node"))
}

func checkVersions(ctx context.Context, x *examination) Finding {
	r, several := x.several(ctx)
	if !several {
		return skip(x.lone())
	}
	by := map[string][]string{}
	var versions []string
	for _, n := range r.Nodes {
		if n.Version == "" {
			continue
		}
		if len(by[n.Version]) == 0 {
			versions = append(versions, n.Version)
		}
		by[n.Version] = append(by[n.Version], n.Name)
	}
	if len(versions) < 2 {
		return ok("all run " + strings.Join(versions, ""))
	}
	var told []string
	for _, v := range versions {
		told = append(told, strings.Join(by[v], ", ")+" run "+v)
	}
	return warn(strings.Join(told, "; ")+": what is new waits for all", "finish the upgrade on every node")
}

// Clocks may differ by skewed without harm, and by farSkewed not even for a while.
const (
	skewed    = 500 * time.Millisecond
	farSkewed = 5 * time.Second
)

func checkClock(ctx context.Context, x *examination) Finding {
	r, several := x.several(ctx)
	switch {
	case !several:
		return skip(x.lone())
	case r.External:
		return skip(apart)
	}
	const fix = "timedatectl set-ntp true, on both machines"
	var worst time.Duration
	who := ""
	for _, n := range r.Nodes {
		if d := n.Skew.Abs(); d > worst {
			worst, who = d, n.Name
		}
	}
	evidence := fmt.Sprintf("%s from %s", worst.Round(time.Millisecond), who)
	switch {
	case worst > farSkewed:
		return fail(evidence+": one-time codes, tokens and ages are judged by either", fix)
	case worst > skewed:
		return warn(evidence, fix)
	}
	return ok("the clocks agree")
}

func checkNodeCertificate(_ context.Context, x *examination) Finding {
	if x.NodeCertEnds == nil {
		return skip(x.lone())
	}
	ends := x.NodeCertEnds()
	switch left := time.Until(ends); {
	case ends.IsZero():
		return skip(x.lone())
	case left <= 0:
		return fail(fmt.Sprintf("this node's certificate ended on %s: no other node lets it in", ends.Format(time.DateTime)), "check the clock of this machine, and restart the server")
	case left < soon:
		return warn(fmt.Sprintf("this node's certificate ends in %s and should have been renewed by now", plural(int(left/(24*time.Hour)), "day")), "restart the server, and read its log")
	default:
		return ok("valid until " + ends.Format(time.DateOnly))
	}
}
