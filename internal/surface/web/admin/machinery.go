package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/surface/web/ui"
)

// mostJobs is how many jobs are shown.
const mostJobs = 200

type jobLine struct {
	job.Job
	State job.State
}

type jobsPage struct {
	sheet
	Jobs  []jobLine
	Count job.Count
}

func (p *pages) jobs(w http.ResponseWriter, r *http.Request, by ui.Visit) (view, error) {
	page, v := &jobsPage{sheet: p.sheet(w, r, "Jobs", "/admin/jobs")}, p.DB.View()
	ui.Again(r, glance)
	for _, j := range job.List(v, mostJobs) {
		page.Jobs = append(page.Jobs, jobLine{j, j.State(time.Now())})
	}
	for _, n := range p.Operator.Jobs.Count(v, time.Now()) {
		page.Count.Waiting += n.Waiting
		page.Count.Running += n.Running
		page.Count.Dead += n.Dead
	}
	return page, nil
}

func jobTone(s job.State) ui.Tone {
	switch s {
	case job.Dead:
		return ui.Bad
	case job.Running:
		return ui.Notice
	case job.Retrying:
		return ui.Caution
	}
	return ui.Plain
}

func (p *pages) retryJob(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return "admin-job-retried", "", gone(p.Operator.RetryJob(r.Context(), v.Actor.By(), form.Get("id")))
}

func (p *pages) deleteJob(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return "admin-job-deleted", "", gone(p.Operator.DeleteJob(r.Context(), v.Actor.By(), form.Get("id")))
}

// gone says of what is there no more that it is.
func gone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Conflict, "It is there no more: it was done, or somebody else was faster.")
	}
	return err
}

type mailPage struct {
	sheet
	Sends   bool // letters leave
	Letters []mail.Entry
	Next    string // path of the older ones; empty when there are none
}

// letters is how many letters are shown at a time.
const letters = 50

func (p *pages) mail(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	page := &mailPage{sheet: p.sheet(w, r, "Mail", "/admin/mail"), Sends: p.Operator.Mail.Configured()}
	found, next, err := p.Operator.Mail.Outbox(r.Context(), r.URL.Query().Get("after"), letters)
	if err != nil {
		return nil, err
	}
	page.Letters = found
	if next != "" {
		page.Next = "/admin/mail?" + url.Values{"after": {next}}.Encode()
	}
	return page, nil
}

func letterTone(s mail.State) ui.Tone {
	switch s {
	case mail.Sent:
		return ui.Good
	case mail.Failed:
		return ui.Bad
	case mail.Retrying:
		return ui.Caution
	}
	return ui.Plain
}

func (p *pages) sendLetter(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return "admin-letter-sent", "", gone(p.Operator.SendLetter(r.Context(), v.Actor.By(), form.Get("id")))
}

func (p *pages) deleteLetter(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return "admin-letter-deleted", "", gone(p.Operator.DeleteLetter(r.Context(), v.Actor.By(), form.Get("id")))
}

func (p *pages) testMail(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return "admin-tested", "", p.Operator.TestMail(r.Context(), v.Actor.By(), strings.TrimSpace(form.Get("email")))
}

type storagePage struct {
	sheet
	Count, Bytes int64
	Nodes        []health.Node
	Several      bool // files lie on the disks of several nodes
	Stores       []heap
}

// A heap of files is one of those that are read from time to time.
type heap struct {
	scrub.State
	Name  string
	Round *scrub.Round // the one that is under way, or else the last; nil before the first
}

func (p *pages) storage(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	report := p.Report(r.Context())
	page := &storagePage{sheet: p.sheet(w, r, "Storage", "/admin/storage"), Nodes: report.Nodes, Several: p.Spread && len(report.Nodes) > 1}
	if p.Blobs != nil {
		page.Count, page.Bytes = p.Blobs()
	}
	for _, s := range scrub.States(p.DB.View()) {
		line := heap{State: s, Name: s.Node, Round: s.Now}
		if s.Store == scrub.Bucket {
			line.Name = "the bucket"
		}
		if line.Round == nil {
			line.Round = s.Last
		}
		page.Stores = append(page.Stores, line)
	}
	return page, nil
}

// missing counts the copies that nodes are to hold and lack, as far as they answered.
func (p *storagePage) missing() (copies int64) {
	for _, n := range p.Nodes {
		copies += n.Lacks
	}
	return copies
}

// columns are the heads of the table of disks.
func (p *storagePage) columns() []string {
	heads := []string{"Node", "Used", "Free", "Size"}
	if p.Several {
		heads = append(heads, "Copies missing")
	}
	return heads
}

// words says how far the reading of a store got.
func (s heap) words() (ui.Tone, string) {
	switch {
	case len(s.Lost) > 0:
		return ui.Bad, "tarballs are lost"
	case s.Problem != "":
		return ui.Bad, "does not get on"
	case s.Asked:
		return ui.Notice, "about to be read"
	case s.Now != nil:
		return ui.Notice, "being read"
	case s.Last != nil:
		return ui.Good, "whole"
	}
	return ui.Plain, "never read yet"
}

func (p *pages) scrub(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	return "admin-scrub", "", p.Operator.Scrub(r.Context(), v.Actor.By())
}

type backupsPage struct {
	sheet
	None    string // why there is none; empty when there is
	Problem string // why it cannot be read
	State   backup.State
	Listing backup.Listing
}

func (p *pages) backups(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	page := &backupsPage{sheet: p.sheet(w, r, "Backups", "/admin/backups"), State: backup.StateOf(p.DB.View())}
	found, err := p.Operator.Backups(r.Context())
	switch {
	case p.Operator.Backup == nil:
		page.None = err.Error()
	case err != nil:
		page.Problem = err.Error()
	}
	page.Listing = found
	slices.SortStableFunc(page.Listing.Snapshots, func(a, b backup.Made) int { return b.At.Compare(a.At) })
	return page, nil
}

func (p *pages) backUp(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	_, err := p.Operator.BackUp(r.Context(), v.Actor.By())
	return "admin-backup", "", err
}

func (p *pages) verifyBackup(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	_, err := p.Operator.VerifyBackup(r.Context(), v.Actor.By())
	return "admin-backup-verified", "", err
}
