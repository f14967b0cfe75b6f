package deploy

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A composition is as much of a compose file as ours use.
type composition struct {
	Name     string
	Services map[string]service
	Volumes  map[string]struct{}
	Secrets  map[string]struct{ File string }

	Node     any `json:"x-node"` // what services have in common, which is in each by now
	Settings any `json:"x-settings"`
}

type service struct {
	Image       string
	Build       build
	Environment map[string]string
	Command     []string
	Ports       []string
	Volumes     []string
	Secrets     []string
	Tmpfs       []string
	ReadOnly    bool     `json:"read_only"`
	CapDrop     []string `json:"cap_drop"`
	SecurityOpt []string `json:"security_opt"`
	Restart     string
	Grace       string `json:"stop_grace_period"`
}

type build struct {
	Context, Dockerfile string
	Args                map[string]string
}

// variable is one that the shell or .env may set, with its default.
var variable = regexp.MustCompile(`\$\{([A-Z_]+):-([^}]*)\}`)

// compose reads a compose file as it is when no variable is set.
func compose(t *testing.T, name string) composition {
	t.Helper()
	return decode[composition](t, variable.ReplaceAllString(read(t, name), "$2"))
}

func TestComposeFilesAreHeldToTheProduct(t *testing.T) {
	names, err := filepath.Glob("compose*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("found %q: %v", names, err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := compose(t, name)
			for node, s := range c.Services {
				t.Run(node, func(t *testing.T) { checkService(t, c, s) })
			}
		})
	}
}

func checkService(t *testing.T, c composition, s service) {
	t.Helper()
	env := imageEnvironment(t)
	maps.Copy(env, s.Environment)
	checkEnvironment(t, env)
	if len(s.Command) > 0 {
		checkCommand(t, s.Command...)
	}
	if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	if grace, err := time.ParseDuration(s.Grace); err != nil || grace <= drain(t) {
		t.Errorf("it is killed after %q, before its requests may finish (%v)", s.Grace, drain(t))
	}
	if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Error("it may do more than it needs")
	}
	if !slices.Contains(s.Tmpfs, "/tmp") {
		t.Error("it has no place for temporary files")
	}
	for _, p := range s.Ports {
		if !strings.HasSuffix(p, ":"+sitePort) {
			t.Errorf("port %s: only the site is for everybody", p)
		}
	}
	for _, name := range s.Secrets {
		if c.Secrets[name].File == "" {
			t.Errorf("there is no secret %s", name)
		}
	}
	kept := false
	for _, v := range s.Volumes {
		volume, path, _ := strings.Cut(v, ":")
		if _, ok := c.Volumes[volume]; !ok {
			t.Errorf("there is no volume %s", volume)
		}
		kept = kept || path == env["HEXHUB_DATA"]
	}
	if !kept {
		t.Errorf("%s is not in a volume, so all is lost with the container", env["HEXHUB_DATA"])
	}
}

// Each of several nodes is one of those that all look for, under its own name and with its own folder.
func TestComposedNodesFindEachOther(t *testing.T) {
	c := compose(t, "compose.three.yaml")
	used := map[string]string{}
	own := func(what, thing, node string) {
		t.Helper()
		if other, ok := used[thing]; ok {
			t.Errorf("%s %s is of %s and %s", what, thing, other, node)
		}
		used[thing] = node
	}
	for node, s := range c.Services {
		env := s.Environment
		if env["HEXHUB_NODE_NAME"] != node || env["HEXHUB_CLUSTER_ADVERTISE"] != node+env["HEXHUB_CLUSTER_LISTEN"] {
			t.Errorf("%s is called %s, and is found at %s", node, env["HEXHUB_NODE_NAME"], env["HEXHUB_CLUSTER_ADVERTISE"])
		}
		others := strings.Split(env["HEXHUB_CLUSTER_DISCOVER"], ",")
		if !slices.Contains(others, env["HEXHUB_CLUSTER_ADVERTISE"]) || len(others) != len(c.Services) || env["HEXHUB_CLUSTER_SIZE"] != strconv.Itoa(len(c.Services)) {
			t.Errorf("%s looks for %s of %q, and there are %d", node, env["HEXHUB_CLUSTER_SIZE"], others, len(c.Services))
		}
		if name, ok := strings.CutPrefix(env["HEXHUB_CLUSTER_SECRET_FILE"], "/run/secrets/"); !ok || !slices.Contains(s.Secrets, name) {
			t.Errorf("%s is not given its secret", node)
		}
		for _, p := range s.Ports {
			own("address", p, node)
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s is at %s; what balances between nodes stands on this machine", node, p)
			}
		}
		for _, v := range s.Volumes {
			own("volume", v, node)
		}
	}
}
