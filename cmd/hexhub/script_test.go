package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/kernel/blob/s3/s3test"
)

func TestMain(m *testing.M) { os.Exit(withProgram(m)) }

// withProgram builds the program for the scripts, which start it hundreds of times. Under the race detector it would start five
// times as slowly, and find nothing that tests of its parts do not.
func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hexhub-scripts")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "hexhub"), ".")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build hexhub:", err)
		return 1
	}
	os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return m.Run()
}

// Each script runs the real program, and most a real server, as an operator would.
func TestScripts(t *testing.T) { testscript.Run(t, params("testdata/script")) }

// TestBucketScripts runs those that need a real S3 server.
func TestBucketScripts(t *testing.T) {
	server := s3test.Start(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(server.SecretKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := params("testdata/bucket")
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("S3", "http://"+server.Endpoint)
		e.Setenv("BUCKET", server.Bucket)
		e.Setenv("S3_ACCESS_KEY", server.AccessKey)
		e.Setenv("S3_SECRET_FILE", secret)
		return setup(e)
	}
	testscript.Run(t, p)
}

func params(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			for _, v := range os.Environ() {
				if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "HEX") {
					e.Setenv(name, "")
				}
			}
			e.Setenv("HEXHUB_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("HEXHUB_LISTEN", "127.0.0.1:0")
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("TARBALLS", tarballs())
			return nil
		},
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "up": up, "ready": ready, "isjson": isJSON, "login": logIn, "save": save, "smtp": smtp, "mails": mails,
			"speaks": speaks, "everyone": everyone, "field": field,
			"approve": approve, "enrol": enrol, "code": code, "port": port, "voting": voting, "endlogins": endlogins, "stale": stale, "nosecrets": nosecrets,
		},
	}
}

// tarballs is where packages lie that mix and rebar3 made.
func tarballs() string {
	dir, err := filepath.Abs("../../hex/tarball/testdata")
	if err != nil {
		panic(err)
	}
	return dir
}

// exits runs a command, and wants its exit code: exits 7 hexhub doctor.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("run: %v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// port finds a port that is free at all of some addresses: port VARIABLE ADDRESS….
func port(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: port VARIABLE ADDRESS…")
	}
	free, held := "0", []net.Listener{}
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for _, host := range args[1:] {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(host, free))
		ts.Check(err)
		held = append(held, l)
		_, free, err = net.SplitHostPort(l.Addr().String())
		ts.Check(err)
	}
	ts.Setenv(args[0], free)
}

// up waits until the server on the data folder is ready, and sets URL to its address: up DATA.
func up(ts *testscript.TestScript, neg bool, args []string) {
	await(ts, neg, args, "operator/connect", func(answer io.Reader) error {
		var server struct{ URL string }
		err := json.NewDecoder(answer).Decode(&server)
		ts.Setenv("URL", server.URL)
		return err
	})
}

// ready waits until the server on a data folder is ready, as one of several is once it has a vote: ready DATA.
func ready(ts *testscript.TestScript, neg bool, args []string) {
	await(ts, neg, args, "readyz", func(io.Reader) error { return nil })
}

// await asks the server on a data folder until it answers with 200.
func await(ts *testscript.TestScript, neg bool, args []string, path string, read func(io.Reader) error) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: up DATA, or ready DATA")
	}
	ts.Check(answered(filepath.Join(ts.MkAbs(args[0]), "ops.sock"), path, read))
}

// answered asks the server on a socket of the operator until it answers with 200, and has the answer read.
func answered(socket, path string, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if resp, err := client.Get("http://ops/" + path); err == nil {
			if resp.StatusCode == http.StatusOK {
				return errors.Join(read(resp.Body), resp.Body.Close())
			}
			if err := resp.Body.Close(); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("the server does not get ready")
		}
	}
}

// voting waits until all of the servers have a vote, as one of them tells: voting COUNT DATA.
func voting(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: voting COUNT DATA")
	}
	tick, limit := time.NewTicker(200*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for {
		var all struct {
			Nodes []struct{ Role string }
		}
		if ts.Exec("hexhub", "cluster", "members", "--json", "--data", args[1]) == nil {
			ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &all))
		}
		votes := 0
		for _, n := range all.Nodes {
			if n.Role == "leader" || n.Role == "follower" {
				votes++
			}
		}
		if fmt.Sprint(votes) == args[0] && len(all.Nodes) == votes {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			ts.Fatalf("%d of %d nodes vote, want %s", votes, len(all.Nodes), args[0])
		}
	}
}

// isjson wants the last command to have printed one JSON object of the first version, and nothing else.
// Further arguments are fields that it must have.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	var got map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &got); err != nil {
		ts.Fatalf("stdout is not JSON: %v", err)
	}
	if got["v"] != 1.0 {
		ts.Fatalf("v = %v, want 1", got["v"])
	}
	for _, field := range args {
		if _, ok := got[field]; !ok {
			ts.Fatalf("there is no field %q in %v", field, got)
		}
	}
}

// logIn wants the API to answer a name and password with a status: login 401 admin admin.
func logIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: login STATUS NAME PASSWORD")
	}
	req, err := http.NewRequest(http.MethodGet, ts.Getenv("URL")+"/api/users/me", nil)
	ts.Check(err)
	req.Header.Set("User-Agent", "test")
	req.SetBasicAuth(args[1], args[2])
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if got := fmt.Sprint(resp.StatusCode); got != args[0] {
		ts.Fatalf("status %s, want %s", got, args[0])
	}
}

// smtp starts a mail server and sets SMTP to its address: smtp.
func smtp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: smtp")
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	s := &mailtest.Server{}
	go s.Serve(l)
	ts.Defer(func() { l.Close() })
	mailServers.Store(l.Addr().String(), s)
	ts.Setenv("SMTP", l.Addr().String())
}

var mailServers sync.Map // of *mailtest.Server by address

// mails waits until the mail server got so many mails, and wants the last one to match: mails 1 'reset'.
func mails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mails COUNT PATTERN")
	}
	found, _ := mailServers.Load(ts.Getenv("SMTP"))
	server, want := found.(*mailtest.Server), args[0]
	tick, limit := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for {
		got := server.Got()
		if fmt.Sprint(len(got)) == want {
			last := got[len(got)-1]
			if text := last.String() + "\n\n" + last.Text; !regexp.MustCompile(args[1]).MatchString(text) {
				ts.Fatalf("the last mail does not match %q:\n%s", args[1], text)
			}
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			ts.Fatalf("%d mails came, want %s", len(got), want)
		}
	}
}

// save puts what the last command printed into a variable, without the line's end: save KEY.
func save(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: save VARIABLE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}
