package internal

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// floors lists the floors from the ground up. A package may import from lower floors only.
var floors = []string{"hex", "assets", "docs", "kernel", "feature", "surface", "term", "config", "login", "buildtool", "node", "hubtest", "cmd", "e2e", "bench"}

// rooms orders the packages of a floor from the ground up; those of one line do not import each
// other. It is the drawing of docs/architecture.md as a table.
var rooms = map[string][]string{
	"kernel": {
		"badge fault flight id keep lastuse line markup origin trace wholefile",
		"blob card outbound pack store",
		"lead level",
		"limit seal",
		"cluster replica roster scrub",
		"job",
	},
	"feature": {
		"audit connect mail",
		"account setting",
		"org",
		"access",
		"advisory catalog connect oauth policy shortlink sso stats",
		"source",
		"backup depend diff docs index mirror pass preview promote quality search shelf todo trial webhook",
		"docsearch health operator people world",
		"doctor",
	},
	"surface": {
		"call typesense",
		"door web/live",
		"web/ui",
		"api dochost ops repo web/account web/admin web/dash web/find web/packages web/palette web/pass web/people web/setup web/site",
		"web/gallery", // which shows what all pages are made of
		"front",
	},
}

// A place is where a package stands in the building.
type place struct {
	floor string
	room  string // within the floor; empty if the floor has no rooms
}

// placeOf finds the place of a directory. Packages below a room belong to it.
func placeOf(dir string) place {
	parts := strings.Split(strings.TrimPrefix(dir, "internal/"), "/")
	p := place{floor: parts[0]}
	if _, ok := rooms[p.floor]; !ok || len(parts) == 1 {
		return p
	}
	p.room = parts[1]
	if p.room == "web" && len(parts) > 2 {
		p.room = path.Join(parts[1:3]...)
	}
	return p
}

// height is the position of the place's floor, and that of its room on the floor.
func (p place) height() (floor, room int) {
	return slices.Index(floors, p.floor), slices.IndexFunc(rooms[p.floor], func(line string) bool {
		return slices.Contains(strings.Fields(line), p.room)
	})
}

// mayImport returns why a package at p may not import one at q, or nothing if it may.
func (p place) mayImport(q place) string {
	pf, pr := p.height()
	qf, qr := q.height()
	switch {
	case p == q:
		return ""
	case p.floor == "hex":
		// One format may build on another; the compiler forbids circles.
		return reasonIf(q.floor != "hex", "formats know nothing of the product, so that anybody may use them")
	case qf > pf:
		return fmt.Sprintf("floor %s lies below %s: ask upward through a small interface that node fills", p.floor, q.floor)
	case qf < pf:
		return ""
	case p.floor == "surface" && qr == pr:
		return "surfaces never reach sideways: share what decides in a room, what is seen in web/ui, what a request carries in call, who sends it in door"
	default:
		return reasonIf(qr >= pr, "rooms of the %s floor import only rooms drawn below them: see the table in internal/imports_test.go", p.floor)
	}
}

func reasonIf(forbidden bool, format string, args ...any) string {
	if !forbidden {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

// A law says which packages may import what comes from outside the module.
type law struct {
	imports string // import path, with all that lies below it
	exact   bool   // only the path itself
	allowed func(dir string) bool
	why     string
}

var laws = []law{
	{
		imports: "go.etcd.io", allowed: within("internal/kernel/store", "internal/kernel/cluster"),
		why: "the engine shows nowhere but in store and cluster, so that it can be replaced (docs/adr/0001-engine-etcd.md)",
	},
	{
		imports: "github.com/hashicorp/go-memdb", allowed: within("internal/kernel/store"),
		why: "tables are the store's; everyone else reads Views (docs/adr/0002-tables-in-memory.md)",
	},
	{
		imports: "go.opentelemetry.io/otel", allowed: within("internal/kernel/trace"),
		why: "what a trace may tell is decided in one place",
	},
	{
		imports: "net/http", exact: true, allowed: func(dir string) bool { return !under(dir, "internal/feature") },
		why: "rooms decide and surfaces speak: a rule must be testable without HTTP (docs/adr/0003-layout-floors.md)",
	},
	{
		imports: "hexhub/internal/hubtest", allowed: within("internal/hubtest"),
		why: "test worlds are imported by tests only",
	},
}

func within(dirs ...string) func(string) bool {
	return func(dir string) bool {
		return slices.ContainsFunc(dirs, func(d string) bool { return under(dir, d) })
	}
}

func under(dir, top string) bool { return dir == top || strings.HasPrefix(dir, top+"/") }

// Imports point down: hex, kernel, feature, surface, node, cmd, and along the rooms of a floor.
func TestImportsPointDown(t *testing.T) {
	for _, p := range packages(t) {
		for name := range allImports(p) {
			dir, ours := strings.CutPrefix(name, module+"/")
			to := placeOf(dir)
			if !ours || to.floor == "hubtest" {
				continue // hubtest has a law of its own: tests of any floor may build worlds
			}
			if why := placeOf(p.dir).mayImport(to); why != "" {
				t.Errorf("%s imports %s: %s", p.dir, dir, why)
			}
		}
	}
}

func allImports(p *pkg) set {
	all := set{}
	for _, s := range []set{p.imports, p.testImports} {
		for name := range s {
			all[name] = true
		}
	}
	return all
}

// Every package stands somewhere: a new room is drawn before it is built.
func TestEveryPackageHasItsPlace(t *testing.T) {
	for _, p := range packages(t) {
		if p.dir == "internal" || !p.hasCode {
			continue
		}
		at := placeOf(p.dir)
		floor, room := at.height()
		if floor < 0 {
			t.Errorf("%s stands on no floor: add %q to the floors in internal/imports_test.go, or move it", p.dir, at.floor)
		}
		if _, ok := rooms[at.floor]; ok && room < 0 {
			t.Errorf("%s has no place on the %s floor: add %q to the rooms in internal/imports_test.go, above all it imports",
				p.dir, at.floor, at.room)
		}
	}
}

// Formats stand on the standard library and protobuf alone.
func TestFormatsDependOnLittle(t *testing.T) {
	for _, p := range packages(t) {
		if !under(p.dir, "hex") {
			continue
		}
		for name := range p.imports {
			if !isStandard(name) && !under(name, module+"/hex") && !under(name, "google.golang.org/protobuf") {
				t.Errorf("%s imports %s: formats import the standard library and protobuf only, so that anybody may use them", p.dir, name)
			}
		}
	}
}

// isStandard reports whether name is of the standard library: its first element has no dot.
func isStandard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".") && first != module
}

// What comes from outside stays where it was let in. Tests are free.
func TestForeignImportsStayInTheirPlace(t *testing.T) {
	for _, p := range packages(t) {
		for name := range p.imports {
			for _, l := range laws {
				if (name == l.imports || !l.exact && under(name, l.imports)) && !l.allowed(p.dir) {
					t.Errorf("%s imports %s: %s", p.dir, name, l.why)
				}
			}
		}
	}
}

// The judge itself is judged, so that a slip in the tables cannot silence it.
func TestMayImport(t *testing.T) {
	for _, c := range []struct {
		from, to string
		ok       bool
	}{
		{"hex/tarball", "hex/erlterm", true},
		{"hex/version", "internal/kernel/fault", false},
		{"internal/kernel/store", "hex/name", true},
		{"internal/kernel/store", "internal/kernel/fault", true},
		{"internal/kernel/store/storetest", "internal/kernel/store", true},
		{"internal/kernel/store", "internal/kernel/job", false},
		{"internal/kernel/blob", "internal/feature/catalog", false},
		{"internal/feature/catalog", "internal/feature/access", true},
		{"internal/feature/access", "internal/feature/catalog", false},
		{"internal/feature/catalog", "internal/feature/stats", false},
		{"internal/feature/index", "internal/feature/catalog", true},
		{"internal/feature/catalog", "internal/surface/api", false},
		{"internal/surface/api", "internal/feature/catalog", true},
		{"internal/surface/api", "internal/surface/repo", false},
		{"internal/surface/web/site", "internal/surface/web/ui", true},
		{"internal/surface/web/site", "internal/surface/web/account", false},
		{"internal/surface/web/ui", "internal/surface/web/site", false},
		{"internal/surface/front", "internal/surface/api", true},
		{"internal/surface/front", "internal/node", false},
		{"internal/node", "internal/surface/front", true},
		{"cmd/hexhub", "internal/node", true},
		{"internal/node", "cmd/hexhub", false},
	} {
		if why := placeOf(c.from).mayImport(placeOf(c.to)); (why == "") != c.ok {
			t.Errorf("%s imports %s: allowed = %t (%q), want %t", c.from, c.to, why == "", why, c.ok)
		}
	}
}
