package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/health"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type statusCmd struct {
	target `embed:""`
	Watch  bool          `help:"Look again and again, until interrupted."`
	Every  time.Duration `default:"2s" placeholder:"TIME" help:"How often with --watch."`
}

// Run tells how the registry does.
func (c statusCmd) Run(s *session) error {
	if !c.Watch {
		return c.once(s)
	}
	if c.Every < 100*time.Millisecond {
		return &failure{why: "--every must be at least 100ms", fix: []string{"hexhub status --watch --every 1s"}, code: exitUsage}
	}
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for {
		if s.paint.Terminal() {
			s.paint.Printf("\x1b[H\x1b[2J")
		}
		// A node that restarts is no reason to stop looking.
		if err := c.once(s); err != nil && s.report(err) == exitUsage {
			return &failure{code: exitUsage}
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return nil
		}
	}
}

func (c statusCmd) once(s *session) error {
	var st ops.Status
	if err := c.ask(s, "GET", "status", nil, nil, &st); err != nil {
		return err
	}
	switch {
	case s.JSON:
		fields := map[string]any{
			"state": st.State, "sentence": st.Sentence, "needed": st.Needed, "can_lose": st.CanLose, "external": st.External, "advice": st.Advice, "nodes": st.Nodes,
			"url": st.URL, "version": st.Version, "pid": st.PID, "started_at": st.StartedAt,
			"not_ready": st.NotReady, "stale": st.Stale, "read_only": st.ReadOnly, "level": st.Level, "revision": st.Revision, "rows": st.Rows,
			"blob_bytes": st.BlobBytes, "jobs": st.Jobs, "backup": st.Backup,
		}
		if !st.CertEnds.IsZero() {
			fields["tls_ends"] = st.CertEnds
		}
		return s.json(fields)
	case s.Quiet:
		_, err := fmt.Fprintln(s.out, st.State)
		return err
	}
	c.print(s.paint, st)
	return nil
}

func (c statusCmd) print(p *term.Printer, st ops.Status) {
	style := map[string]term.Style{health.Healthy: term.Green, health.Degraded: term.Yellow, health.ReadOnly: term.Red}[st.State]
	p.Printf("%s    %s\n", p.In(term.Bold, term.Clean(st.URL)), p.In(style, term.Clean(st.Sentence)))
	rows := [][]string{{"NODE", "ROLE", "STATE", "BEHIND", "DISK", "UP", "VERSION", ""}}
	zones := slices.ContainsFunc(st.Nodes, func(n health.Node) bool { return n.Zone != "" })
	if zones {
		rows[0] = slices.Insert(rows[0], 2, "ZONE")
	}
	rate, p99 := 0.0, 0.0
	for _, n := range st.Nodes {
		row := nodeRow(n)
		if zones {
			row = slices.Insert(row, 2, term.Clean(n.Zone))
		}
		rows = append(rows, row)
		rate, p99 = rate+n.PerSecond, max(p99, n.P99)
	}
	p.Table(rows)
	p.Printf("Packages %s · releases %s · %s · %s req/s · p99 %s · jobs %d waiting",
		thousands(st.Rows["package"]), thousands(st.Rows["release"]), term.Bytes(st.BlobBytes), rateOf(rate), brief(p99), st.Jobs.Waiting)
	if st.Jobs.Dead > 0 {
		p.Printf(", %s", p.In(term.Yellow, fmt.Sprintf("%d dead", st.Jobs.Dead)))
	}
	p.Println()
	p.Printf("Backup %s\n", backedUp(p, st.Backup))
	if !st.CertEnds.IsZero() {
		p.Printf("TLS certificate ends in %s\n", age(time.Until(st.CertEnds)))
	}
	for _, a := range st.Advice {
		p.Printf("%s %s\n", p.In(term.Yellow, "Note:"), term.Clean(a))
	}
}

// backedUp tells how old the newest backup is, and whether anybody has tried to restore one.
func backedUp(p *term.Printer, b *backup.State) string {
	if b == nil {
		return p.In(term.Yellow, "none") + "; set backup.to to a folder elsewhere"
	}
	newest := p.In(term.Yellow, "none yet")
	if b.Snapshot != nil {
		newest = age(time.Since(b.Snapshot.At)) + " ago"
	}
	verified := "never verified"
	switch v := b.Verified; {
	case v != nil && len(v.Problems) > 0:
		verified = p.In(term.Red, fmt.Sprintf("the last verification, %s ago, found: %s", age(time.Since(v.At)), term.Clean(v.Problems[0])))
	case v != nil:
		verified = "verified " + age(time.Since(v.At)) + " ago"
	}
	if b.Problem != "" {
		return fmt.Sprintf("%s, %s, %s", newest, verified, p.In(term.Red, "failing for "+age(time.Since(b.Since))+": "+term.Clean(b.Problem)))
	}
	return newest + ", " + verified
}

func nodeRow(n health.Node) []string {
	row := []string{n.Name, n.Role, n.State, "", "", "", n.Version, n.Note}
	if n.State == health.Unreachable {
		return row
	}
	row[3] = thousands(n.Behind)
	if n.Role == "leader" {
		row[3] = "–"
	}
	if n.DiskTotal > 0 {
		row[4] = fmt.Sprintf("%d %% %s", 100-n.DiskFree*100/n.DiskTotal, term.Bytes(int64(n.DiskTotal-n.DiskFree)))
	}
	row[5] = age(time.Since(n.StartedAt))
	return row
}

// thousands writes n with commas between thousands.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func rateOf(perSecond float64) string {
	if perSecond > 0 && perSecond < 10 {
		return fmt.Sprintf("%.1f", perSecond)
	}
	return fmt.Sprintf("%.0f", perSecond)
}

// brief writes seconds as people say them.
func brief(seconds float64) string {
	switch {
	case seconds == 0:
		return "–"
	case seconds < 1:
		return fmt.Sprintf("%.3g ms", seconds*1000)
	}
	return fmt.Sprintf("%.3g s", seconds)
}

// age writes a time in its two largest units.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "the past"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh %dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd %dh", int(d.Hours())/24, int(d.Hours())%24)
}

type healthCmd struct {
	Data    string        `key:"data" default:"./data" placeholder:"DIR" help:"Data folder of the server on this machine."`
	Timeout time.Duration `default:"3s" placeholder:"TIME" help:"How long the answer may take."`
}

// Run asks the server on this machine whether it can be sent requests, for containers and scripts: exit code
// 0 if so, and 6 if not.
func (c healthCmd) Run(s *session) error {
	l, err := target{Data: c.Data}.link(s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := l.http.Do(req)
	if errors.Is(err, context.DeadlineExceeded) {
		return &failure{why: "the server does not answer within " + c.Timeout.String(), fix: []string{"hexhub status"}, code: exitUnavailable}
	}
	if err != nil {
		return l.unreachable(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return l.unreachable(err)
	}
	says := term.Clean(strings.TrimSpace(string(text)))
	if resp.StatusCode != http.StatusOK {
		return &failure{why: says, fix: []string{"hexhub doctor"}, code: exitUnavailable}
	}
	return s.done("ok", "ready", true, "%s", says)
}
