package admin

import (
	"time"

	"github.com/a-h/templ"

	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/surface/web/ui"
)

// Specimens are the components that are seen on these pages alone, as they look in use.
func Specimens(now time.Time) []ui.Specimen {
	return []ui.Specimen{
		ui.Specimen{Name: "State", Use: "How the whole does, in a sentence."}.Same(state(suffering(now))),
		ui.Specimen{Name: "NodeCard", Use: "A node at a glance."}.Same(nodeCards(suffering(now))),
		{Name: "Finding", Use: "Something amiss, and what can wait, each with what to do.", Show: func(theme string) templ.Component { return findings(theme) }},
		{Name: "ConfigTable", Use: "A setting that all nodes agree on, with its form, and one of this node's configuration.", Show: func(theme string) templ.Component {
			return configured(rule{
				Definition: setting.Definition{Name: "session.max." + theme, Default: "50", Help: "How many sessions a user may have at a time."}, Value: "40",
				By: setting.Row{By: "root", At: now.Add(-time.Hour)},
			})
		}},
		ui.Specimen{Name: "JobRow", Use: "Work that waits, or failed for good."}.Same(queue([]jobLine{
			{job.Job{ID: "1", Kind: "mail", Key: "published/decimal", InsertedAt: now.Add(-time.Minute)}, job.Running},
			{job.Job{ID: "2", Kind: "webhook", Key: "decimal-2.1.0", InsertedAt: now.Add(-time.Hour), Attempts: 12, Error: "connection refused"}, job.Dead},
		})),
		ui.Specimen{Name: "Heap", Use: "How far the reading of all files on a disk has got."}.Same(heaps(now)),
	}
}

// suffering is a registry of two nodes, one of which is full and behind.
func suffering(now time.Time) health.Report {
	well := health.Vital{
		ID: "1", Name: "hub-a", Member: 1, Leader: 1, Term: 1, Revision: 9000, Version: "0.1.0", StartedAt: now.Add(-300 * time.Hour), Zone: "a", Address: "10.0.0.1:4001",
		DiskFree: 700 << 30, DiskTotal: 1000 << 30, Memory: 412 << 20, Traffic: health.Traffic{PerSecond: 214.3, P50: 0.002, P99: 0.009}, Now: now,
	}
	late := well
	late.ID, late.Name, late.Member, late.Revision, late.DiskFree, late.Failed, late.Zone = "2", "hub-b", 2, 7000, 60<<30, 0.004, "b"
	return health.Judge([]health.Seen{{ID: "1", Name: "hub-a", Vital: &well}, {ID: "2", Name: "hub-b", Vital: &late}})
}

// amiss is a finding of the doctor.
var amiss = finding{
	Finding: doctor.Finding{ID: "backup", Level: doctor.Warn, Evidence: "there is none", Fix: "hexhub serve --backup-to /mnt/other-disk/hexhub"},
	Title:   "backup", Runbook: "/docs/backup", Command: true,
}

// read are two disks, one of which has lost something.
func read(now time.Time) []heap {
	done := scrub.Round{Read: 9406, Bytes: 18 << 30, Ended: now.Add(-26 * time.Hour)}
	bad := done
	bad.Corrupt, bad.Healed = 2, 1
	return []heap{
		{State: scrub.State{Last: &done}, Name: "hub-a", Round: &done},
		{State: scrub.State{Last: &bad, Lost: []scrub.Loss{{What: "hexhub/decimal-2.1.0.tar", Why: "it is not what it was"}}}, Name: "hub-b", Round: &bad},
	}
}
