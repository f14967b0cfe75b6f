package front

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the numbers of the public site. Labels are surfaces and status classes only: a label
// that a stranger could choose would let him fill the memory of whoever scrapes.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hexhub_http_requests_total", Help: "Requests answered, by surface and class of status.",
		}, []string{"surface", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hexhub_http_request_seconds", Help: "Time from the request's headers to the end of the answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"surface"}),
	}
	reg.MustRegister(m.requests, m.seconds)
	return m
}

func (m *Metrics) observe(surface string, status int, took time.Duration) {
	if m == nil {
		return
	}
	m.requests.WithLabelValues(surface, strconv.Itoa(status/100)+"xx").Inc()
	m.seconds.WithLabelValues(surface).Observe(took.Seconds())
}
