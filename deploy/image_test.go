package deploy

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// An instruction is a line of a Dockerfile, continued lines joined.
type instruction struct {
	name, rest string
}

// stages returns the instructions of the Dockerfile, one list for each FROM.
func stages(t *testing.T) [][]instruction {
	t.Helper()
	var all [][]instruction
	text := strings.ReplaceAll(read(t, "Dockerfile"), "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		if name == "FROM" {
			all = append(all, nil)
		}
		if len(all) == 0 {
			t.Fatalf("%s before the first FROM", name)
		}
		all[len(all)-1] = append(all[len(all)-1], instruction{name, strings.TrimSpace(rest)})
	}
	if len(all) != 2 {
		t.Fatalf("found %d stages, want one that builds and one that is kept", len(all))
	}
	return all
}

// only returns what the one instruction of that name says.
func only(t *testing.T, stage []instruction, name string) string {
	t.Helper()
	found := []string{}
	for _, i := range stage {
		if i.name == name {
			found = append(found, i.rest)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s occurs %d times, want once", name, len(found))
	}
	return found[0]
}

// imageEnvironment returns the settings that the image comes with.
func imageEnvironment(t *testing.T) map[string]string {
	t.Helper()
	env := map[string]string{}
	for pair := range strings.FieldsSeq(only(t, stages(t)[1], "ENV")) {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

// What is kept is the program, certificates and two folders, and runs as nobody in particular.
func TestImageHoldsNothingButTheProgram(t *testing.T) {
	kept := stages(t)[1]
	if from := only(t, kept, "FROM"); from != "scratch" {
		t.Errorf("the image is made from %s, want scratch", from)
	}
	if user := only(t, kept, "USER"); user != "65532:65532" {
		t.Errorf("USER %s, want a number, for Kubernetes cannot tell a name from root", user)
	}
	for _, i := range kept {
		if i.name == "RUN" || i.name == "ADD" {
			t.Errorf("%s in a stage without a shell", i.name)
		}
		if i.name == "COPY" && !strings.HasPrefix(i.rest, "--from=build ") {
			t.Errorf("COPY %s takes something that was not built", i.rest)
		}
	}
}

func TestImageRunsCommandsThatExist(t *testing.T) {
	kept := stages(t)[1]
	var entry, command, health []string
	_, check, _ := strings.Cut(only(t, kept, "HEALTHCHECK"), "CMD ")
	for text, into := range map[string]*[]string{only(t, kept, "ENTRYPOINT"): &entry, only(t, kept, "CMD"): &command, check: &health} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%s is no list of words, and there is no shell: %v", text, err)
		}
	}
	if !slices.Equal(entry, []string{"/hexhub"}) || health[0] != entry[0] {
		t.Fatalf("entry point %q, health check %q", entry, health)
	}
	checkCommand(t, command...)
	checkCommand(t, health[1:]...)
}

func TestImageKeepsDataInItsVolume(t *testing.T) {
	kept, env := stages(t)[1], imageEnvironment(t)
	checkEnvironment(t, env)
	if volume := only(t, kept, "VOLUME"); volume != env["HEXHUB_DATA"] {
		t.Errorf("VOLUME %s, but data are in %s", volume, env["HEXHUB_DATA"])
	}
	if port := only(t, kept, "EXPOSE"); port != sitePort || !strings.HasSuffix(env["HEXHUB_LISTEN"], ":"+port) {
		t.Errorf("EXPOSE %s, but the site is at %s", port, env["HEXHUB_LISTEN"])
	}
}

// The compiler is as new as go.mod demands, and finds all that the product is made of.
func TestImageIsBuiltFromThisTree(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, "../go.mod"), "\ngo ")
	version, _, _ := strings.Cut(rest, "\n")
	minor := strings.Join(strings.Split(version, ".")[:2], ".")
	if from := only(t, stages(t)[0], "FROM"); from != "golang:"+minor+" AS build" {
		t.Errorf("built with %q, and go.mod wants Go %s", from, minor)
	}
	taken := map[string]bool{}
	for line := range strings.Lines(read(t, "../.dockerignore")) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			taken[name] = true
		}
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.ImportPath}}{{end}}{{end}}", "./cmd/hexhub")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		if top := strings.Split(pkg, "/")[1]; !taken[top] {
			t.Errorf(".dockerignore keeps %s out, which the product needs", top)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "Makefile", "LICENSE"} {
		if !taken[name] {
			t.Errorf(".dockerignore keeps %s out", name)
		}
	}
}
