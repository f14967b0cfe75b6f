package admin

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/health"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

type overviewPage struct {
	sheet
	Report  health.Report
	ToDo    []finding
	Wishes  []doctor.Wish
	Rows    map[string]int64
	Bytes   int64
	Jobs    job.Count
	Backup  *backup.State // nil without one
	CertEnd time.Time
}

// glance is how often a page that is open asks the nodes again how they do, for what they tell is no row.
const glance = 15 * time.Second

// quick are the checks of the doctor that need to read nothing but rows and what the nodes told anyway.
var quick = []string{"writes", "backup", "jobs", "administrator", "registration", "address", "mail", "scrub", "nodes", "leader", "lag", "size", "versions", "clock", "node-certificate"}

func (p *pages) overview(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	page := &overviewPage{sheet: p.sheet(w, r, "Administration", "/admin"), Report: p.Report(r.Context()), CertEnd: p.CertEnd}
	ui.Again(r, glance)
	page.Rows = p.DB.Stats().Rows
	if p.Blobs != nil {
		_, page.Bytes = p.Blobs()
	}
	v := p.DB.View()
	for _, n := range p.Operator.Jobs.Count(v, time.Now()) {
		page.Jobs.Waiting += n.Waiting
		page.Jobs.Running += n.Running
		page.Jobs.Dead += n.Dead
	}
	if p.Operator.Backup != nil {
		state := backup.StateOf(v)
		page.Backup = &state
	}
	examined := p.Examine()
	if examined.Nodes != nil {
		examined.Nodes = func(context.Context) health.Report { return page.Report } // they were asked just now
	}
	found := doctor.Run(r.Context(), examined, quick)
	page.Wishes = doctor.Wishes(examined, page.Report, found, p.silent(v))
	for _, f := range inWords(found) {
		if f.Level == doctor.Warn || f.Level == doctor.Fail {
			page.ToDo = append(page.ToDo, f)
		}
	}
	slices.SortStableFunc(page.ToDo, func(a, b finding) int { return cmp.Compare(grave(a.Level), grave(b.Level)) })
	return page, nil
}

// silent are the wishes of which nobody wants to be reminded.
func (p *pages) silent(r store.Reader) []string {
	value, _ := p.Settings.Value(r, doctor.Silence)
	ids, _ := doctor.ParseSilence(value) // what a newer binary wrote reminds
	return ids
}

func (p *pages) silence(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	value := strings.Join(append(p.silent(p.DB.View()), form.Get("wish")), ",")
	return "admin-silenced", "", p.Settings.Set(r.Context(), v.Actor.By(), doctor.Silence, value)
}

func grave(l doctor.Level) int {
	return slices.Index([]doctor.Level{doctor.Fail, doctor.Warn, doctor.OK, doctor.Skip}, l)
}

// tone is how the whole or a node in a state is shown.
func tone(state string) ui.Tone {
	switch state {
	case health.Healthy:
		return ui.Good
	case health.ReadOnly, health.Unreachable, health.NotReady:
		return ui.Bad
	}
	return ui.Caution
}

// runbooks say where to read on about a state of the whole.
var runbooks = map[string]string{health.ReadOnly: "/docs/disaster-recovery", health.Degraded: "/docs/cluster"}

// A finding of the doctor, with the name of the check and where one reads on.
type finding struct {
	doctor.Finding
	Title, Runbook string
	Command        bool // the fix is one, and no sentence
}

func inWords(all []doctor.Finding) []finding {
	checks := doctor.Checks()
	out := make([]finding, len(all))
	for i, f := range all {
		out[i] = finding{Finding: f, Title: f.ID, Command: strings.HasPrefix(f.Fix, "hexhub ")}
		if at := slices.IndexFunc(checks, func(c doctor.Check) bool { return c.ID == f.ID }); at >= 0 {
			out[i].Title, out[i].Runbook = checks[at].Title, "/docs/"+checks[at].Page
		}
	}
	return out
}

type doctorPage struct {
	sheet
	Findings       []finding
	Problems, Well int
}

func (p *pages) doctor(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	page := &doctorPage{sheet: p.sheet(w, r, "Doctor", "/admin/doctor")}
	page.Findings = inWords(doctor.Run(r.Context(), p.Examine(), nil))
	for _, f := range page.Findings {
		switch f.Level {
		case doctor.Fail, doctor.Warn:
			page.Problems++
		case doctor.OK:
			page.Well++
		}
	}
	slices.SortStableFunc(page.Findings, func(a, b finding) int { return cmp.Compare(grave(a.Level), grave(b.Level)) })
	return page, nil
}

func levelTone(l doctor.Level) ui.Tone {
	switch l {
	case doctor.OK:
		return ui.Good
	case doctor.Warn:
		return ui.Caution
	case doctor.Fail:
		return ui.Bad
	}
	return ui.Plain
}
