package node_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/api"
	"hexhub/internal/surface/ops"
	"hexhub/internal/surface/repo"
)

var showMatrix = flag.Bool("matrix", false, "print what the routes answer, in the form of the table, and judge nothing")

// matrixWorld has everybody that the table of routes and callers speaks of. The organization guild has a
// reader, a writer and an administrator; decimal is public and has a maintainer and an owner; pat may do all
// that they may, and has keys that each may do little of it.
const matrixWorld = `
user root admin
user sam
user otto
user rea
user wim
user eva
user mia
user joe
user pat
user gone
org forge admin=otto
org guild admin=eva,pat write=wim read=rea

policy guild/strict cooldown=7d deny=canary

package hexhub/decimal owner=joe,pat maintainer=mia
release hexhub/decimal 1.0.0
package guild/vault
release guild/vault 1.0.0

key root all permissions=api,repositories
key sam all permissions=api,repositories
key otto all permissions=api,repositories
key rea all permissions=api,repositories
key wim all permissions=api,repositories
key eva all permissions=api,repositories
key mia all permissions=api,repositories
key joe all permissions=api,repositories
key gone all permissions=api,repositories
key pat all permissions=api,repositories
key pat expired permissions=api,repositories
key pat read permissions=api:read
key pat write permissions=api:write
key pat pack permissions=package:hexhub/decimal,package:guild/vault
key pat repo permissions=repository:guild
key pat docs permissions=docs:guild
key guild bot permissions=api,repository:guild
key guild fetch permissions=repository:guild
`

// callers are all kinds of caller, in the order in which they ask. Those of the first line are nobody; those
// of the second have the right of one person; those of the third have a part of pat's, or an organization's.
var callers = strings.Fields(`
	anon bad expired gone
	sam otto rea wim eva mia joe root
	read write pack repo docs bot fetch
`)

// A matrixRow is one route: what to send to it, and what each caller is answered.
type matrixRow struct {
	line   int
	route  string            // METHOD /path/{variable}
	values map[string]string // of the path's variables, where they differ from the usual
	body   string
	want   map[string]int // by caller
}

// usual are the variables of paths, unless a row says otherwise.
var usual = map[string]string{
	"package": "decimal", "version": "1.0.0", "user": "mia", "org": "guild", "key": "all", "repository": "guild", "base": "hexhub", "policy": "strict",
}

// readMatrix reads the table. A row is a route, then variables as NAME=VALUE, then a body; the lines below it
// that begin with a space have a status and the callers who are answered so, * being all whom no line names.
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
			row := matrixRow{line: i + 1, route: words[0] + " " + words[1], values: maps.Clone(usual), want: map[string]int{}}
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
	var status int
	if _, err := fmt.Sscanf(words[0], "%d:", &status); err != nil {
		return fmt.Errorf("%q is not a status and a colon", words[0])
	}
	for _, caller := range words[1:] {
		if caller == "*" {
			for _, c := range callers {
				if _, said := row.want[c]; !said {
					row.want[c] = status
				}
			}
			continue
		}
		if _, said := row.want[caller]; said || !slices.Contains(callers, caller) {
			return fmt.Errorf("%q is no caller, or was spoken of before", caller)
		}
		row.want[caller] = status
	}
	return nil
}

// path fills the variables in. Those whose name begins with a question mark are of the query.
func (row matrixRow) path() string {
	_, path, _ := strings.Cut(row.route, " ")
	query := url.Values{}
	for name, value := range row.values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
		if name, ok := strings.CutPrefix(name, "?"); ok {
			query.Set(name, value)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// allRoutes are those of every surface, as METHOD /path.
func allRoutes() []string {
	var out []string
	for _, r := range api.Routes() {
		out = append(out, r.Method+" /api"+r.Path)
	}
	for _, path := range repo.Routes() {
		out = append(out, "GET /repo"+path)
	}
	for _, r := range ops.Routes() {
		out = append(out, r.Method+" /api"+r.Path)
	}
	return out
}

// Z1: every route of every surface answers every kind of caller as the table says, and the table knows every
// route. What is refused changes nothing.
func TestZ1EveryRouteAnswersEveryCallerAsTheTableSays(t *testing.T) {
	rows := readMatrix(t)
	judged, served := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		judged[row.route] = true
	}
	for _, route := range allRoutes() {
		if served[canonical(route)] = true; !judged[canonical(route)] {
			t.Errorf("testdata/matrix.txt has no row for %s: say who may do what there", canonical(route))
		}
	}
	for route := range judged {
		if !served[route] {
			t.Errorf("testdata/matrix.txt has a row for %s, which is no route", route)
		}
	}
	for _, row := range rows {
		t.Run(fmt.Sprintf("line %d %s", row.line, row.route), func(t *testing.T) {
			t.Parallel()
			if *showMatrix {
				showRow(t, row)
				return
			}
			row.check(t)
		})
	}
}

// canonical is the route without the repository that a client may have as a part of its API's address: all
// that lies below /repos/{base} is also without it, and is the same handler.
func canonical(route string) string { return strings.Replace(route, "/api/repos/{base}", "/api", 1) }

func (row matrixRow) check(t *testing.T) {
	h := newMatrixWorld(t)
	before := deeds(t, h)
	for _, caller := range callers {
		want, said := row.want[caller]
		switch {
		case !said:
			t.Errorf("what %s is answered is not said", caller)
		case want >= 300:
			if got := h.ask(row, caller); got.Status != want {
				t.Errorf("%s: %d, want %d: %.200s", caller, got.Status, want, got.Body)
			}
		}
	}
	if after := deeds(t, h); after != before {
		t.Errorf("what was refused is in the audit log: %d entries, %d before", after, before)
	}
	for _, caller := range callers {
		if want := row.want[caller]; want < 300 && want > 0 {
			if !strings.HasPrefix(row.route, "GET ") {
				h = newMatrixWorld(t)
			}
			if got := h.ask(row, caller); got.Status != want {
				t.Errorf("%s: %d, want %d: %.200s", caller, got.Status, want, got.Body)
			}
		}
	}
}

// showRow prints the row as it is.
func showRow(t *testing.T, row matrixRow) {
	by := map[int][]string{}
	for _, caller := range callers {
		h := newMatrixWorld(t)
		status := h.ask(row, caller).Status
		by[status] = append(by[status], caller)
	}
	var b strings.Builder
	b.WriteString(row.route)
	for name, value := range row.values {
		if usual[name] != value {
			b.WriteString(" " + name + "=" + value)
		}
	}
	if row.body != "" {
		b.WriteString(" " + row.body)
	}
	b.WriteString("\n")
	for _, status := range slices.Sorted(maps.Keys(by)) {
		fmt.Fprintf(&b, "  %d: %s\n", status, strings.Join(by[status], " "))
	}
	fmt.Print(b.String())
}

// deeds counts what the audit log holds.
func deeds(t *testing.T, h *matrixHub) int {
	t.Helper()
	all, _, err := audit.List(t.Context(), h.DB.View(), "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// A matrixHub is a registry with everybody in it.
type matrixHub struct {
	*hubtest.Hub
	t          *testing.T
	invitation string // id of one into guild
}

func newMatrixWorld(t *testing.T) *matrixHub { return newWorldOf(t, matrixWorld) }

// newWorldOf builds a world that has at least everybody of the table.
func newWorldOf(t *testing.T, text string) *matrixHub {
	t.Helper()
	h := &matrixHub{Hub: hubtest.World(t, text), t: t}
	pat, _ := account.ByName(h.DB.View(), "pat")
	err := h.DB.Update(t.Context(), func(tx *store.Tx) error {
		k, _ := access.KeyOf(tx, access.OfUser(pat.ID), "expired")
		k.RevokeAt = new(time.Now().Add(-time.Minute))
		access.Keys.Put(tx, k)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, author := range map[string]string{"/api/packages/decimal": "joe", "/api/repos/guild/packages/vault": "eva"} {
		h.client(author).Do("POST", path+"/releases/1.0.0/docs", hubtest.Docs(t, "<h1>Before</h1>")).Expect(t, 201)
	}
	invited, err := h.Orgs.Invite(t.Context(), audit.By{}, name.MustRepository("guild"), org.InvitationDraft{Email: "new@example.com", Role: org.Read})
	if err != nil {
		t.Fatal(err)
	}
	h.invitation = invited.ID
	gone, _ := account.ByName(h.DB.View(), "gone")
	if err := h.Accounts.Deactivate(t.Context(), audit.By{}, gone.ID); err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends the row's request as the caller.
func (h *matrixHub) ask(row matrixRow, caller string) hubtest.Answer {
	h.t.Helper()
	method, _, _ := strings.Cut(row.route, " ")
	return h.client(caller).Do(method, strings.ReplaceAll(row.path(), "{invitation}", h.invitation), h.body(row))
}

// body is what the row sends: JSON, @tarball NAME VERSION, or @docs.
func (h *matrixHub) body(row matrixRow) any {
	h.t.Helper()
	switch name, rest, _ := strings.Cut(row.body, " "); {
	case row.body == "":
		return nil
	case name == "@tarball":
		pkg, version, _ := strings.Cut(rest, " ")
		return hubtest.Tarball(h.t, pkg, version)
	case name == "@docs":
		return hubtest.Docs(h.t, "<h1>Documentation</h1>")
	}
	return json.RawMessage(row.body)
}

// client is how the caller asks.
func (h *matrixHub) client(caller string) hubtest.Client {
	h.t.Helper()
	switch caller {
	case "anon":
		return h.Anonymous()
	case "bad":
		return h.Anonymous().With("0123456789abcdef0123456789abcdef")
	case "expired", "read", "write", "pack", "repo", "docs":
		return h.As("pat/" + caller)
	case "bot", "fetch":
		return h.As("guild/" + caller)
	}
	return h.As(caller + "/all")
}
