package internal

import (
	"os"
	"strings"
	"testing"
)

// Every package says what it knows, in the form that go doc expects.
func TestEveryPackageHasAComment(t *testing.T) {
	for _, p := range packages(t) {
		switch {
		case !p.hasCode:
		case p.doc == "":
			t.Errorf("%s has no package comment: say what it knows and what it refuses to know", p.dir)
		case !under(p.dir, "cmd") && !under(p.dir, "bench") && !strings.HasPrefix(p.doc, "Package "):
			t.Errorf("%s: the package comment begins %.20q, want \"Package …\"", p.dir, p.doc)
		}
	}
}

// Every direct dependency is argued for, and no argument outlives its dependency.
func TestEveryDependencyIsArguedFor(t *testing.T) {
	required := directDependencies(t)
	argued := arguedDependencies(t)
	for _, name := range required.sorted() {
		if !argued[name] {
			t.Errorf("docs/dependencies.md lacks a row for %s: `module` | what for | why not our own | licence", name)
		}
	}
	for _, name := range argued.sorted() {
		if !required[name] {
			t.Errorf("docs/dependencies.md argues for %s, which go.mod does not require directly", name)
		}
	}
}

// directDependencies reads the modules that go.mod requires without the remark that they are indirect.
func directDependencies(t *testing.T) set {
	t.Helper()
	found := set{}
	block := false
	for line := range strings.Lines(read(t, "../go.mod")) {
		line = strings.TrimSpace(line)
		rest, single := strings.CutPrefix(line, "require ")
		switch {
		case rest == "(" || line == ")":
			block = single
		case (block || single) && !strings.Contains(line, "// indirect"):
			if name, _, ok := strings.Cut(rest, " "); ok {
				found[name] = true
			}
		}
	}
	if len(found) == 0 {
		t.Fatal("found no requirement in go.mod")
	}
	return found
}

// arguedDependencies reads the rows of docs/dependencies.md that have four cells, none of them
// empty, and a module in the first.
func arguedDependencies(t *testing.T) set {
	t.Helper()
	found := set{}
	for line := range strings.Lines(read(t, "../docs/dependencies.md")) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := strings.TrimSpace(cells[0])
		if len(cells) != 4 || !strings.HasPrefix(name, "`") || hasBlank(cells) {
			continue
		}
		found[strings.Trim(name, "`")] = true
	}
	return found
}

func hasBlank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) == "" {
			return true
		}
	}
	return false
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
