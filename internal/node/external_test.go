package node_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/config"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/world"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/blob/s3/s3test"
	"hexhub/internal/kernel/store/etcdlog"
	"hexhub/internal/kernel/store/etcdlog/etcdtest"
	"hexhub/internal/node"
)

// elsewhere are the settings of a node whose rows are in the etcd, with a data folder of its own.
func elsewhere(t *testing.T, etcd *etcdtest.Server, name string) config.Server {
	t.Helper()
	c := settings(t)
	c.RepositoryName, c.NodeName, c.EtcdEndpoints = "hexhub", name, []string{etcd.Endpoint}
	c.EtcdCAFile, c.EtcdCertFile, c.EtcdKeyFile = etcd.CA, etcd.Cert, etcd.Key
	return c
}

// inBucket has the node keep tarballs in the server's bucket.
func inBucket(t *testing.T, c *config.Server, server s3test.Server) {
	t.Helper()
	c.BlobS3Endpoint, c.BlobS3Bucket, c.BlobS3Prefix = "http://"+server.Endpoint, server.Bucket, "hexhub"
	c.BlobS3AccessKey, c.BlobS3SecretKeyFile, c.BlobS3Style = server.AccessKey, filepath.Join(t.TempDir(), "secret"), "path"
	if err := os.WriteFile(c.BlobS3SecretKeyFile, []byte(server.SecretKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// copySecret hands the registry's secret key to another node, as its operator does.
func copySecret(t *testing.T, from, to config.Server) {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(from.Data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to.Data, "secret.key"), secret, 0o600); err != nil {
		t.Fatal(err)
	}
}

// mayNotStart opens a node that must not start, and wants these words.
func mayNotStart(t *testing.T, c config.Server, words string) {
	t.Helper()
	n, err := node.Open(t.Context(), c, node.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	if err == nil {
		n.Close()
	}
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("error is %v, want %q in it", err, words)
	}
}

// ask asks a node's operator, and wants a status.
func ask(t *testing.T, c config.Server, method, path string, want int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://ops"+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := operator(c).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		t.Errorf("%s %s: %d, %v, want %d: %s", method, path, res.StatusCode, err, want, body)
	}
	return string(body)
}

// Two nodes on one etcd that somebody else runs, with one bucket, are one registry.
func TestNodesShareAnEtcdThatIsRunElsewhere(t *testing.T) {
	t.Parallel()
	etcd, server := etcdtest.Serve(t, nil), s3test.Start(t)
	one, two := elsewhere(t, etcd, "one"), elsewhere(t, etcd, "two")
	inBucket(t, &one, server)
	inBucket(t, &two, server)
	first, stopFirst := start(t, one)
	stock(t, first)

	mayNotStart(t, two, "put the secret.key of its other nodes")
	copySecret(t, one, two)
	disk := two
	disk.BlobS3Endpoint = ""
	mayNotStart(t, disk, "give all of them the same bucket (blob.s3.*)")
	second, _ := start(t, two)
	if d := cmp.Diff(served(t, first), served(t, second)); d != "" {
		t.Errorf("the second node serves otherwise: %s", d)
	}
	if _, err := world.Build(t.Context(), second.Rooms(), []byte("user newcomer\npackage hexhub/newest owner=newcomer\nrelease hexhub/newest 1.0.0\n")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first node serves what was published on the second", func() bool {
		status, _ := get(t, http.DefaultClient, first.URL+"/repo/tarballs/newest-1.0.0.tar")
		return status == http.StatusOK
	})

	var report health.Report
	if err := json.Unmarshal([]byte(ask(t, two, "GET", "/operator/status", 200)), &report); err != nil {
		t.Fatal(err)
	}
	if want := "healthy: 2 of 2 nodes, can lose 1; rows are in an etcd that is run elsewhere"; report.Sentence != want || len(report.Nodes) != 2 || report.Nodes[0].Name != "one" {
		t.Errorf("status is %q of %+v, want %q", report.Sentence, report.Nodes, want)
	}
	if all := ask(t, one, "GET", "/operator/nodes", 200); !strings.Contains(all, `"one"`) || !strings.Contains(all, `"two"`) {
		t.Errorf("members are %s", all)
	}
	for _, deed := range []string{"POST /operator/nodes", "DELETE /operator/nodes?name=two"} {
		method, path, _ := strings.Cut(deed, " ")
		if words := ask(t, one, method, path, 409); !strings.Contains(words, "its members are managed there") {
			t.Errorf("%s: %s", deed, words)
		}
	}
	var findings []doctor.Finding
	if err := json.Unmarshal([]byte(ask(t, two, "GET", "/operator/doctor?only=store&only=disk&only=tables&only=nodes&only=size&only=versions", 200)), &findings); err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Level == doctor.Fail || f.Level == doctor.Warn {
			t.Errorf("%s: %s, %s", f.ID, f.Level, f.Evidence)
		}
	}
	stopFirst()
	eventually(t, "who was stopped is not counted", func() bool { return strings.Contains(ask(t, two, "GET", "/operator/status", 200), "1 of 1 node") })
}

// Two registries on one etcd, each below its prefix, know nothing of each other. Without a bucket the one has one node.
func TestPrefixKeepsRegistriesApart(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Serve(t, nil)
	ours, theirs := elsewhere(t, etcd, "ours"), elsewhere(t, etcd, "theirs")
	theirs.EtcdPrefix, theirs.RepositoryName = "/theirs/", "acme"
	n, stop := start(t, ours)
	stock(t, n)
	m, _ := start(t, theirs)
	for _, path := range []string{"/repo/public_key", "/repo/names"} {
		_, a := get(t, http.DefaultClient, n.URL+path)
		_, b := get(t, http.DefaultClient, m.URL+path)
		if a == b {
			t.Errorf("%s is the same on both", path)
		}
	}
	if status, _ := get(t, http.DefaultClient, m.URL+"/repo/packages/decimal"); status != http.StatusNotFound {
		t.Errorf("a package of the other registry is %d", status)
	}

	another := elsewhere(t, etcd, "another")
	copySecret(t, ours, another)
	mayNotStart(t, another, "lie on the disk of ours, and this node would keep them on the disk of another")
	before := served(t, n)
	stop()
	d, closeAll := node.Examine(t.Context(), ours)
	for _, f := range doctor.Run(t.Context(), d, []string{"store", "tables", "blobs"}) {
		if f.Level != doctor.OK {
			t.Errorf("%s: %s, %s", f.ID, f.Level, f.Evidence)
		}
	}
	if err := closeAll(); err != nil {
		t.Error(err)
	}
	again, _ := start(t, ours)
	if d := cmp.Diff(before, served(t, again)); d != "" {
		t.Errorf("after a restart: %s", d)
	}
	if err := os.Mkdir(filepath.Join(another.Data, "etcd"), 0o700); err != nil {
		t.Fatal(err)
	}
	mayNotStart(t, another, "has rows of its own")
}

// C3: nodes that lose the etcd they share show what is everybody's, acknowledge no write and refuse what is not
// public; when it is back, they go on.
func TestC3NodesWithoutTheirEtcdServeOnlyWhatIsPublic(t *testing.T) {
	t.Parallel()
	etcd := etcdtest.Serve(t, nil)
	log, err := etcdlog.Connect(t.Context(), etcd.External("/hub/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	hub := hubtest.Nodes(t, partitionWorld, log)[0]
	etcd.Stop()
	eventually(t, "it knows that it is stale", func() bool { return hub.DB.Age() > time.Second })
	for _, c := range []struct {
		who          string
		method, path string
		body         any
		want         int
	}{
		{"", "GET", "/repo/packages/decimal", nil, 200},
		{"", "GET", "/repo/tarballs/decimal-1.0.0.tar", nil, 200},
		{"", "GET", "/", nil, 200},
		{"", "GET", "/repo/repos/guild/packages/vault", nil, 401},
		{"rea/all", "GET", "/repo/repos/guild/packages/vault", nil, 503},
		{"rea/all", "GET", "/api/users/me", nil, 503},
		{"jose/all", "POST", "/api/publish?replace=false", hubtest.Tarball(t, "decimal", "3.0.0"), 503},
		{"", "POST", "/api/users", map[string]any{"username": "new", "email": "new@example.com", "password": "a long sentence is best"}, 503},
	} {
		client := hub.Anonymous()
		if c.who != "" {
			client = hub.As(c.who)
		}
		if a := client.Do(c.method, c.path, c.body); a.Status != c.want {
			t.Errorf("%s %s as %q: %d, want %d: %.200s", c.method, c.path, c.who, a.Status, c.want, a.Body)
		}
	}
	eventually(t, "answers say how old they are", func() bool {
		return hub.Anonymous().Get("/repo/packages/decimal").Header.Get("X-HexHub-Stale") != ""
	})
	etcd.Start(t)
	eventually(t, "it publishes again", func() bool {
		a, err := hub.As("jose/all").Try(http.MethodPost, "/api/publish?replace=true", hubtest.Tarball(t, "decimal", "2.0.0"))
		return err == nil && (a.Status == 201 || a.Status == 200)
	})
}
