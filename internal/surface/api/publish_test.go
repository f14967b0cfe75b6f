package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/surface/api"
)

// dial connects to a server of the world over TCP.
func dial(t *testing.T, w http.Handler) net.Conn {
	t.Helper()
	s := httptest.NewServer(w)
	t.Cleanup(s.Close)
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// A client that waits for 100 Continue hears whatever can be told from the head, and sends no body.
func TestUploadsAreJudgedByTheirHead(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.keys["nobody"] = "0123"
	w.keys["reader"] = w.key("jose", "reader", readAPI)
	tar := pack(t, "decimal", "1.1.0")
	docs := pages(t, "x")
	length := fmt.Sprintf("Content-Length: %d", len(tar))
	for _, c := range []struct{ name, path, who, head, want string }{
		{"bad key", "/packages/decimal/releases", "nobody", length, "401"},
		{"no key", "/packages/decimal/releases", "", length, "401"},
		{"key that may not write", "/packages/decimal/releases", "reader", length, "401"},
		{"key that may not write, no name", "/publish", "nobody", length, "401"},
		{"no owner", "/packages/decimal/releases", "bob", length, "403"},
		{"private repository of others", "/repos/forge/packages/decimal/releases", "bob", length, "404"},
		{"private repository, no name", "/repos/forge/publish", "bob", length, "404"},
		{"T32 no length", "/packages/decimal/releases", "jose", "Transfer-Encoding: chunked", "411"},
		{"T32 too long", "/packages/decimal/releases", "jose", "Content-Length: 16777217", "422"},
		{"T32 encoded", "/packages/decimal/releases", "jose", length + "\r\nContent-Encoding: gzip", "415"},
		{"bad name", "/packages/De-Cimal/releases", "jose", length, "422"},
		{"welcome", "/packages/decimal/releases", "jose", length, "100"},
		{"docs by nobody", "/packages/decimal/releases/1.0.0/docs", "", length, "401"},
		{"docs by no owner", "/packages/decimal/releases/1.0.0/docs", "bob", length, "403"},
		{"T38 docs of no release", "/packages/decimal/releases/9.0.0/docs", "jose", length, "404"},
		{"T32 docs too long", "/packages/decimal/releases/1.0.0/docs", "jose", "Content-Length: 16777217", "422"},
		{"T32 docs encoded", "/packages/decimal/releases/1.0.0/docs", "jose", length + "\r\nContent-Encoding: gzip", "415"},
		{"docs are welcome", "/packages/decimal/releases/1.0.0/docs", "jose", fmt.Sprintf("Content-Length: %d\r\nContent-Encoding: x-gzip", len(docs)), "100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := dial(t, w)
			auth := ""
			if c.who != "" {
				auth = "Authorization: " + w.keys[c.who] + "\r\n"
			}
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: h\r\n%sExpect: 100-continue\r\n%s\r\n\r\n", c.path, auth, c.head)
			in := bufio.NewReader(conn)
			line, err := in.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+c.want+" ") {
				t.Fatalf("first line %q %v, want %s", line, err, c.want)
			}
			if c.want != "100" {
				return
			}
			in.ReadString('\n')
			body := tar
			if strings.HasSuffix(c.path, "/docs") {
				body = docs
			}
			conn.Write(body)
			if line, _ := in.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 201 ") {
				t.Errorf("after the body %q, want 201", line)
			}
		})
	}
}

// pipes is a net.Listener of connections within the process, whose deadlines follow synctest's clock.
type pipes struct{ accept chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p.accept; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { close(p.accept); return nil } // net/http calls it once
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func TestT32SlowUploadsEnd(t *testing.T) {
	for _, c := range []struct {
		name, key, path string
		status          string
		after           time.Duration
	}{
		{"T32 a byte a second", "jose", "/packages/decimal/releases", "408", 10 * time.Second},
		{"T32 refused, and what nobody reads comes slowly", "nobody", "/packages/decimal/releases", "401", 30 * time.Second},
		{"T32 documentation, a byte a second", "jose", "/packages/ready/releases/1.0.0/docs", "408", 10 * time.Second},
		{"T32 documentation that is refused", "nobody", "/packages/ready/releases/1.0.0/docs", "401", 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.publish("jose", "", "ready", "1.0.0")
			w.keys["nobody"] = "0123"
			server := &http.Server{Handler: w}
			listener := pipes{make(chan net.Conn)}
			go server.Serve(listener)
			near, far := net.Pipe()
			listener.accept <- far
			start := time.Now()
			go func() {
				fmt.Fprintf(near, "POST %s HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: 10000\r\n\r\n", c.path, w.keys[c.key])
				for {
					if _, err := near.Write([]byte("x")); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
			line, err := bufio.NewReader(near).ReadString('\n')
			if took := time.Since(start); !strings.HasPrefix(line, "HTTP/1.1 "+c.status+" ") || took != c.after {
				t.Errorf("%s: %q %v after %s, want %s after %s", c.name, line, err, took, c.status, c.after)
			}
			near.Close()
			server.Close()
			time.Sleep(time.Second) // for the writer to notice
		})
	}
}

func TestT32LimitsHoldWhateverTheHeadSays(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name  string
		bytes int64
		want  int
	}{{"over the format's limit", 17 << 20, 422}, {"over what is taken in", 21 << 20, 413}} {
		t.Run(c.name, func(t *testing.T) {
			rec := w.expect(c.want, "POST", "/packages/decimal/releases", nil, w.as("jose"), func(r *http.Request) {
				r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, c.bytes)), -1
			})
			if errs, _ := tree(t, rec)["errors"].(map[string]any); c.want == 422 && errs["tar"] == nil {
				t.Errorf("answer %s names no field", rec.Body)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestT33NothingStaysOfABrokenUpload(t *testing.T) {
	dir := t.TempDir()
	disk, err := blob.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	w := newWorld(t)
	h := w.serve(disk)
	handled := make(chan struct{})
	watched := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		defer func() { handled <- struct{}{} }()
		h.ServeHTTP(rw, r)
	})
	w.publish("jose", "", "decimal", "1.0.0") // into other blobs
	for i := range 100 {
		path := []string{"/publish", "/packages/decimal/releases/1.0.0/docs"}[i%2]
		conn := dial(t, watched)
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: 1000000\r\n\r\n%0300000d", path, w.keys["jose"], 0)
		conn.Close()
		<-handled
	}
	filepath.WalkDir(dir, func(path string, d os.DirEntry, _ error) error {
		if info, err := d.Info(); err == nil && !d.IsDir() && info.Size() > 0 {
			t.Errorf("%s is left with %d bytes", path, info.Size())
		}
		return nil
	})
}

func TestT35OneOfManyPublishersWins(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	statuses, won := map[int]int{}, ""
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 50 {
		tar := pack(t, "decimal", "1.1.0", func(m *tarball.Metadata) { m.Description = new(fmt.Sprint("by ", i)) })
		wg.Go(func() {
			rec := w.do("POST", "/packages/decimal/releases?replace=false", tar, w.as("jose"))
			mu.Lock()
			defer mu.Unlock()
			if statuses[rec.Code]++; rec.Code == 201 {
				won = tree(t, rec)["checksum"].(string)
			}
		})
	}
	wg.Wait()
	if d := cmp.Diff(map[int]int{201: 1, 422: 49}, statuses); d != "" {
		t.Fatal(d)
	}
	shown := tree(t, w.do("GET", "/packages/decimal/releases/1.1.0", nil))["checksum"]
	h, err := blob.Parse(won)
	if err == nil {
		err = w.blobs.Check(t.Context(), h)
	}
	if shown != won || err != nil {
		t.Errorf("shown %v, won %v, blob %v", shown, won, err)
	}
}

func TestReplaceIsYesUnlessSaidOtherwise(t *testing.T) {
	w := newWorld(t)
	tar := pack(t, "decimal", "1.0.0")
	for _, c := range []struct {
		query string
		want  int
	}{{"?replace=false", 201}, {"", 200}, {"?replace=true", 200}, {"?replace=false", 422}, {"?replace=yes", 422}} {
		rec := w.expect(c.want, "POST", "/publish"+c.query, tar, w.as("jose"), header("Content-Type", "application/x-tar"))
		if got := rec.Header().Get("Location"); c.want < 300 && got != "https://hub.test/api/packages/decimal/releases/1.0.0" {
			t.Errorf("Location = %q", got)
		}
	}
	got := tree(t, w.do("POST", "/publish?replace=false", tar, w.as("jose")))
	want := map[string]any{
		"status": 422.0, "message": "Validation error(s)",
		"errors": map[string]any{"inserted_at": "must include the --replace flag to update an existing release"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestNameAndKeyReachOnePackageOnly(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.publish("bob", "", "jason", "1.0.0")
	w.keys["ci"] = w.key("jose", "ci", access.Permission{Domain: access.DomainPackage, Resource: "decimal"})
	for _, c := range []struct {
		name, path, pkg, who string
		want                 int
		field                string
	}{
		{"T34 another's name in the metadata", "/packages/decimal/releases", "jason", "jose", 422, "name"},
		{"T34 another's name, no name in the path", "/publish", "jason", "jose", 403, ""},
		{"T34 the key's package", "/packages/decimal/releases", "decimal", "ci", 201, ""},
		{"T34 not the key's package", "/publish", "ratio", "ci", 401, ""},
		{"T34 reserved", "/publish", "elixir", "jose", 422, "name"},
		{"Z2 another repository in the path", "/repos/forge/packages/decimal/releases", "decimal", "jose", 404, ""},
		{"an alias of the default repository", "/repos/hexpm/packages/ratio/releases", "ratio", "jose", 201, ""},
		{"a base with a repository below", "/repos/hexhub/repos/hexpm:forge/publish", "vault", "eva", 201, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := w.expect(c.want, "POST", c.path, pack(t, c.pkg, "1.1.0"), w.as(c.who))
			if errs, _ := tree(t, rec)["errors"].(map[string]any); c.field != "" && errs[c.field] == nil {
				t.Errorf("errors = %v, want %s", errs, c.field)
			}
		})
	}
	bad := w.expect(422, "POST", "/publish", []byte("no tarball"), w.as("jose"))
	if errs, _ := tree(t, bad)["errors"].(map[string]any); errs["tar"] == nil {
		t.Errorf("errors = %v, want one of tar", errs)
	}
}

// Every route answers, in every place, and none redirects.
func TestEveryRouteIsServed(t *testing.T) {
	w := newWorld(t)
	w.publish("jose", "", "decimal", "1.0.0")
	w.expect(201, "POST", "/packages/decimal/releases/1.0.0/docs", pages(t, "x"), w.as("jose"))
	fill := strings.NewReplacer("{base}", "hexhub", "{repository}", "hexpm", "{package}", "decimal", "{version}", "1.0.0",
		"{user}", "jose", "{org}", "forge", "{key}", "laptop", "{policy}", "strict")
	for _, r := range api.Routes() {
		path := fill.Replace(r.Path)
		for _, p := range []string{path, strings.TrimSuffix(path, "/") + "/"} {
			rec := w.do(r.Method, p, nil, basic("bob", "never mind"), from("127.0.0.1"))
			open := strings.Contains(path, "/oauth/") && rec.Code < 401 // where tokens are fetched nobody is asked who he is
			if rec.Code != 401 && !open || rec.Header().Get("Location") != "" {
				t.Errorf("%s %s: %d %s", r.Method, p, rec.Code, rec.Header().Get("Location"))
			}
		}
		if r.Method == "GET" && !strings.Contains(path, "orgs") {
			full, head := w.do("GET", path, nil, w.as("jose")), w.do("HEAD", path, nil, w.as("jose"))
			if full.Code == 404 || head.Code != full.Code || head.Body.Len() != 0 || head.Header().Get("Content-Length") != full.Header().Get("Content-Length") {
				t.Errorf("%s: GET %d, HEAD %d with %d bytes", path, full.Code, head.Code, head.Body.Len())
			}
		}
	}
}

func TestPathsAreDecodedOnce(t *testing.T) {
	w := newWorld(t)
	for name, path := range map[string]string{"a+b": "/keys/a+b", "a b": "/keys/a%20b", "a/b": "/keys/a%2Fb", "u@h:1": "/keys/u@h:1", "a%2Fb": "/keys/a%252Fb"} {
		w.expect(201, "POST", "/keys", map[string]any{"name": name}, w.as("jose"))
		if got := tree(t, w.expect(200, "GET", path, nil, w.as("jose")))["name"]; got != name {
			t.Errorf("%s is the key %v, want %s", path, got, name)
		}
	}
}

func TestRegistration(t *testing.T) {
	draft := map[string]any{"username": "ann", "password": password, "email": "ann@example.com", "admin": true, "verified": true}
	open := newWorld(t)
	rec := open.expect(201, "POST", "/users", draft)
	if got := rec.Header().Get("Location"); got != "https://hub.test/api/users/ann" {
		t.Errorf("Location = %q", got)
	}
	open.expect(201, "POST", "/keys", map[string]any{"name": "host"}, basic("ann", password))
	got := tree(t, open.expect(422, "POST", "/users", map[string]any{"username": "ann", "email": "x"}))["errors"]
	want := map[string]any{"username": "has already been taken", "emails": map[string]any{"email": "has invalid format"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	closed := newWorld(t, func(o *account.Rules, _ *api.Options) { o.Registration = account.Registration{} })
	if msg := tree(t, closed.expect(403, "POST", "/users", draft))["message"].(string); !strings.Contains(msg, "administrator") {
		t.Errorf("message %q does not say what to do", msg)
	}
	confirm := newWorld(t, func(o *account.Rules, _ *api.Options) { o.ConfirmMail = true })
	confirm.expect(201, "POST", "/users", draft)
	confirm.expect(201, "POST", "/keys", map[string]any{"name": "host"}, basic("ann", password))
	confirm.expect(403, "POST", "/publish", pack(t, "decimal", "1.0.0"), basic("ann", password))
}

func BenchmarkGetPackage(b *testing.B) {
	w := newWorld(b)
	for i := range 30 {
		w.publish("jose", "", "decimal", fmt.Sprintf("1.%d.0", i))
	}
	for b.Loop() {
		w.do("GET", "/packages/decimal", nil, from("127.0.0.1"))
	}
}

func BenchmarkPublish(b *testing.B) {
	w := newWorld(b)
	tar := pack(b, "decimal", "1.0.0")
	b.SetBytes(int64(len(tar)))
	for b.Loop() {
		w.do("POST", "/publish", tar, w.as("jose"), from("127.0.0.1"))
	}
}
