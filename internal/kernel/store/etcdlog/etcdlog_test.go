package etcdlog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/storetest"
)

// swift makes a lone node elect itself at once.
func swift(c *embed.Config) { c.TickMs, c.ElectionMs = 10, 100 }

// openDir opens a log for the test to use, and closes it at the test's end.
func openDir(t testing.TB, dir string, change ...func(*Options)) *Log {
	t.Helper()
	log, err := tryOpen(t, dir, change...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return log
}

func tryOpen(t testing.TB, dir string, change ...func(*Options)) (*Log, error) {
	o := Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Configure: swift}
	for _, f := range change {
		f(&o)
	}
	log, err := Open(t.Context(), o)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return log, nil
}

func openTemp(t testing.TB) store.Log { return openDir(t, t.TempDir()) }

func TestEmbeddedLogKeepsTheLaws(t *testing.T) { storetest.TestLog(t, openTemp) }

func TestDBOverEtcdKeepsTheLaws(t *testing.T) { storetest.TestDB(t, openTemp) }

func put(t testing.TB, log store.Log, key, value string) error {
	t.Helper()
	_, ok, err := log.Commit(t.Context(), store.Txn{Ops: []store.Op{{Key: key, Value: []byte(value)}}})
	if err == nil && !ok {
		t.Fatalf("an unguarded commit of %s did not hold", key)
	}
	return err
}

func mustPut(t testing.TB, log store.Log, key, value string) {
	t.Helper()
	if err := put(t, log, key, value); err != nil {
		t.Fatal(err)
	}
}

func mustGet(t testing.TB, log store.Log, key, want string) {
	t.Helper()
	p, err := log.Range(t.Context(), key, key+"\x00", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Records) != 1 || string(p.Records[0].Value) != want {
		t.Fatalf("%s reads %.60s, want %.20s", key, fmt.Sprint(p.Records), want)
	}
}

func TestSecondOpenerIsToldOfTheFirst(t *testing.T) {
	dir := t.TempDir()
	first := openDir(t, dir)
	if _, err := tryOpen(t, dir); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", os.Getpid())) {
		t.Errorf("second Open = %v, want an error naming this process", err)
	}
	mustPut(t, first, "a", "1")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	mustGet(t, openDir(t, dir), "a", "1")
}

func TestLoneNodeOpensNoSocket(t *testing.T) {
	before := sockets(t)
	openDir(t, t.TempDir())
	if after := sockets(t); len(after) > len(before) {
		t.Errorf("sockets were %v and are %v", before, after)
	}
}

func sockets(t *testing.T) (out []string) {
	open, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(open) == 0 {
		t.Skip("no /proc to count sockets in")
	}
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "socket:") {
			out = append(out, to)
		}
	}
	return out
}

func TestCloseIsQuickAndEndsWatches(t *testing.T) {
	log := openDir(t, t.TempDir())
	ended, told := make(chan error, 1), make(chan struct{}, 1)
	go func() {
		ended <- log.Watch(context.Background(), 0, func([]store.Change, store.Revision) error {
			told <- struct{}{}
			return nil
		})
	}()
	mustPut(t, log, "a", "1")
	<-told
	start := time.Now()
	if err := log.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("Close took %v", d)
	}
	if err := <-ended; !errors.Is(err, errClosed) {
		t.Errorf("Watch ended with %v, want %v", err, errClosed)
	}
}

func TestQuietWatchHearsOfProgress(t *testing.T) {
	t.Parallel()
	log := openDir(t, t.TempDir())
	mustPut(t, log, "a", "1")
	enough := errors.New("enough")
	quiet := 0
	err := log.Watch(t.Context(), 0, func(cs []store.Change, through store.Revision) error {
		if len(cs) == 0 && through == 2 {
			quiet++
		}
		if quiet == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}

func TestUsedUpQuotaMakesTheLogReadOnlyUntilDefragmented(t *testing.T) {
	log := openDir(t, t.TempDir(), func(o *Options) { o.Quota = 8 << 20 })
	big := strings.Repeat("x", 256<<10)
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = put(t, log, "same", big) // all but the last are history
	}
	if !errors.Is(err, store.ErrNoSpace) {
		t.Fatalf("after %d commits into a quota of 8 MiB: %v, want ErrNoSpace", n, err)
	}
	mustGet(t, log, "same", big)
	if err := put(t, log, "small", ""); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("a small commit under the alarm: %v, want ErrNoSpace", err)
	}
	s, err := log.Status(t.Context())
	if err != nil || len(s.Problems) == 0 || s.Quota != 8<<20 || s.Size == 0 || s.Leader != s.Member {
		t.Errorf("Status = %+v, %v; want a lone leader with an alarm", s, err)
	}
	if all, err := log.Members(t.Context()); err != nil || len(all) != 1 || all[0].ID != s.Member || all[0].Learner {
		t.Errorf("Members = %v, %v; want this node alone", all, err)
	}
	if err := log.Defragment(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustGet(t, log, "same", big)
	mustPut(t, log, "small", "1")
	if s, err = log.Status(t.Context()); err != nil || len(s.Problems) > 0 || s.Size > 2<<20 {
		t.Errorf("Status = %+v, %v; want no alarm and a small file", s, err)
	}
}

func TestDefragmentKeepsTheAlarmWhileRowsFillTheQuota(t *testing.T) {
	log := openDir(t, t.TempDir(), func(o *Options) { o.Quota = 4 << 20 })
	var err error
	n := 0
	for ; !errors.Is(err, store.ErrNoSpace) && n < 500; n++ {
		err = put(t, log, fmt.Sprintf("row/%03d", n), strings.Repeat("x", 32<<10))
	}
	if err := log.Defragment(t.Context()); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("Defragment = %v, want ErrNoSpace: rows are in use", err)
	}
	var txn store.Txn
	for i := range n { // etcd measures itself ten times a second, so n may be well above the quota
		txn.Ops = append(txn.Ops, store.Op{Key: fmt.Sprintf("row/%03d", i), Delete: true})
	}
	if _, ok, err := log.Commit(t.Context(), txn); !ok || err != nil {
		t.Fatalf("deleting under the alarm: %v, %v; an operator must be able to", ok, err)
	}
	if err := log.Defragment(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustPut(t, log, "small", "1")
}
