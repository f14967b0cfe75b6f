package s3_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/blobtest"
	"hexhub/internal/kernel/blob/s3"
	"hexhub/internal/kernel/blob/s3/s3test"
)

func options(server s3test.Server) s3.Options {
	return s3.Options{
		Endpoint: server.Endpoint, Insecure: true, Bucket: server.Bucket, PathStyle: true,
		AccessKey: server.AccessKey, SecretKey: server.SecretKey,
		Spool: new(blob.Memory), Pause: time.Millisecond,
	}
}

func open(t *testing.T, o s3.Options) *s3.Store {
	t.Helper()
	s, err := s3.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The same suite as the disk's, against a real server. Stores have a prefix each, and one bucket.
func TestStore(t *testing.T) {
	server := s3test.Start(t)
	var n atomic.Int32
	blobtest.TestStore(t, func(t *testing.T) blob.Store {
		o := options(server)
		o.Prefix = "/hub/" + strconv.Itoa(int(n.Add(1))) + "/"
		return open(t, o)
	})
}

func put(t *testing.T, s blob.Store, b []byte) blob.Hash {
	t.Helper()
	h, _, err := s.Put(t.Context(), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// objects are the files that the server keeps the bucket's objects in.
func objects(t *testing.T, server s3test.Server) (names []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(server.Dir, "??", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPuttingAgainReplaces(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, options(server))
	b := blobtest.Bytes(10_000)
	h := put(t, s, b)
	first := objects(t, server)
	if put(t, s, b) != h {
		t.Error("another hash")
	}
	again := objects(t, server)
	if len(first) != 1 || len(again) != 1 || first[0] == again[0] {
		t.Errorf("C13 the objects were %v and are %v; want another one", first, again)
	}
}

func TestCorruptObjectIsFoundAndHealed(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, options(server))
	b := blobtest.Bytes(100_000)
	h := put(t, s, b)
	b[50_000] ^= 1
	if err := os.WriteFile(objects(t, server)[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context(), h); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("C8 Check = %v, want ErrCorrupt", err)
	}
	b[50_000] ^= 1
	put(t, s, b)
	if err := s.Check(t.Context(), h); err != nil {
		t.Errorf("C8 putting the right bytes does not heal: %v", err)
	}
}

func TestProbeTellsWhatIsWrong(t *testing.T) {
	server := s3test.Start(t)
	if err := open(t, options(server)).Probe(t.Context()); err != nil {
		t.Errorf("Probe of a good bucket: %v", err)
	}
	if left := objects(t, server); len(left) > 0 {
		t.Errorf("the probe left %v", left)
	}
	for name, c := range map[string]struct {
		change func(*s3.Options)
		want   string
	}{
		"no such bucket":  {func(o *s3.Options) { o.Bucket = "absent" }, "mend blob.s3.bucket"},
		"no such key":     {func(o *s3.Options) { o.AccessKey = "nobody" }, "mend blob.s3.access-key"},
		"another secret":  {func(o *s3.Options) { o.SecretKey = "guessed-it" }, "mend blob.s3.secret-key-file"},
		"nobody answers":  {func(o *s3.Options) { o.Endpoint = "127.0.0.1:1" }, "try again later"},
		"HTTPS with HTTP": {func(o *s3.Options) { o.Insecure = false }, "try again later"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(server)
			c.change(&o)
			wantUnavailable(t, open(t, o).Probe(t.Context()), c.want)
		})
	}
}
