package node_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/world"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/s3/s3test"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/node"
)

// stocked has something of all that is kept outside of rows, and little of it: packing takes most of the time of a world.
const stocked = partitionWorld + `
release hexhub/decimal 1.1.0 requires="ring ~> 1.0" docs
release hexhub/decimal 2.0.0 retired="security:reads past the end; use 1.1.0"
package hexhub/ring owner=eva
release hexhub/ring 1.0.0
policy guild/strict cooldown=7d
`

// stock publishes that on a node.
func stock(t *testing.T, n *node.Node) {
	t.Helper()
	if _, err := world.Build(t.Context(), n.Rooms(), []byte(stocked)); err != nil {
		t.Fatal(err)
	}
}

// With a bucket, a real server keeps every tarball and the node's disk none.
func TestTarballsLieInTheBucket(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	c := settings(t)
	c.RepositoryName = "hexhub"
	c.BlobS3Endpoint, c.BlobS3Bucket, c.BlobS3Prefix = "http://"+server.Endpoint, server.Bucket, "hexhub"
	c.BlobS3AccessKey, c.BlobS3SecretKeyFile, c.BlobS3Style = server.AccessKey, filepath.Join(t.TempDir(), "secret"), "path"
	if err := os.WriteFile(c.BlobS3SecretKeyFile, []byte(server.SecretKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n, stop := startWith(t, c, node.Options{Eager: true})
	stock(t, n)
	fetched := 0
	for r := range catalog.ReleasesIn(n.DB.View(), name.MustRepository("hexhub")) {
		if fetched++; fetched > 3 {
			break
		}
		status, body := get(t, http.DefaultClient, n.URL+"/repo/tarballs/"+r.Package.String()+"-"+r.Version.String()+".tar")
		if status != http.StatusOK || len(body) == 0 {
			t.Errorf("%s %s is %d with %d bytes", r.Package, r.Version, status, len(body))
		}
	}
	if files(t, filepath.Join(server.Dir, "hexhub")) < 3 || files(t, filepath.Join(c.Data, "blobs")) > 1 {
		t.Errorf("%d objects, %d files", files(t, filepath.Join(server.Dir, "hexhub")), files(t, filepath.Join(c.Data, "blobs")))
	}
	scrubbed(t, n)
	if all := scrub.States(n.DB.View()); len(all) != 1 || all[0].Store != scrub.Bucket || all[0].Last.Read < 3 || len(all[0].Lost) > 0 {
		t.Errorf("the scrubs are %+v, want the bucket found whole", all)
	}
	stop()

	d, closeAll := node.Examine(t.Context(), c)
	defer closeAll()
	for _, f := range doctor.Run(t.Context(), d, []string{"bucket", "blobs"}) {
		if f.Level != doctor.OK {
			t.Errorf("%s: %s, %s", f.ID, f.Level, f.Evidence)
		}
	}
}

// A server whose disk is lost comes back from its bucket: the same rows, files and tarballs, signed with the same key.
func TestC11BackupInTheBucketOutlivesTheDisk(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	c := settings(t)
	c.RepositoryName = "hexhub"
	c.BackupTo, c.BackupS3Endpoint = "s3://"+server.Bucket+"/safe", "http://"+server.Endpoint
	c.BackupS3AccessKey, c.BackupS3SecretKeyFile, c.BackupS3Style = server.AccessKey, filepath.Join(t.TempDir(), "secret"), "path"
	if err := os.WriteFile(c.BackupS3SecretKeyFile, []byte(server.SecretKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n, stop := start(t, c)
	stock(t, n)
	if _, err := n.Backup.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := served(t, n)
	secret := n.Sealer.Master()
	stop()
	if err := os.RemoveAll(c.Data); err != nil {
		t.Fatal(err)
	}

	from, key, err := node.OpenBackup(c, new(blob.Memory), false)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	set, err := backup.OpenSet(t.Context(), from, "", key)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := set.Plan(t.Context(), backup.Moment{}, false)
	if err != nil {
		t.Fatal(err)
	}
	c.Data = filepath.Join(t.TempDir(), "back")
	inBucket(t, &c, server) // into which the tarballs then go, and not onto the disk
	if out, err := node.Restore(t.Context(), c, set, plan, secret); err != nil || len(out.Lost) > 0 {
		t.Fatalf("restored %+v, %v", out, err)
	}
	if n := files(t, filepath.Join(c.Data, "blobs")); n > 0 {
		t.Errorf("%d tarballs were restored onto the disk", n)
	}
	again, _ := start(t, c)
	if d := cmp.Diff(before, served(t, again)); d != "" {
		t.Error(d)
	}
}

// served is what the node serves of the default repository: the list of versions, as it is now, and every tarball.
func served(t *testing.T, n *node.Node) map[string]string {
	t.Helper()
	paths := []string{"/repo/versions", "/repo/names"}
	for r := range catalog.ReleasesIn(n.DB.View(), name.MustRepository("hexhub")) {
		paths = append(paths, "/repo/tarballs/"+r.Package.String()+"-"+r.Version.String()+".tar")
	}
	out := map[string]string{}
	for _, path := range paths {
		status, body := getNow(t, n, path)
		sum := sha256.Sum256([]byte(body))
		out[path] = fmt.Sprintf("%d with %d bytes, %x", status, len(body), sum[:8])
		if status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	return out
}

// getNow asks for a file as one who has seen all that is written. For others lists may be some seconds old.
func getNow(t *testing.T, n *node.Node, path string) (int, string) {
	t.Helper()
	a := hubtest.Client{T: t, URL: n.URL, Header: http.Header{"X-Hexhub-Revision": {strconv.FormatInt(int64(n.DB.Revision()), 10)}}}.Get(path)
	return a.Status, string(a.Body)
}

// files counts the files below a folder, the lock apart.
func files(t *testing.T, dir string) (count int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && !strings.HasSuffix(path, "lock") {
			count++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}
