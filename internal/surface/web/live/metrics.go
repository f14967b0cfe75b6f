package live

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the numbers of live pages.
type Metrics struct {
	streams, pages prometheus.Gauge
	renders, bytes prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		streams: prometheus.NewGauge(prometheus.GaugeOpts{Name: "hexhub_live_streams", Help: "Pages that are open in browsers and updated live."}),
		pages:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "hexhub_live_pages", Help: "Different pages among those that are open live: what all see alike is made once."}),
		renders: prometheus.NewCounter(prometheus.CounterOpts{Name: "hexhub_live_renders_total", Help: "Times that a page was made for those who have it open."}),
		bytes:   prometheus.NewCounter(prometheus.CounterOpts{Name: "hexhub_live_sent_bytes_total", Help: "Bytes sent to pages that are open."}),
	}
	reg.MustRegister(m.streams, m.pages, m.renders, m.bytes)
	return m
}

func (m *Metrics) count(streams, pages int) {
	if m != nil {
		m.streams.Set(float64(streams))
		m.pages.Set(float64(pages))
	}
}

func (m *Metrics) made() {
	if m != nil {
		m.renders.Inc()
	}
}

func (m *Metrics) sent(n int) {
	if m != nil {
		m.bytes.Add(float64(n))
	}
}
