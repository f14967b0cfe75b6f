// Package deploy holds no code, only the files with which the registry is run elsewhere, and the tests that keep
// them true: they know settings, ports, paths and accounts of the product as it is in this tree.
//
// It is a module of its own, so that what understands Helm and Kubernetes never weighs on the product.
package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// sitePort is where all files here have the site.
const sitePort = "4000"

// program is where product puts what it builds. All tests share it.
var program string

// product builds the program from this tree.
var product = sync.OnceValue(func() error {
	build := exec.Command("go", "build", "-o", program, "./cmd/hexhub")
	build.Dir, build.Stderr = "..", os.Stderr
	return build.Run()
})

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "hexhub-deploy-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "hexhub")
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// hexhub runs the program with no settings but env, and returns what it prints.
func hexhub(t *testing.T, env []string, args ...string) []byte {
	t.Helper()
	if err := product(); err != nil {
		t.Fatalf("build the product: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = t.TempDir(), env
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: hexhub %s: %v\n%s", env, strings.Join(args, " "), err, out)
	}
	return out
}

// A setting is what a node can be told.
type setting struct {
	Key, Default, Env, Flag string
}

// settings returns all settings of the product by their names in the environment.
func settings(t *testing.T) map[string]setting {
	t.Helper()
	var manual struct{ Settings []setting }
	if err := json.Unmarshal(hexhub(t, nil, "config", "manual", "--json"), &manual); err != nil {
		t.Fatal(err)
	}
	all := map[string]setting{}
	for _, s := range manual.Settings {
		all[s.Env] = s
	}
	if len(all) < 10 {
		t.Fatalf("found %d settings", len(all))
	}
	return all
}

// checkEnvironment lets the product judge the settings that env holds.
func checkEnvironment(t *testing.T, env map[string]string) {
	t.Helper()
	known, list := settings(t), []string{}
	for name, value := range env {
		if _, ok := known[name]; !ok {
			t.Errorf("%s is no setting; see hexhub config manual", name)
		}
		list = append(list, name+"="+value)
	}
	hexhub(t, list, "config", "check")
}

// checkCommand fails if the product has no such command.
func checkCommand(t *testing.T, args ...string) {
	t.Helper()
	hexhub(t, nil, append(args, "--help")...)
}

// drain is how long a node waits for requests when it stops, unless told otherwise.
func drain(t *testing.T) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(settings(t)["HEXHUB_DRAIN_TIMEOUT"].Default)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// decode reads YAML into a T, which must know every field.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := yaml.UnmarshalStrict([]byte(text), &v); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

// Whoever follows the page finds what it names.
func TestPageNamesOnlyFilesThatExist(t *testing.T) {
	page := read(t, "README.md")
	for _, part := range strings.Split(page, "](")[1:] {
		name, _, _ := strings.Cut(part, ")")
		if strings.Contains(name, "://") {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			t.Errorf("README.md points to %s: %v", name, err)
		}
	}
}
