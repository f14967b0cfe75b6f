package front

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the numbers of the public site. Labels are surfaces and statuses of a fixed list only: a label
// that a stranger could choose would let him fill the memory of whoever scrapes.
type Metrics struct {
	requests *prometheus.CounterVec
	refusals *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	recent   recent
}

// buckets are the bounds of what is told of times, in seconds.
var buckets = [...]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

var (
	surfaces = []string{"api", "repo", "docs", "site", "ops", "front"}
	classes  = []string{"2xx", "3xx", "4xx", "5xx"}
	refused  = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable}
)

// NewMetrics registers the metrics. All their series are there from the start, at zero, so that the first
// refusal is seen as a rise.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hexhub_http_requests_total", Help: "Requests answered, by surface and class of status.",
		}, []string{"surface", "class"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hexhub_http_refusals_total", Help: "Requests refused, by surface and status: 401, 403, 429 (too many) and 503.",
		}, []string{"surface", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hexhub_http_request_seconds", Help: "Time from the request's headers to the end of the answer; without pages that are open live.",
			Buckets: buckets[:],
		}, []string{"surface"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "hexhub_http_requests_in_flight", Help: "Requests that are being answered; pages that are open live are among them.",
		}),
	}
	for _, s := range surfaces {
		m.seconds.WithLabelValues(s)
		for _, c := range classes {
			m.requests.WithLabelValues(s, c)
		}
		for _, status := range refused {
			m.refusals.WithLabelValues(s, strconv.Itoa(status))
		}
	}
	reg.MustRegister(m.requests, m.refusals, m.seconds, m.inFlight)
	return m
}

// begin counts a request that is being answered.
func (m *Metrics) begin() {
	if m != nil {
		m.inFlight.Inc()
	}
}

// observe counts a request that is over. The time of one that lasts is its client's, and is not counted.
func (m *Metrics) observe(surface string, status int, took time.Duration, lasts bool) {
	if m == nil {
		return
	}
	m.inFlight.Dec()
	m.requests.WithLabelValues(surface, classes[min(max(status/100, 2), 5)-2]).Inc()
	if !lasts {
		m.recent.add(time.Now(), took, status >= 500)
		m.seconds.WithLabelValues(surface).Observe(took.Seconds())
	}
	for _, s := range refused {
		if s == status {
			m.refusals.WithLabelValues(surface, strconv.Itoa(s)).Inc()
		}
	}
}
