package ops

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// RegisterMetrics adds the numbers of the store and of the Go runtime to reg. The log may be nil.
func RegisterMetrics(reg prometheus.Registerer, db *store.DB, log *etcdlog.Log, version string) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "hexhub_info", Help: "Always one; tells the version.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	reg.MustRegister(info, storeCollector{db, log},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// storeCollector reads the store's numbers when they are asked for.
type storeCollector struct {
	db  *store.DB
	log *etcdlog.Log
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("hexhub_store_"+name, help, labels, nil)
}

var (
	descRevision  = desc("revision", "The revision that this node's tables show.")
	descRows      = desc("rows", "Rows in memory, by table.", "table")
	descUpdates   = desc("updates_total", "Commits by this node.")
	descConflicts = desc("conflicts_total", "Updates that had to run again because a row had changed.")
	descReloads   = desc("reloads_total", "Times that the tables had to be loaded anew.")
	descSilence   = desc("silence_seconds", "For how long the tables have not heard from the log; 0 when all is well.")
	descReadOnly  = desc("read_only", "1 when writes are refused for want of space, or by an operator.")
	descSize      = desc("size_bytes", "Size of the log's database file.")
	descInUse     = desc("in_use_bytes", "The part of it that holds data.")
	descQuota     = desc("quota_bytes", "Size at which the log refuses writes.")
	descDiskFree  = desc("disk_free_bytes", "Free space on the log's disk.")
)

// Describe implements prometheus.Collector.
func (c storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descRevision, descRows, descUpdates, descConflicts, descReloads, descSilence, descReadOnly,
		descSize, descInUse, descQuota, descDiskFree,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c storeCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v int64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v))
	}
	s := c.db.Stats()
	gauge(descRevision, float64(s.Revision))
	for table, rows := range s.Rows {
		gauge(descRows, float64(rows), table)
	}
	counter(descUpdates, s.Updates)
	counter(descConflicts, s.Conflicts)
	counter(descReloads, s.Reloads)
	gauge(descSilence, c.db.Age().Seconds())

	full := c.collectLog(gauge)
	gauge(descReadOnly, number(c.db.ReadOnly() != nil || full))
}

// collectLog tells the log's numbers, if there are any, and reports whether it is full.
func (c storeCollector) collectLog(gauge func(*prometheus.Desc, float64, ...string)) bool {
	if c.log == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s, err := c.log.Status(ctx)
	if err != nil {
		return false
	}
	gauge(descSize, float64(s.Size))
	gauge(descInUse, float64(s.InUse))
	gauge(descQuota, float64(s.Quota))
	gauge(descDiskFree, float64(s.DiskFree))
	return s.DiskFull || s.Size >= s.Quota
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
