// Package s3test runs a real S3 server for tests: versitygw, from the Go module proxy. It has a
// module of its own, tools/s3/go.mod, so that it never weighs on the product's dependencies.
package s3test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Server is a running S3 server with one empty bucket.
type Server struct {
	Endpoint  string // host:port, spoken to in HTTP
	Bucket    string
	AccessKey string
	SecretKey string
	Dir       string // the bucket's objects as files
}

// binary builds the server, once in all test runs: the go command keeps it beside its other results.
var binary = sync.OnceValues(func() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "../../../../..")
	cmd := exec.Command("go", "tool", "-modfile=tools/s3/go.mod", "-n", "versitygw")
	cmd.Dir = root
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, trouble.String())
	}
	return strings.TrimSpace(out.String()), nil
})

// Start runs a server until the test ends. Without the Go module proxy it cannot be built the first
// time: the test is then skipped, unless CI is set.
func Start(t testing.TB) Server {
	t.Helper()
	path, err := binary()
	if err != nil {
		if offline(err) && os.Getenv("CI") == "" {
			t.Skipf("NOT TESTED AGAINST A REAL S3 SERVER: versitygw cannot be fetched: %v", err)
		}
		t.Fatalf("build versitygw: %v", err)
	}
	s := Server{Bucket: "bucket", AccessKey: "tester", SecretKey: "not-a-secret"}
	root, meta := t.TempDir(), t.TempDir()
	s.Dir = filepath.Join(root, s.Bucket)
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.Endpoint = freeAddress(t)
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "--port", s.Endpoint, "--access", s.AccessKey, "--secret", s.SecretKey, "--quiet",
		"posix", "--sidecar", meta, root)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatalf("start versitygw: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		stop()
		t.Logf("versitygw ended: %v", <-ended)
	})
	await(t, s.Endpoint, ended, &output)
	return s
}

// offline reports whether the go command could not reach anybody.
func offline(err error) bool {
	for _, sign := range []string{"dial tcp", "no such host", "i/o timeout", "GOPROXY=off", "module lookup disabled"} {
		if strings.Contains(err.Error(), sign) {
			return true
		}
	}
	return false
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await returns once the server answers. It is another process, so there is nothing to wait on.
func await(t testing.TB, endpoint string, ended <-chan error, output *bytes.Buffer) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		answer, err := http.Get("http://" + endpoint + "/")
		if err == nil {
			answer.Body.Close()
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case err := <-ended:
			t.Fatalf("versitygw ended: %v\n%s", err, output)
		case <-deadline:
			t.Fatalf("versitygw does not answer: %v", err)
		}
	}
}
