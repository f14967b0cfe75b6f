package blob

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"hexhub/internal/kernel/fault"
)

// flaky is an fsys over a real directory that can fail at any step and lose power: it knows
// what has been synced, and so what a power cut may take away.
type flaky struct {
	rootFS
	dir   string
	fail  func(op string) error // asked before every step
	names []entry               // changes of directories that are not synced, oldest first
	dirty map[*flakyFile]bool   // files with bytes that are not synced
}

// entry is one change of a directory, with what undoes it.
type entry struct {
	dir  string
	undo func() error
}

type flakyFile struct {
	file
	fs    *flaky
	name  string
	syncs int
}

func newFlaky(t *testing.T, dir string, fail func(op string) error) *Disk {
	t.Helper()
	d, err := OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	d.fs = &flaky{rootFS: rootFS{d.root}, dir: dir, fail: fail, dirty: map[*flakyFile]bool{}}
	return d
}

func (f *flaky) path(name string) string { return filepath.Join(f.dir, name) }

func (f *flaky) changed(name string, undo func() error) {
	f.names = append(f.names, entry{path.Dir(name), undo})
}

func (f *flaky) create(name string) (file, error) {
	if err := f.fail("create"); err != nil {
		return nil, err
	}
	real, err := f.rootFS.create(name)
	if err != nil {
		return nil, err
	}
	f.changed(name, func() error { return os.Remove(f.path(name)) })
	return &flakyFile{file: real, fs: f, name: name}, nil
}

// Write fails as a torn write does: half of it is there.
func (f *flakyFile) Write(p []byte) (int, error) {
	f.fs.dirty[f] = true
	if err := f.fs.fail("write"); err != nil {
		n, _ := f.file.Write(p[:len(p)/2])
		return n, err
	}
	return f.file.Write(p)
}

func (f *flakyFile) Sync() error {
	f.syncs++
	if err := f.fs.fail("sync"); err != nil {
		return err
	}
	delete(f.fs.dirty, f)
	return nil // whether bytes outlast a power cut is this file's book-keeping, not the disk's
}

func (f *flaky) rename(from, to string) error {
	if err := f.fail("rename"); err != nil {
		return err
	}
	old, oldErr := os.ReadFile(f.path(to))
	if err := f.rootFS.rename(from, to); err != nil {
		return err
	}
	for d := range f.dirty {
		if d.name == from {
			d.name = to
		}
	}
	f.changed(to, func() error {
		if oldErr == nil {
			return os.WriteFile(f.path(to), old, 0o600)
		}
		return os.Rename(f.path(to), f.path(from))
	})
	return nil
}

func (f *flaky) mkdir(name string) error {
	if err := f.fail("mkdir"); err != nil {
		return err
	}
	if err := f.rootFS.mkdir(name); err != nil {
		return err
	}
	f.changed(name, func() error { return os.RemoveAll(f.path(name)) })
	return nil
}

func (f *flaky) remove(name string) error {
	if err := f.fail("remove"); err != nil {
		return err
	}
	return f.rootFS.remove(name)
}

func (f *flaky) syncDir(name string) error {
	if err := f.fail("syncdir"); err != nil {
		return err
	}
	f.names = slices.DeleteFunc(f.names, func(e entry) bool { return e.dir == name })
	return nil
}

// powerCut takes away half of the bytes of every file that was not synced, and those changes of
// directories that lose chooses.
func (f *flaky) powerCut(lose func() bool) {
	for d := range f.dirty {
		if info, err := os.Stat(f.path(d.name)); err == nil {
			os.Truncate(f.path(d.name), info.Size()/2)
		}
	}
	for _, e := range slices.Backward(f.names) {
		if lose() {
			e.undo() // fails only where an undone change above it has taken it away already
		}
	}
}

var errCrash = errors.New("the process is dead")

// crashAt lets n steps through and none after.
func crashAt(n int) (fail func(string) error, crashed *bool) {
	crashed = new(bool)
	return func(string) error {
		if n--; n < 0 {
			*crashed = true
			return errCrash
		}
		return nil
	}, crashed
}

// Whatever step a crash or a power cut follows, an acknowledged blob is there, any other is there
// whole or not at all, and no temporary file stays.
func TestCrashBetweenAnyTwoSteps(t *testing.T) {
	coin := rand.New(rand.NewPCG(1, 2))
	for name, lose := range map[string]func() bool{
		"C5 kill -9 and names survive": func() bool { return false },
		"C6 names are lost":            func() bool { return true },
		"C6 some names are lost":       func() bool { return coin.IntN(2) == 0 },
	} {
		t.Run(name, func(t *testing.T) {
			steps := 0
			for crashed := true; crashed; steps++ {
				for range 4 { // for the coin
					crashed = crashOnce(t, steps, lose)
				}
			}
			if steps < 20 {
				t.Errorf("only %d steps; the seam is not in use", steps)
			}
		})
	}
}

func crashOnce(t *testing.T, step int, lose func() bool) (crashed bool) {
	t.Helper()
	dir := t.TempDir()
	fail, dead := crashAt(step)
	d := newFlaky(t, dir, fail)
	// Two blobs in one directory, one elsewhere, and one that is put again.
	contents := []string{"1234", "3", strings.Repeat("long", 50_000), "1234"}
	acked := map[string]bool{}
	for _, c := range contents {
		if _, _, err := d.Put(t.Context(), strings.NewReader(c)); err == nil {
			acked[c] = true
		}
	}
	d.fs.(*flaky).powerCut(lose)
	d.Close()

	again, err := OpenDisk(dir)
	if err != nil {
		t.Fatalf("crash at step %d: open: %v", step, err)
	}
	defer again.Close()
	for _, c := range contents {
		got, err := readWhole(t, again, c)
		switch {
		case err == nil && got != c:
			t.Errorf("crash at step %d: %d bytes of %d were served", step, len(got), len(c))
		case err != nil && acked[c]:
			t.Errorf("crash at step %d: an acknowledged blob: %v", step, err)
		case err != nil && !errors.Is(err, ErrNotFound):
			t.Errorf("crash at step %d: neither whole nor absent: %v", step, err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, tmp)); err != nil || len(left) > 0 {
		t.Errorf("T33 crash at step %d: temporary files %v, %v", step, left, err)
	}
	return *dead
}

func readWhole(t *testing.T, d *Disk, content string) (string, error) {
	t.Helper()
	h, _, err := copyHashed(t.Context(), io.Discard, strings.NewReader(content), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	r, err := d.Open(t.Context(), h)
	if err != nil {
		return "", err
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	return string(got), err
}

// failOnce lets n steps through and fails the next, once.
func failOnce(n int, err error) (fail func(string) error, op *string) {
	op = new(string)
	return func(o string) error {
		if n--; n == -1 {
			*op = o
			return err
		}
		return nil
	}, op
}

func TestFailureAtAnyStepIsNotAcknowledged(t *testing.T) {
	for name, cause := range map[string]error{
		"C5 disk full":  syscall.ENOSPC,
		"C5 over quota": syscall.EDQUOT,
		"C7 disk fails": syscall.EIO,
	} {
		t.Run(name, func(t *testing.T) {
			var ops []string
			for step := 0; ; step++ {
				op := failAndRecover(t, step, cause)
				if op == "" {
					break
				}
				ops = append(ops, op)
			}
			want := []string{"create", "write", "write", "sync", "mkdir", "syncdir", "rename", "syncdir"}
			if !slices.Equal(slices.Compact(slices.Clone(ops)), slices.Compact(want)) {
				t.Errorf("steps %v, want %v", ops, want)
			}
		})
	}
}

// failAndRecover fails one step of a Put with cause, and returns which; "" if there is no such step.
func failAndRecover(t *testing.T, step int, cause error) string {
	t.Helper()
	dir := t.TempDir()
	fail, failed := failOnce(step, cause)
	d := newFlaky(t, dir, func(string) error { return nil })
	if _, _, err := d.Put(t.Context(), strings.NewReader("before")); err != nil {
		t.Fatal(err)
	}
	d.fs.(*flaky).fail = fail
	const content = "content"
	_, _, err := d.Put(t.Context(), strings.NewReader(content))
	op := *failed
	if op == "" {
		if err != nil {
			t.Errorf("nothing failed, but Put = %v", err)
		}
		return ""
	}
	if !errors.Is(err, cause) {
		t.Errorf("%s failed, and Put = %v", op, err)
	}
	full := !errors.Is(cause, syscall.EIO)
	if wantKind := full || op == "syncdir"; fault.Is(err, fault.Unavailable) != wantKind {
		t.Errorf("%s: %v is of kind %v", op, err, fault.Of(err))
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && strings.Contains(f.Message, dir) {
		t.Errorf("%s: public words tell where things lie: %s", op, f.Message)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, tmp)); len(left) > 0 {
		t.Errorf("%s: temporary files are left: %v", op, left)
	}
	if got, err := readWhole(t, d, "before"); got != "before" {
		t.Errorf("%s: an older blob cannot be read: %v", op, err)
	}
	if got, err := readWhole(t, d, content); !errors.Is(err, ErrNotFound) && got != content {
		t.Errorf("%s: half-written: %q, %v", op, got, err)
	}
	_, _, err = d.Put(t.Context(), strings.NewReader(content))
	if op != "syncdir" && err != nil {
		t.Errorf("%s: no recovery once the disk is well: %v", op, err)
	}
	if op == "syncdir" && !fault.Is(err, fault.Unavailable) {
		t.Errorf("C7 after a directory failed to sync, Put = %v", err)
	}
	again, err := OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, _, err := again.Put(t.Context(), strings.NewReader(content)); err != nil {
		t.Errorf("%s: no recovery after opening again: %v", op, err)
	}
	return op
}

func TestFailedSyncIsNotRepeated(t *testing.T) {
	d := newFlaky(t, t.TempDir(), func(op string) error {
		if op == "sync" {
			return syscall.EIO
		}
		return nil
	})
	sp, err := d.Spool(t.Context(), bytes.NewReader([]byte("x")), 10)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	f := sp.rest.(*tempFile).file.(*flakyFile)
	for range 2 {
		if _, _, err := d.Put(t.Context(), sp); err == nil {
			t.Error("C7 acknowledged without a sync")
		}
	}
	if f.syncs != 1 {
		t.Errorf("C7 synced %d times", f.syncs)
	}
	if _, err := d.Stat(t.Context(), sp.Hash()); !errors.Is(err, ErrNotFound) {
		t.Errorf("C7 visible without a sync: %v", err)
	}
}

func TestTrustForgets(t *testing.T) {
	var tr trust
	hash := func(i int) Hash { return Hash{byte(i), byte(i >> 8), byte(i >> 16)} }
	s := stamp{1, 2}
	for i := range 3 * trustMax {
		tr.add(hash(i), s)
	}
	if n := len(tr.young) + len(tr.old); n > 2*trustMax {
		t.Errorf("%d remembered", n)
	}
	last := hash(3*trustMax - 1)
	if tr.has(hash(0), s) || !tr.has(last, s) {
		t.Error("the oldest must be forgotten and the newest remembered")
	}
	if tr.has(last, stamp{1, 3}) {
		t.Error("a changed file is trusted")
	}
}
