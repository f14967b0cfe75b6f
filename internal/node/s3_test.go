package node_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/blob/s3/s3test"
	"hexhub/internal/node"
)

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
	n, stop := start(t, c)
	if err := world.Demo(t.Context(), n.Rooms()); err != nil {
		t.Fatal(err)
	}
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
	stop()

	d, closeAll := node.Examine(t.Context(), c)
	defer closeAll()
	for _, f := range doctor.Run(t.Context(), d, []string{"bucket", "blobs"}) {
		if f.Level != doctor.OK {
			t.Errorf("%s: %s, %s", f.ID, f.Level, f.Evidence)
		}
	}
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
