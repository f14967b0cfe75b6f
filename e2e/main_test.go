// Package e2e drives the real binary as its users do: over HTTP, from the shell, and with real clients.
//
// The clients are Debian's rebar3 and the hex_core inside it. Tests that need them are skipped where they
// are not installed; .ci/packages installs them. Everything runs on 127.0.0.1 and in temporary folders.
package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hexhub/internal/hubtest"
)

// program is the hexhub that all tests run.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hexhub-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "hexhub")
	build := exec.Command("go", "build", "-o", program, "hexhub/cmd/hexhub")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build hexhub:", err)
		return 1
	}
	return m.Run()
}

// patience is how long anything may take before a test gives up.
const patience = 30 * time.Second

// A server is a running hexhub process.
type server struct {
	t    *testing.T
	data string
	env  []string
	args []string

	url         string
	fingerprint string
	cmd         *exec.Cmd
	log         *journal
	ended       chan error // receives once
}

// serve starts a registry that anybody may join, with its data in a temporary folder. Settings are
// environment variables.
func serve(t *testing.T, env ...string) *server {
	t.Helper()
	return serveIn(t, filepath.Join(t.TempDir(), "data"), env...)
}

// serveIn does so with its data in a folder that may have some already.
func serveIn(t *testing.T, data string, env ...string) *server {
	t.Helper()
	s := &server{t: t, data: data, args: []string{"serve"}}
	// The caller's come last and win. The reserve is for disks, not for tests.
	s.env = append([]string{"HEXHUB_DATA=" + data, "HEXHUB_REGISTRATION=open", "HEXHUB_LISTEN=127.0.0.1:0", "HEXHUB_DISK_RESERVE=0"}, env...)
	s.start()
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.kill()
		}
		if t.Failed() {
			t.Logf("the last lines of the server's log:\n%s", s.log)
		}
	})
	return s
}

// command returns a hexhub command that knows the server's settings and nothing of this machine's.
func (s *server) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = filepath.Dir(s.data)
	cmd.Env = append([]string{"HOME=" + cmd.Dir, "PATH=" + os.Getenv("PATH")}, s.env...)
	return cmd
}

// start runs the process until it says that it is ready.
func (s *server) start() {
	s.t.Helper()
	s.cmd = s.command(context.WithoutCancel(s.t.Context()), s.args...)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.log, s.ended = newJournal(), make(chan error, 1)
	cmd, log, ended := s.cmd, s.log, s.ended
	go func() {
		log.follow(stderr)
		ended <- cmd.Wait()
	}()
	select {
	case ready := <-log.ready:
		s.url, s.fingerprint = ready.URL, ready.Fingerprint
	case err := <-ended:
		s.t.Fatalf("the server ended: %v\n%s", err, log)
	case <-time.After(patience):
		cmd.Process.Kill()
		s.t.Fatalf("the server is not ready after %s:\n%s", patience, log)
	}
}

// again starts the server anew, under the same URL.
func (s *server) again() {
	s.t.Helper()
	s.env = append(s.env, "HEXHUB_LISTEN="+strings.TrimPrefix(s.url, "http://"))
	s.start()
}

// kill ends the process as a power cut would.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.ended
}

// stop asks the process to end and fails the test unless it does so cleanly.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("the server stopped with %v:\n%s", err, s.log)
		}
	case <-time.After(patience):
		s.t.Fatalf("the server does not stop:\n%s", s.log)
	}
}

func (s *server) client() hubtest.Client { return hubtest.Client{T: s.t, URL: s.url} }

// register makes a user whose password is the one below, and a client with a key for the whole API.
func (s *server) register(username string) hubtest.Client {
	s.t.Helper()
	s.client().Do(http.MethodPost, "/api/users", map[string]any{
		"username": username, "email": username + "@example.com", "password": password,
	}).Expect(s.t, http.StatusCreated)
	return s.client().With(newKey(s.client().Basic(username, password), "e2e", "api"))
}

const password = "four unrelated words here"

// newKey makes a key for the user that c is, and returns its secret. Permissions are DOMAIN[:RESOURCE].
func newKey(c hubtest.Client, name string, permissions ...string) string {
	c.T.Helper()
	var list []map[string]string
	for _, p := range permissions {
		domain, resource, qualified := strings.Cut(p, ":")
		m := map[string]string{"domain": domain}
		if qualified {
			m["resource"] = resource
		}
		list = append(list, m)
	}
	var key struct{ Secret string }
	c.Do(http.MethodPost, "/api/keys", map[string]any{"name": name, "permissions": list}).Expect(c.T, http.StatusCreated).JSON(c.T, &key)
	return key.Secret
}

// A journal keeps the last lines that a server logged.
type journal struct {
	ready chan readyLine // receives once
	setup chan string    // receives the link on which the first administrator is created, if there is none

	mu    sync.Mutex // guards lines
	lines []string
}

type readyLine struct {
	Msg, URL, Fingerprint string
	Setup                 string `json:"setup_url"`
}

func newJournal() *journal {
	return &journal{ready: make(chan readyLine, 1), setup: make(chan string, 1)}
}

func (j *journal) follow(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line readyLine
		switch told := json.Unmarshal(lines.Bytes(), &line) == nil; {
		case told && line.Msg == "hexhub is ready":
			j.ready <- line
		case told && line.Setup != "":
			j.setup <- line.Setup
		}
		j.mu.Lock()
		if j.lines = append(j.lines, lines.Text()); len(j.lines) > 50 {
			j.lines = j.lines[1:]
		}
		j.mu.Unlock()
	}
}

// String returns the lines.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, "\n")
}
