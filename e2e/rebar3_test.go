package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/hex/tarball"
	"hexhub/internal/hubtest"
)

// A project is a folder in which rebar3 runs, with a home of its own.
type project struct {
	t   *testing.T
	dir string
}

// newProject depends on ratio ~> 0.1 and knows the server's repository and nothing else.
func newProject(t *testing.T, s *server, publicKey []byte) project {
	t.Helper()
	p := project{t, t.TempDir()}
	p.write("rebar.config", fmt.Sprintf(`{erl_opts, [debug_info]}.
{deps, [{ratio, "~> 0.1"}]}.
{hex, [{repos, replace, [#{
    name => <<"hexhub">>, api_url => <<"%[1]s/api">>, repo_url => <<"%[1]s/repo">>,
    repo_public_key => <<"%[2]s">>
}]}]}.
`, s.url, publicKey))
	p.write("src/app.app.src", `{application, app, [{vsn, "1.0.0"}, {applications, [kernel, stdlib, ratio]}]}.`+"\n")
	p.write("src/app.erl", "-module(app).\n-export([half/0]).\nhalf() -> ratio:half().\n")
	return p
}

func (p project) write(name, text string) {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p project) rebar3(args ...string) (string, error) {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), rebar3(p.t), args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"HOME=" + p.dir, "PATH=" + os.Getenv("PATH"), "REBAR_COLOR=none", "LANG=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// source packs Erlang code that rebar3 can compile.
func source(t *testing.T, name, version, code string, requires ...tarball.Requirement) []byte {
	t.Helper()
	apps := "kernel, stdlib"
	for _, r := range requires {
		apps += ", " + r.App
	}
	var b bytes.Buffer
	_, err := tarball.Write(&b, tarball.Metadata{
		Name: name, Version: version, App: name, Description: new("The package " + name + "."),
		Licenses: []string{"MIT"}, BuildTools: []string{"rebar3"}, Requirements: requires,
	}, []tarball.Source{
		{Path: "rebar.config", Content: []byte("{erl_opts, [debug_info]}.\n")},
		{Path: "src/" + name + ".erl", Content: fmt.Appendf(nil, "-module(%s).\n%s\n", name, code)},
		{Path: "src/" + name + ".app.src", Content: fmt.Appendf(nil, "{application, %s, [{vsn, %q}, {applications, [%s]}]}.\n", name, version, apps)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rebar3 resolves, fetches, checks, locks and compiles from the registry.
func TestRebar3(t *testing.T) {
	t.Parallel()
	rebar3(t)
	s := serve(t)
	jose := s.register("jose")
	files := map[string][]byte{
		"decimal": source(t, "decimal", "1.0.1", "-export([new/1]).\nnew(N) -> {decimal, N}."),
		"ratio": source(t, "ratio", "0.1.0", "-export([half/0]).\nhalf() -> decimal:new(0.5).",
			tarball.Requirement{Name: "decimal", App: "decimal", Requirement: "~> 1.0"}),
	}
	jose.Publish(files["decimal"]).Expect(t, http.StatusCreated)
	jose.Publish(files["ratio"]).Expect(t, http.StatusCreated)
	key := s.client().Get("/repo/public_key").Expect(t, http.StatusOK).Body

	t.Run("fetch and compile", func(t *testing.T) {
		p := newProject(t, s, key)
		for _, command := range []string{"get-deps", "compile"} {
			if out, err := p.rebar3(command); err != nil {
				t.Fatalf("rebar3 %s: %v\n%s", command, err, out)
			}
		}
		checkLock(t, p, files)
		out, err := exec.CommandContext(t.Context(), "erl", "-noshell", "-pa",
			p.ebin("app"), p.ebin("ratio"), p.ebin("decimal"), "-eval", `io:format("~p", [app:half()]), halt().`).CombinedOutput()
		if err != nil || string(out) != "{decimal,0.5}" {
			t.Errorf("the program says %q, %v", out, err)
		}
	})
	t.Run("tampered key", func(t *testing.T) {
		p := newProject(t, s, otherKey(t))
		out, err := p.rebar3("get-deps")
		if err == nil || strings.Contains(out, "Fetching decimal") {
			t.Errorf("rebar3 takes packages that another key signed: %v\n%s", err, out)
		}
		if _, err := os.Stat(filepath.Join(p.dir, "_build/default/lib/ratio")); err == nil {
			t.Error("ratio was unpacked")
		}
	})
}

func (p project) ebin(app string) string {
	return filepath.Join(p.dir, "_build/default/lib", app, "ebin")
}

// checkLock compares the lock file's hashes, in upper-case hexadecimal, with the tarballs' own.
func checkLock(t *testing.T, p project, files map[string][]byte) {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(p.dir, "rebar.lock"))
	if err != nil {
		t.Fatal(err)
	}
	inner, outer, ok := strings.Cut(string(lock), "pkg_hash_ext")
	if !ok {
		t.Fatalf("the lock file has no pkg_hash_ext:\n%s", lock)
	}
	for name, file := range files {
		opened, err := tarball.Open(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`{<<"%s">>, <<"%X">>}`, name, opened.Inner[:]); !strings.Contains(inner, want) {
			t.Errorf("pkg_hash has no %s:\n%s", want, lock)
		}
		if want := fmt.Sprintf(`{<<"%s">>, <<"%X">>}`, name, opened.Outer[:]); !strings.Contains(outer, want) {
			t.Errorf("pkg_hash_ext has no %s:\n%s", want, lock)
		}
	}
}

// otherKey is a good public key of somebody else.
func otherKey(t *testing.T) []byte {
	t.Helper()
	pem, err := hubtest.Signer(t).Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	return pem
}
