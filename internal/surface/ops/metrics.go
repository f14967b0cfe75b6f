package ops

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"hexhub/internal/feature/docsearch"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/replica"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// Measured is what RegisterMetrics tells of.
type Measured struct {
	Version string
	DB      *store.DB
	Log     *etcdlog.Log                // nil when the log is not etcd's
	Jobs    *job.Queue                  // nil tells of no jobs
	Blobs   func() (count, bytes int64) // nil tells of no blobs
	Replica *replica.Store              // nil when blobs lie on one disk only, or elsewhere
	Scrub   *scrub.Scrub                // of what this node reads; nil tells of none
	Manuals *docsearch.Index            // nil tells of no search of documentation
	CertEnd time.Time                   // of the public site's certificate; zero without one
}

// RegisterMetrics adds the numbers of the node and of the Go runtime to reg. They are read when they are
// asked for. docs/metrics.md lists them. No label has a value that a request could choose: a stranger
// could fill the memory of whoever scrapes.
func RegisterMetrics(reg prometheus.Registerer, m Measured) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "hexhub_info", Help: "Always one; tells the version, and with which Go it was built.",
		ConstLabels: prometheus.Labels{"version": m.Version, "go": runtime.Version()},
	})
	info.Set(1)
	reg.MustRegister(info, &collector{m},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// A collector reads the node's numbers when they are asked for.
type collector struct{ Measured }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("hexhub_"+name, help, labels, nil)
}

var (
	descRevision  = desc("store_revision", "The revision that this node's tables show.")
	descRows      = desc("store_rows", "Rows in memory, by table.", "table")
	descUpdates   = desc("store_updates_total", "Commits by this node.")
	descConflicts = desc("store_conflicts_total", "Updates that had to run again because a row had changed.")
	descReloads   = desc("store_reloads_total", "Times that the tables had to be loaded anew.")
	descAge       = desc("store_age_seconds", "How old what the tables show may be at the most; about 0 when all is well.")
	descReadOnly  = desc("store_read_only", "1 when writes are refused for want of space, or by an operator.")
	descSize      = desc("store_size_bytes", "Size of the log's database file.")
	descInUse     = desc("store_in_use_bytes", "The part of it that holds data.")
	descQuota     = desc("store_quota_bytes", "Size at which the log refuses writes.")
	descDiskFree  = desc("store_disk_free_bytes", "Free space on the log's disk.")
	descMembers   = desc("store_members", "Nodes of the cluster, answering or not.")
	descHasLeader = desc("store_has_leader", "1 when this node knows a leader.")
	descIsLeader  = desc("store_is_leader", "1 when this node is the leader.")
	descLearner   = desc("store_is_learner", "1 when this node copies, and does not vote yet.")
	descTerm      = desc("store_term", "Number of the present leadership; it grows with each election.")
	descProblems  = desc("store_problems", "Alarms of the log, the lack of a leader among them.")

	descJobs      = desc("jobs", "Jobs by kind, and by state: waiting, running or dead.", "kind", "state")
	descBlobs     = desc("blobs", "Blobs on this node, as last counted; they are counted hourly.")
	descMissing   = desc("blob_missing", "Blobs that belong on this node and are not here, as far as it has got since it last looked.")
	descFetched   = desc("blob_fetched_total", "Blobs that came from another node.")
	descHealed    = desc("blob_healed_total", "Corrupt blobs that were replaced from another node.")
	descCorrupt   = desc("blob_corrupt_total", "Corrupt blobs that scrubs by this node found.")
	descLosses    = desc("blob_losses", "Blobs of which the scrub of this node's disk, or of the bucket, found no good copy; 200 stands for as many or more.")
	descScrubbed  = desc("scrub_timestamp_seconds", "When the blobs of this node's disk, or of the bucket, had all been read last, in Unix seconds; absent before.")
	descBlobBytes = desc("blobs_bytes", "Their bytes.")
	descDocSets   = desc("docsearch_releases", "Releases whose documentation this node searches.")
	descDocItems  = desc("docsearch_places", "Places in it that can be found, such as modules, functions and sections.")
	descDocBehind = desc("docsearch_behind", "Packages that the search of documentation has yet to look at; 0 when it is up to date.")
	descCert      = desc("tls_not_after_seconds", "When the public site's certificate ends, in Unix seconds; absent without one.")
)

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descRevision, descRows, descUpdates, descConflicts, descReloads, descAge, descReadOnly,
		descSize, descInUse, descQuota, descDiskFree, descMembers, descHasLeader, descIsLeader, descLearner, descTerm, descProblems,
		descJobs, descBlobs, descBlobBytes, descMissing, descFetched, descHealed,
		descCorrupt, descLosses, descScrubbed, descDocSets, descDocItems, descDocBehind, descCert,
	} {
		ch <- d
	}
}

// A sink takes numbers.
type sink chan<- prometheus.Metric

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (s sink) counter(d *prometheus.Desc, v int64) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	out := sink(ch)
	s := c.DB.Stats()
	out.gauge(descRevision, float64(s.Revision))
	for table, rows := range s.Rows {
		out.gauge(descRows, float64(rows), table)
	}
	out.counter(descUpdates, s.Updates)
	out.counter(descConflicts, s.Conflicts)
	out.counter(descReloads, s.Reloads)
	out.gauge(descAge, c.DB.Age().Seconds())
	full := c.collectLog(out)
	out.gauge(descReadOnly, number(c.DB.ReadOnly() != nil || full))
	c.collectWork(out)
}

// collectWork tells of jobs and blobs.
func (c *collector) collectWork(out sink) {
	if c.Jobs != nil {
		for kind, n := range c.Jobs.Count(c.DB.View(), time.Now()) {
			out.gauge(descJobs, float64(n.Waiting), kind, "waiting")
			out.gauge(descJobs, float64(n.Running), kind, "running")
			out.gauge(descJobs, float64(n.Dead), kind, "dead")
		}
	}
	if c.Replica != nil {
		r := c.Replica.Stats()
		out.gauge(descMissing, float64(r.Missing))
		out.counter(descFetched, r.Fetched)
		out.counter(descHealed, r.Healed)
	}
	if c.Scrub != nil {
		s := c.Scrub.State()
		out.counter(descCorrupt, c.Scrub.Corrupt())
		out.gauge(descLosses, float64(len(s.Lost)))
		if s.Last != nil {
			out.gauge(descScrubbed, float64(s.Last.Ended.Unix()))
		}
	}
	if c.Blobs != nil {
		count, bytes := c.Blobs()
		out.gauge(descBlobs, float64(count))
		out.gauge(descBlobBytes, float64(bytes))
	}
	if c.Manuals != nil {
		n := c.Manuals.Numbers()
		out.gauge(descDocSets, float64(n.Sets))
		out.gauge(descDocItems, float64(n.Items))
		out.gauge(descDocBehind, float64(n.Behind))
	}
	if !c.CertEnd.IsZero() {
		out.gauge(descCert, float64(c.CertEnd.Unix()))
	}
}

// collectLog tells the log's numbers, if there are any, and reports whether it is full.
func (c *collector) collectLog(out sink) bool {
	if c.Log == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s, err := c.Log.Status(ctx)
	if err != nil {
		return false
	}
	out.gauge(descSize, float64(s.Size))
	out.gauge(descInUse, float64(s.InUse))
	out.gauge(descHasLeader, number(s.Leader != 0))
	if !s.External { // where its disk and quota are for others to watch, and none of us leads
		out.gauge(descQuota, float64(s.Quota))
		out.gauge(descDiskFree, float64(s.DiskFree))
		out.gauge(descIsLeader, number(s.Leader != 0 && s.Leader == s.Member))
		out.gauge(descLearner, number(s.Learner))
	}
	out.gauge(descTerm, float64(s.Term))
	out.gauge(descProblems, float64(len(s.Problems)))
	if members, err := c.Log.Members(ctx); err == nil {
		out.gauge(descMembers, float64(len(members)))
	}
	return s.DiskFull || !s.External && s.Size >= s.Quota
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A Tally counts blobs for the metrics. The zero value has counted nothing. It is safe for concurrent use.
type Tally struct{ count, bytes atomic.Int64 }

// Count goes through all blobs of the store and remembers their number and size.
func (t *Tally) Count(ctx context.Context, s blob.Store) error {
	var count, bytes int64
	for info, err := range s.Walk(ctx) {
		if err != nil {
			return err
		}
		count++
		bytes += info.Size
	}
	t.count.Store(count)
	t.bytes.Store(bytes)
	return nil
}

// Last returns what was counted last.
func (t *Tally) Last() (count, bytes int64) { return t.count.Load(), t.bytes.Load() }
