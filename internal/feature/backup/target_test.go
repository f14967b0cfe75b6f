package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"hexhub/internal/feature/backup"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/s3"
	"hexhub/internal/kernel/blob/s3/s3test"
	"hexhub/internal/kernel/store"
)

func openFolder(t *testing.T) backup.Target {
	t.Helper()
	f, err := backup.OpenFolder(t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// buckets returns what opens targets in one bucket of a real server, under a prefix each.
func buckets(t *testing.T) func(*testing.T) backup.Target {
	server := s3test.Start(t)
	var n atomic.Int32
	return func(t *testing.T) backup.Target {
		t.Helper()
		o, err := s3.NewObjects(s3.Options{
			Endpoint: server.Endpoint, Insecure: true, Bucket: server.Bucket, PathStyle: true, Prefix: fmt.Sprint("safe/", n.Add(1)),
			AccessKey: server.AccessKey, SecretKey: server.SecretKey, Spool: new(blob.Memory), Pause: time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { o.Close() })
		return backup.Bucket{Objects: o}
	}
}

// What a Target promises, every one keeps.
func TestTargets(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) backup.Target{"folder": openFolder, "bucket": buckets(t)} {
		for law, test := range map[string]func(*testing.T, backup.Target){
			"what is put is there": targetKeeps, "what is put again is replaced": targetReplaces, "names are listed by prefix": targetLists,
			"what is deleted is gone": targetForgets, "half an object is none": targetKeepsNoHalves, "an ended context ends it": targetHeedsContext,
		} {
			t.Run(name+": "+law, func(t *testing.T) {
				t.Parallel()
				test(t, open(t))
			})
		}
	}
}

func save(t *testing.T, to backup.Target, name string, b []byte) {
	t.Helper()
	if err := to.Put(t.Context(), name, bytes.NewReader(b), int64(len(b))); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, from backup.Target, name string) []byte {
	t.Helper()
	r, err := from.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func listed(t *testing.T, target backup.Target, prefix string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for o, err := range target.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		out[o.Name] = o.Size
	}
	return out
}

func targetKeeps(t *testing.T, target backup.Target) {
	for _, size := range []int{0, 1, 100_000, 6 << 20} {
		b := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		name := fmt.Sprintf("set/blobs/aa/%d", size)
		save(t, target, name, b)
		if !bytes.Equal(load(t, target, name), b) {
			t.Errorf("%d bytes came back otherwise", size)
		}
	}
}

func targetReplaces(t *testing.T, target backup.Target) {
	save(t, target, "set/head", []byte("the first, which is longer"))
	save(t, target, "set/head", []byte("the second"))
	if got := load(t, target, "set/head"); string(got) != "the second" {
		t.Errorf("read %q", got)
	}
	if l := listed(t, target, ""); len(l) != 1 || l["set/head"] != 10 {
		t.Errorf("listed %v", l)
	}
}

func targetLists(t *testing.T, target backup.Target) {
	if l := listed(t, target, ""); len(l) != 0 {
		t.Errorf("a new target has %v", l)
	}
	for i, name := range []string{"one/card", "one/snapshots/0001/manifest", "one/snapshots/0001/part", "one/snapshots/0002/part", "two/card"} {
		save(t, target, name, make([]byte, i))
	}
	for prefix, want := range map[string]string{
		"": "one/card one/snapshots/0001/manifest one/snapshots/0001/part one/snapshots/0002/part two/card", "one/": "one/card one/snapshots/0001/manifest one/snapshots/0001/part one/snapshots/0002/part",
		"one/snapshots/0001": "one/snapshots/0001/manifest one/snapshots/0001/part", "one/snapshots/0001/p": "one/snapshots/0001/part", "three/": "",
	} {
		l := listed(t, target, prefix)
		if got := strings.Join(slices.Sorted(maps.Keys(l)), " "); got != want {
			t.Errorf("below %q are %s, want %s", prefix, got, want)
		}
		if size, ok := l["one/snapshots/0001/part"]; ok && size != 2 {
			t.Errorf("listed with %d bytes", size)
		}
	}
	for range target.List(t.Context(), "") {
		break // leaving early is fine
	}
}

func targetForgets(t *testing.T, target backup.Target) {
	save(t, target, "set/blobs/a", []byte("x"))
	save(t, target, "set/blobs/b", []byte("y"))
	for range 2 { // what is not there can be deleted
		if err := target.Delete(t.Context(), "set/blobs/a"); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"set/blobs/a", "nothing"} {
		if r, err := target.Get(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Get of %s: %v, %v", name, r, err)
		}
	}
	if l := listed(t, target, "set/"); len(l) != 1 || l["set/blobs/b"] != 1 {
		t.Errorf("listed %v", l)
	}
}

func targetKeepsNoHalves(t *testing.T, target backup.Target) {
	save(t, target, "set/head", []byte("the old one"))
	trouble := errors.New("trouble")
	for name, r := range map[string]io.Reader{
		"failing": io.MultiReader(strings.NewReader("half"), iotest.ErrReader(trouble)),
		"short":   strings.NewReader("half"),
		"long":    strings.NewReader("more than was said"),
	} {
		err := target.Put(t.Context(), "set/head", r, 8)
		if err == nil || name == "failing" && !errors.Is(err, trouble) {
			t.Errorf("%s: %v", name, err)
		}
		if err := target.Put(t.Context(), "set/new", r, 8); err == nil {
			t.Errorf("%s again: no error", name)
		}
	}
	if got := load(t, target, "set/head"); string(got) != "the old one" {
		t.Errorf("read %q", got)
	}
	if l := listed(t, target, ""); len(l) != 1 {
		t.Errorf("listed %v", l)
	}
}

func targetHeedsContext(t *testing.T, target backup.Target) {
	save(t, target, "set/card", []byte("x"))
	ended, end := context.WithCancel(t.Context())
	end()
	if err := target.Put(ended, "set/head", strings.NewReader("x"), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v", err)
	}
	if _, err := target.Get(ended, "set/card"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
	var last error
	for _, err := range target.List(ended, "") {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("List: %v", last)
	}
}

// What was backed up into a bucket comes back from nothing but that and the key: each revision, and every blob.
func TestBucketBringsEverythingBack(t *testing.T) {
	t.Parallel()
	open := buckets(t)
	for name, key := range keys() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, log, blobs, target := t.Context(), store.NewMemory(), new(blob.Memory), open(t)
			w := &world{T: t, log: log}
			db, err := store.Open(ctx, log, store.Options{}, backup.Tables)
			w.must(err)
			defer db.Close()
			h, _, err := blobs.Put(ctx, strings.NewReader(strings.Repeat("a tarball ", 20_000)))
			w.must(err)
			w.commit(put("a/1", "one"), put("file/1", h.String()))
			b := backup.New(db, backup.Source{Log: log, Blobs: blobs, Names: names}, backup.Options{Target: target, Where: "s3://bucket/safe", Key: key})
			w.b = b
			state, err := b.Create(ctx)
			w.must(err)
			stop := w.lead()
			r := w.commit(put("a/2", "two"))
			want := w.state(log)
			later := w.commit(put("a/1", "three"))
			set, err := backup.OpenSet(ctx, target, "", key)
			w.must(err)
			for {
				if _, err := set.Plan(ctx, backup.Moment{Revision: later}, false); err == nil {
					break
				}
				time.Sleep(50 * time.Millisecond) // it seals by a clock of its own
			}
			stop()

			p, err := set.Plan(ctx, backup.Moment{Revision: r}, false)
			w.must(err)
			back := store.NewMemory()
			_, err = p.Load(ctx, back, func(string) bool { return false })
			w.must(err)
			if got := w.state(back); !maps.Equal(got, want) {
				t.Errorf("restored %v, want %v", got, want)
			}
			into := new(blob.Memory)
			if _, err := set.PutBlob(ctx, into, h); err != nil {
				t.Error(err)
			}
			v, err := backup.Verify(ctx, set, backup.Moment{}, names, func(context.Context, store.Log, blob.Store, []byte) ([]string, error) { return nil, nil })
			if err != nil || len(v.Problems) > 0 || v.Blobs != 1 || state.Snapshot.Blobs != 1 {
				t.Errorf("verified %+v, %v", v, err)
			}
		})
	}
}
