package node_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hexhub/assets"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/hubtest"
	"hexhub/internal/surface/api"
	"hexhub/internal/surface/ops"
	"hexhub/internal/surface/repo"
)

var showMatrix = flag.Bool("matrix", false, "print what the routes answer, in the form of the table, and judge nothing")

// A matrixRow is one route: what to send to it, and what each caller is answered.
type matrixRow struct {
	line   int
	route  string            // METHOD /path/{variable}
	host   string            // of documentation, before {docs}; empty is the site
	values map[string]string // of the path's variables, where they differ from the usual
	body   string
	want   map[string]string // by caller: a status, or one of the words that told knows
}

// ofPage reports whether the row is of what browsers are served.
func (row matrixRow) ofPage() bool {
	_, path, _ := strings.Cut(row.route, " ")
	return !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/repo/")
}

// callers are those who are to be spoken of.
func (row matrixRow) callers() []string {
	if row.ofPage() {
		return callers
	}
	return slices.DeleteFunc(slices.Clone(callers), func(c string) bool { return c == "pat" || c == "stale" })
}

// usual are the variables of paths, unless a row says otherwise.
var usual = map[string]string{
	"package": "decimal", "version": "1.0.0", "user": "mia", "org": "guild", "key": "all", "repository": "guild", "base": "hexhub", "policy": "strict",
	"token": "unknown", "code": "00000", "anything": "nothing",
}

// readMatrix reads the table. A row is a route, then variables as NAME=VALUE, then a body; the lines below it
// that begin with a space have an answer and the callers who get it, * being all whom no line names.
func readMatrix(t *testing.T) []matrixRow {
	t.Helper()
	text, err := os.ReadFile("testdata/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows []matrixRow
	for i, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0][0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if err := rows[len(rows)-1].expect(words); err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
		default:
			row := matrixRow{line: i + 1, route: words[0] + " " + words[1], values: maps.Clone(usual), want: map[string]string{}}
			words = words[2:]
			for len(words) > 0 && strings.Contains(words[0], "=") && words[0][0] != '{' {
				name, value, _ := strings.Cut(words[0], "=")
				row.values[name], words = value, words[1:]
			}
			row.body = strings.Join(words, " ")
			rows = append(rows, row)
		}
	}
	return rows
}

func (row *matrixRow) expect(words []string) error {
	answer, ok := strings.CutSuffix(words[0], ":")
	if !ok || !anAnswer.MatchString(answer) {
		return fmt.Errorf("%q is not an answer and a colon", words[0])
	}
	for _, caller := range words[1:] {
		if caller == "*" {
			for _, c := range row.callers() {
				if _, said := row.want[c]; !said {
					row.want[c] = answer
				}
			}
			continue
		}
		if _, said := row.want[caller]; said || !slices.Contains(row.callers(), caller) {
			return fmt.Errorf("%q is no caller, or was spoken of before", caller)
		}
		row.want[caller] = answer
	}
	return nil
}

var anAnswer = regexp.MustCompile(`^([1-5][0-9][0-9]|login|sudo)$`)

// told reads an answer: its status, or what it asks a visitor for first: that he logs in, or that he proves
// once more that it is he.
func (row matrixRow) told(a hubtest.Answer) string {
	to, err := url.Parse(a.Header.Get("Location"))
	switch form := strings.HasPrefix(row.route, "POST "); {
	case a.Status == http.StatusSeeOther && err == nil && to.Path == "/login":
		return "login"
	case a.Status == http.StatusSeeOther && err == nil && to.Path == "/sudo",
		a.Status == http.StatusOK && form && strings.Contains(string(a.Body), "<title>Confirm that it is you"):
		return "sudo"
	}
	return fmt.Sprint(a.Status)
}

// refused reports whether the answer means that nothing may have been changed.
func refused(answer string) bool { return answer == "login" || answer == "sudo" || answer >= "400" }

// path fills the variables in. Those whose name begins with a question mark are of the query.
func (h *cast) path(row matrixRow) string {
	_, path, _ := strings.Cut(row.route, " ")
	query := url.Values{}
	for name, value := range row.values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
		if name, ok := strings.CutPrefix(name, "?"); ok {
			query.Set(name, h.fill(value))
		}
	}
	path = h.fill(path)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// fill puts in what is another in each world.
func (h *cast) fill(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return strings.NewReplacer(
		"{invitation}", h.invitation, "{letter}", h.letter, "{client}", h.client, "{style}", strings.TrimPrefix(assets.Path("app.css"), "/assets/"),
		"{docs}", strings.TrimPrefix(h.Origins.String(), "http://*."), "{challenge}", account.HashToken("shown"),
	).Replace(text)
}

// ask sends the row's request as the caller.
func (h *cast) ask(row matrixRow, caller string) hubtest.Answer {
	h.t.Helper()
	method, _, _ := strings.Cut(row.route, " ")
	return h.asking(row, caller).Do(method, h.path(row), h.body(h.fill(row.body)))
}

// asking is how the caller asks for what the row is of.
func (h *cast) asking(row matrixRow, caller string) hubtest.Client {
	h.t.Helper()
	if row.host != "" { // which knows no session of the site's
		c := h.shows(caller)
		c.Header.Set("Host", h.fill(row.host))
		return c
	}
	if row.ofPage() {
		return h.browses(caller)
	}
	return h.asks(caller)
}

// allRoutes are those of every surface, as METHOD /path.
func (h *cast) allRoutes() []string {
	out := []string{"GET /status"}
	for _, r := range api.Routes() {
		out = append(out, r.Method+" /api"+r.Path)
	}
	for _, path := range repo.Routes() {
		out = append(out, "GET /repo"+path)
	}
	for _, r := range ops.Routes() {
		out = append(out, r.Method+" /api"+r.Path)
	}
	return append(out, h.WebRoutes()...)
}

// Z1: every route of every surface answers every kind of caller as the table says, and the table knows every
// route. What is refused changes nothing.
func TestZ1EveryRouteAnswersEveryCallerAsTheTableSays(t *testing.T) {
	rows := readMatrix(t)
	judged, served := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		judged[row.route] = true
	}
	h := newTable(t)
	for _, route := range h.allRoutes() {
		if served[canonical(route)] = true; !judged[canonical(route)] {
			t.Errorf("testdata/matrix.txt has no row for %s: say who may do what there", canonical(route))
		}
	}
	for route := range judged {
		if !served[route] {
			t.Errorf("testdata/matrix.txt has a row for %s, which is no route", route)
		}
	}
	before := deeds(t, h)
	t.Run("rows", func(t *testing.T) {
		for _, row := range rows {
			t.Run(fmt.Sprintf("line %d %s", row.line, row.route), func(t *testing.T) {
				t.Parallel()
				if *showMatrix {
					showRow(t, row)
					return
				}
				row.check(t, &cast{h.Hub, h.props, t})
			})
		}
	})
	if after := deeds(t, h); len(after) != len(before) {
		t.Errorf("what was refused or only read is in the audit log: %v", after[:len(after)-len(before)])
	}
}

// canonical is the route as the table calls it. All that lies below the repository that a client may have as a
// part of its API's address, /repos/{base}, is also without it, and is the same handler.
func canonical(route string) string {
	switch route {
	case "/":
		return "GET /{anything}"
	case "GET /assets/{name}":
		return "GET /assets/{style}"
	}
	route = strings.Replace(route, "...}", "}", 1) // of which the table names one
	return strings.TrimSuffix(strings.Replace(route, "/api/repos/{base}", "/api", 1), "{$}")
}

// check asks as every caller: in the given world, which nobody changes, if it is a read or is to be refused. Of
// those who may change something each is answered as the table says in a world of his own, or already in that
// of the one before.
func (row matrixRow) check(t *testing.T, h *cast) {
	for _, caller := range row.callers() {
		if _, said := row.want[caller]; !said {
			t.Errorf("what %s is answered is not said", caller)
		}
	}
	var own *cast
	for _, caller := range row.witnesses() {
		want := row.want[caller]
		var a hubtest.Answer
		switch {
		case refused(want) || strings.HasPrefix(row.route, "GET "):
			a = h.ask(row, caller)
		case own != nil:
			if a = own.ask(row, caller); row.told(a) == want {
				break
			}
			fallthrough
		default:
			own = newTable(t)
			a = own.ask(row, caller)
		}
		if got := row.told(a); got != want {
			t.Errorf("%s: %s, want %s: %.200s", caller, got, want, a.Body)
		}
	}
}

// showRow prints the row as it is.
func showRow(t *testing.T, row matrixRow) {
	by := map[string][]string{}
	for _, caller := range row.callers() {
		answer := row.told(newTable(t).ask(row, caller))
		by[answer] = append(by[answer], caller)
	}
	var b strings.Builder
	b.WriteString(row.route)
	for _, name := range slices.Sorted(maps.Keys(row.values)) {
		if usual[name] != row.values[name] {
			b.WriteString(" " + name + "=" + row.values[name])
		}
	}
	if row.body != "" {
		b.WriteString(" " + row.body)
	}
	b.WriteString("\n")
	for _, answer := range slices.Sorted(maps.Keys(by)) {
		fmt.Fprintf(&b, "  %s: %s\n", answer, strings.Join(by[answer], " "))
	}
	fmt.Print(b.String())
}

// deeds are what the audit log holds, the newest first.
func deeds(t *testing.T, h *cast) []audit.Entry {
	t.Helper()
	all, _, err := audit.List(t.Context(), h.DB.View(), "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
