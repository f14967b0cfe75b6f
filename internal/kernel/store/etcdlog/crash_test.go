package etcdlog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hexhub/internal/kernel/store"
)

// writerDir names the environment variable that makes this test binary a writer on that directory.
const writerDir = "ETCDLOG_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		return
	}
	os.Exit(m.Run())
}

const writers = 8

// writeUntilKilled commits numbered rows from several goroutines, each going on where its rows end,
// and prints every row that the log has acknowledged.
func writeUntilKilled(dir string) error {
	log, err := Open(context.Background(), Options{
		Dir: dir, Configure: swift, DiskReserve: 1, // so that a full disk is met, not avoided
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for w := range writers {
		have, err := rows(log, w)
		if err != nil {
			return err
		}
		wg.Go(func() {
			for n := len(have); ; n++ {
				txn := store.Txn{Ops: []store.Op{{Key: rowKey(w, n), Value: rowValue(w, n)}}, Guards: []store.Guard{{Key: rowKey(w, n)}}}
				if _, ok, err := log.Commit(context.Background(), txn); err != nil || !ok {
					fmt.Fprintf(os.Stderr, "commit: %v, %v\n", ok, err)
					return
				}
				fmt.Println(rowKey(w, n))
			}
		})
	}
	wg.Wait()
	return log.Close()
}

func rowKey(writer, n int) string { return fmt.Sprintf("row/%d/%06d", writer, n) }

func rowValue(writer, n int) []byte {
	return []byte(strings.Repeat(rowKey(writer, n), 200))
}

// rows returns a writer's rows, in order.
func rows(log store.Log, writer int) (out []store.Record, err error) {
	prefix := fmt.Sprintf("row/%d/", writer)
	for from, more := prefix, true; more; {
		p, err := log.Range(context.Background(), from, store.PrefixEnd(prefix), 0, 1000)
		if err != nil {
			return nil, err
		}
		if out, more = append(out, p.Records...), p.More; more {
			from = p.Records[len(p.Records)-1].Key + "\x00"
		}
	}
	return out, nil
}

// A writerProcess is this test binary, writing rows in a process of its own.
type writerProcess struct {
	*exec.Cmd
	lines *bufio.Scanner // acknowledged rows
	said  strings.Builder
}

func startWriter(t *testing.T, dir string) *writerProcess {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &writerProcess{Cmd: exec.CommandContext(t.Context(), exe)}
	p.Env = append(os.Environ(), writerDir+"="+dir)
	p.Stderr = &p.said
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// checkRows demands all acknowledged rows, and no row torn or out of turn.
func checkRows(t *testing.T, log store.Log, acknowledged map[string]bool) {
	t.Helper()
	found := 0
	for w := range writers {
		have, err := rows(log, w)
		if err != nil {
			t.Fatal(err)
		}
		for n, r := range have {
			if r.Key != rowKey(w, n) || string(r.Value) != string(rowValue(w, n)) {
				t.Fatalf("row %d of writer %d is %s with %d bytes; a row before it is missing, or it is torn", n, w, r.Key, len(r.Value))
			}
			if acknowledged[r.Key] {
				found++
			}
		}
	}
	if found != len(acknowledged) {
		t.Errorf("%d of %d acknowledged rows are there", found, len(acknowledged))
	}
}

func TestAcknowledgedRowsSurviveKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range 5 {
		p := startWriter(t, dir)
		for left := rand.IntN(400); p.lines.Scan(); left-- {
			acknowledged[p.lines.Text()] = true
			if left == 0 {
				if err := p.Process.Kill(); err != nil { // C2: SIGKILL amid commits
					t.Fatal(err)
				}
			}
		}
		if err := p.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("round %d: the writer ended by itself: %v\n%s", round, err, p.said.String())
		}
		log := openDir(t, dir)
		checkRows(t, log, acknowledged)
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d acknowledged rows are all there", len(acknowledged))
}

// TestDamagedFilesAreNoticed is C6: what was never acknowledged may be dropped, and all else that does
// not add up must keep the log from opening.
func TestDamagedFilesAreNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(wal []byte, ends []int) []byte
		opens  bool
	}{
		{"no damage", func(wal []byte, _ []int) []byte { return wal }, true},
		{"C6 torn record after the last", func(wal []byte, ends []int) []byte {
			end := ends[len(ends)-1]
			binary.LittleEndian.PutUint64(wal[end:], 4096)
			for i := end + 8; i < end+600; i++ {
				wal[i] = 0xa5 // the first sectors came through, the others are still zero
			}
			return wal
		}, true},
		{"C6 bit flip in the last record", func(wal []byte, ends []int) []byte {
			wal[ends[len(ends)-1]-20] ^= 1
			return wal
		}, false},
		{"C6 bit flip in the middle", func(wal []byte, ends []int) []byte {
			wal[ends[len(ends)/2]-20] ^= 1
			return wal
		}, false},
		{"C6 acknowledged tail cut off", func(wal []byte, ends []int) []byte {
			return wal[:ends[len(ends)/2]-20]
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			log := openDir(t, dir)
			for n := range 50 {
				mustPut(t, log, rowKey(0, n), string(rowValue(0, n)))
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, dir, c.damage)
			log, err := tryOpen(t, dir, func(o *Options) { o.ReadyWithin = 4 * time.Second })
			if opened := err == nil; opened != c.opens {
				t.Fatalf("Open = %v, want opened = %v", err, c.opens)
			}
			if err == nil {
				if have, err := rows(log, 0); err != nil || len(have) != 50 {
					t.Errorf("%d rows, %v; want 50", len(have), err)
				}
				path, err := newestWAL(dir)
				if err != nil {
					t.Fatal(err)
				}
				if info, err := os.Stat(path); err != nil || info.Size() < 64_000_000 {
					t.Errorf("C5 the segment has %d bytes on the disk, %v; a full one would end the log", info.Size(), err)
				}
			}
		})
	}
}

// C6: Whichever bit of a length flips in the write-ahead log, it is noticed before etcd takes it for the end. A write
// that was cut short is nobody's loss.
func TestC6FlippedLengthsAreNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := openDir(t, dir)
	for n := range 50 {
		mustPut(t, log, rowKey(0, n), string(rowValue(0, n))[:1+n%9])
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	damage(t, dir, func(wal []byte, ends []int) []byte {
		last := len(ends) - 1
		if end, damaged := walk(wal); end != ends[last] || damaged {
			t.Fatalf("the records end at %d, damaged = %t; want %d", end, damaged, ends[last])
		}
		for _, at := range ends[:last] {
			for bit := range 64 {
				wal[at+bit/8] ^= 1 << (bit % 8)
				cut := binary.LittleEndian.Uint64(wal[at:]) == 0 && (at+8)%512 == 0 // as if that sector had not come
				if found, damaged := walk(wal); found != at || damaged == cut {
					t.Errorf("bit %d of the length at %d flips: found %d, %t", bit, at, found, damaged)
				}
				wal[at+bit/8] ^= 1 << (bit % 8)
			}
		}
		for cut := ends[last-1] + 1; cut < ends[last]; cut++ {
			torn := append(bytes.Clone(wal[:cut]), make([]byte, 4096)...)
			// Zeros that the record ends with are there, cut or not.
			if end, damaged := walk(torn); damaged || end != ends[last-1] && !bytes.Equal(torn[:ends[last]], wal[:ends[last]]) {
				t.Errorf("a write cut short at %d is taken for damage at %d, %t", cut, end, damaged)
			}
		}
		wal[ends[last-1]+4] ^= 1 // the length of the last record is now beyond the file: etcd would drop it
		return wal
	})
	if _, err := tryOpen(t, dir); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("Open = %v", err)
	}
}

// damage changes the newest write-ahead segment, given its bytes and where each record ends.
func damage(t *testing.T, dir string, change func([]byte, []int) []byte) {
	segments, err := filepath.Glob(filepath.Join(dir, "member", "wal", "*.wal"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("no segments: %v", err)
	}
	path := slices.Max(segments)
	wal, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var ends []int
	for at := 0; at+8 <= len(wal); {
		frame := binary.LittleEndian.Uint64(wal[at:])
		if frame == 0 {
			break
		}
		size := int(frame & (1<<56 - 1)) // the top byte tells of padding to eight bytes
		at += 8 + (size+7)/8*8
		ends = append(ends, at)
	}
	if len(ends) < 50 {
		t.Fatalf("found %d records", len(ends))
	}
	if err := os.WriteFile(path, change(wal, ends), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDeathOnAFullDiskLosesNothing takes the guard away (its reserve is one byte), so that etcd meets
// ENOSPC itself: C7 demands that it then dies loudly, C5 that all it acknowledged is there again.
func TestDeathOnAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 300<<20)
	if err := os.Mkdir(filepath.Join(dir, "spare"), 0o700); err != nil { // takes the spare file's place
		t.Fatal(err)
	}
	ballast := fill(t, dir, 160<<20) // leaves the first segments' place and a little more
	p := startWriter(t, dir)
	acknowledged := map[string]bool{}
	for p.lines.Scan() {
		acknowledged[p.lines.Text()] = true
	}
	if _, ok := errors.AsType[*exec.ExitError](p.Wait()); !ok || p.ProcessState.ExitCode() != 1 {
		t.Fatalf("the writer ended with %v, want status 1\n%s", p.ProcessState, p.said.String())
	}
	if s := p.said.String(); !strings.Contains(s, "cannot write safely") || !strings.Contains(s, "no space left") {
		t.Errorf("its last words were:\n%s", s)
	}
	t.Logf("%d rows were acknowledged", len(acknowledged))
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	checkRows(t, openDir(t, dir, func(o *Options) { o.DiskReserve = 1 }), acknowledged)
}

// TestFullDiskMakesARealLogReadOnly is C5 with the guard in place.
func TestFullDiskMakesARealLogReadOnly(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 600<<20)
	freeable := fill(t, dir, 200<<20) // what an operator will find to delete
	reserve := func(o *Options) { o.DiskReserve = 128 << 20 }
	log := openDir(t, dir, reserve)
	mustPut(t, log, "first", "1")
	big := strings.Repeat("x", 512<<10)
	var err error
	n := 0
	for ; err == nil; n++ {
		err = put(t, log, "row/"+strconv.Itoa(n), big)
	}
	if !errors.Is(err, store.ErrNoSpace) {
		t.Fatalf("commit %d failed with %v, want ErrNoSpace", n, err)
	}
	t.Logf("%d commits fitted", n)
	log.node.etcd.Server.Backend().ForceCommit() // what etcd gathers for a tenth of a second is what the reserve is for
	fill(t, dir, 1<<40)                          // then somebody else takes all that was left
	mustGet(t, log, "first", "1")
	for err = nil; err == nil; { // until the spare is given up
		_, err = os.Lstat(filepath.Join(dir, "spare"))
	}
	if err := put(t, log, "more", big); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("a commit on a full disk: %v, want ErrNoSpace", err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log = openDir(t, dir, reserve) // on what the spare gave
	mustGet(t, log, "row/0", big)
	if err := put(t, log, "more", big); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("a commit after opening on a full disk: %v, want ErrNoSpace", err)
	}
	if err := os.Remove(freeable); err != nil {
		t.Fatal(err)
	}
	for err = store.ErrNoSpace; errors.Is(err, store.ErrNoSpace); {
		err = put(t, log, "more", "1") // until the disk is looked at again
	}
	if err != nil {
		t.Fatal(err)
	}
	mustGet(t, log, "more", "1")
}

// fill makes a file beside the log, of the given size or as large as the disk allows, and returns its path.
func fill(t *testing.T, dir string, size int64) string {
	t.Helper()
	f, err := os.CreateTemp(dir, "ballast")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(f, zeros{}, size); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
