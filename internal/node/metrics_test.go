package node_test

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hexhub/internal/config"
	"hexhub/internal/node"
)

const metricsPage = "../../docs/metrics.md"

// A family is one metric as a node tells it.
type family struct {
	kind, help string
	labels     []string        // names, but for those of histograms' buckets
	series     map[string]bool // with their labels
}

var sampleLine = regexp.MustCompile(`^([a-z0-9_]+)(?:\{(.*)\})? `)

// families are the metrics that a running node tells, by name.
func families(t *testing.T, n *node.Node, c config.Server) map[string]*family {
	t.Helper()
	trusted := x509.NewCertPool()
	if pem, err := os.ReadFile(c.TLSCert); err == nil {
		trusted.AppendCertsFromPEM(pem)
	}
	public := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	get(t, public, n.URL+"/status") // answers once the socket is there
	status, text := get(t, operator(c), "http://ops/metrics")
	if status != http.StatusOK {
		t.Fatalf("metrics = %d %s", status, text)
	}
	found := map[string]*family{}
	var f *family
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			name, help, _ := strings.Cut(rest, " ")
			f = &family{help: help, series: map[string]bool{}}
			found[name] = f
		} else if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			_, f.kind, _ = strings.Cut(rest, " ")
		} else if m := sampleLine.FindStringSubmatch(line); m != nil {
			f.series[m[1]+m[2]] = true
			f.labels = labelNames(m[2])
		}
	}
	return found
}

var labelPair = regexp.MustCompile(`([a-z_]+)="(?:[^"\\]|\\.)*"`)

func labelNames(pairs string) []string {
	var names []string
	for _, m := range labelPair.FindAllStringSubmatch(pairs, -1) {
		if m[1] != "le" {
			names = append(names, "`"+m[1]+"`")
		}
	}
	return names
}

// The page of metrics has a row for each, as the node tells of it.
func TestEveryMetricIsOnItsPage(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.TLSCert, c.TLSKey = certificate(t)
	n, stop := start(t, c)
	defer stop()
	page, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(page)) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "`"); ok && strings.HasPrefix(line, "| `hexhub_") {
			listed[name] = strings.TrimSpace(line)
		}
	}
	scrubbed(t, n)
	told := families(t, n, c)
	for _, name := range slices.Sorted(maps.Keys(told)) {
		f := told[name]
		if !strings.HasPrefix(name, "hexhub_") {
			continue
		}
		want := fmt.Sprintf("| `%s` | %s | %s | %s |", name, f.kind, cmp.Or(strings.Join(f.labels, ", "), "-"), f.help)
		if listed[name] != want {
			t.Errorf("docs/metrics.md should have the row\n%s", want)
		}
		delete(listed, name)
	}
	for name := range listed {
		t.Errorf("docs/metrics.md lists %s, which no node tells", name)
	}
}

var (
	metricName = regexp.MustCompile(`\b(?:hexhub|go|process)_[a-z0-9_]+`)
	expression = regexp.MustCompile(`(?m)^\s*expr:\s*(.+)$`)
)

// The dashboard and the alerts ask for metrics that there are.
func TestDashboardAndAlertsAskForWhatIsTold(t *testing.T) {
	t.Parallel()
	c := settings(t)
	c.TLSCert, c.TLSKey = certificate(t)
	n, stop := start(t, c)
	defer stop()
	told := map[string]bool{}
	for name, f := range families(t, n, c) {
		told[name] = true
		if f.kind == "histogram" {
			delete(told, name)
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				told[name+part] = true
			}
		}
	}
	for file, queries := range map[string][]string{
		"grafana/hexhub.json": dashboardQueries(t, "../../deploy/grafana/hexhub.json"), "prometheus/alerts.yaml": alertQueries(t, "../../deploy/prometheus/alerts.yaml"),
	} {
		if len(queries) < 5 {
			t.Errorf("%s has only %d queries", file, len(queries))
		}
		for _, q := range queries {
			for _, name := range metricName.FindAllString(q, -1) {
				if !told[name] {
					t.Errorf("%s asks for %s, which no node tells: %s", file, name, q)
				}
			}
		}
	}
}

// dashboardQueries finds every "expr" of the dashboard, however deep.
func dashboardQueries(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if q, ok := v["expr"].(string); ok {
				out = append(out, q)
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc)
	return out
}

func alertQueries(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range expression.FindAllStringSubmatch(string(data), -1) {
		out = append(out, m[1])
	}
	return out
}

// C19: whatever strangers send, the number of series stays.
func TestC19StrangersMakeNoSeries(t *testing.T) {
	t.Parallel()
	c := settings(t)
	n, stop := start(t, c)
	defer stop()
	ask := func() {
		text := fmt.Sprintf("x%x", rand.Uint64())
		for _, path := range []string{"/" + text, "/api/" + text, "/api/packages/" + text, "/repo/packages/" + text, "/repo/repos/" + text + "/names", "/api/operator/" + text, "/api/%2e%2e/" + text} {
			req, err := http.NewRequestWithContext(t.Context(), []string{"GET", "POST", "HEAD", strings.ToUpper(text)}[rand.IntN(4)], n.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("User-Agent", text)
			req.Header.Set("Authorization", text)
			req.Host = text + ".example.com"
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		}
	}
	series := func() (all []string) {
		for name, f := range families(t, n, c) {
			if strings.HasPrefix(name, "hexhub_") {
				all = slices.AppendSeq(all, maps.Keys(f.series))
			}
		}
		slices.Sort(all)
		return all
	}
	ask()
	before := series()
	for range 40 {
		ask()
	}
	if after := series(); !slices.Equal(before, after) {
		t.Errorf("%d series became %d", len(before), len(after))
	}
}
