package diff_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/diff"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/pack"
)

// exact compares what pages do not see, too.
var exact = cmp.Options{cmp.AllowUnexported(diff.File{}), cmpopts.EquateEmpty()}

// varied is a pair in which something became of every kind of file.
func (b *bench) varied() diff.Pair {
	long := lines(1, 40)
	return b.pair(
		files{"changed": long, "gone": "a\n", "binary": "\x00", "was/here": lines(50, 80), "large": strings.Repeat("x", diff.MaxText+1), "same": "s", "open": "no end", "spaced": "a b\n"},
		files{"changed": strings.ReplaceAll(long, "line 2", "row 2"), "came": "b\n", "binary": "\x00\x00", "is/here": lines(50, 81), "large": strings.Repeat("y", diff.MaxText+1), "same": "s", "open": "no end\n", "spaced": "a  b\n"},
	)
}

// unreadable makes the tarballs of a pair be there no more, so that it can be compared no more.
func (b *bench) unreadable() {
	b.Helper()
	b.sources = newBench(b, diff.Options{}).sources
}

// What was found outlasts a restart as it was, whether or not white space counts, and is not found again.
func TestComparisonsOutlastARestart(t *testing.T) {
	b := newBench(t, diff.Options{})
	strict := b.varied()
	loose := strict
	loose.IgnoreSpace = true
	want := [...]*diff.Comparison{b.compare(strict), b.compare(loose)}
	if cmp.Equal(want[0], want[1], exact) {
		t.Fatal("white space makes no difference")
	}
	b.unreadable()
	b.restart(diff.Options{Limiter: limit.New(100)}, pack.Options{})
	for range 30 { // more than who has them compared may
		b.restart(diff.Options{Limiter: b.Limiter}, pack.Options{})
		for i, p := range [...]diff.Pair{strict, loose} {
			if diff := cmp.Diff(want[i], b.compare(p), exact); diff != "" {
				t.Fatalf("white space ignored %t: read (+) is not what was found (-):\n%s", p.IgnoreSpace, diff)
			}
		}
	}
	replaced := strict
	replaced.New.Outer = tarball.Sum{1}
	if _, err := b.Compare(t.Context(), "somebody", replaced); err == nil {
		t.Error("a release that was replaced has the comparison of the one before")
	}
}

// A file of comparisons that is harmed, cut short, or another's, is thrown away, and all is found as if there were none.
func TestWhatIsHarmedIsFoundAnew(t *testing.T) {
	b := newBench(t, diff.Options{})
	p := b.varied()
	want := b.compare(p)
	path := b.written()[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	harmed := [][]byte{nil, []byte("no pack at all, but long enough to be one"), whole[:len(whole)/2], foreign(t)}
	for i := 0; i < len(whole); i += 7 {
		one := append([]byte(nil), whole...)
		one[i] ^= 0x40
		harmed = append(harmed, one)
	}
	for i, bytes := range harmed {
		if err := os.WriteFile(path, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		b.restart(diff.Options{}, pack.Options{})
		if diff := cmp.Diff(want, b.compare(p), exact); diff != "" {
			t.Fatalf("harm %d: %s", i, diff)
		}
		if again, err := os.ReadFile(path); err != nil || len(again) != len(whole) {
			t.Fatalf("harm %d was not mended: %d bytes of %d, %v", i, len(again), len(whole), err)
		}
	}
}

// written are the files of comparisons.
func (b *bench) written() []string {
	b.Helper()
	all, err := filepath.Glob(filepath.Join(b.dir, "*"))
	if err != nil || len(all) == 0 {
		b.Fatalf("nothing is written: %v", err)
	}
	return all
}

// foreign is a whole pack with something else in it.
func foreign(t *testing.T) []byte {
	dir := t.TempDir()
	p, err := newShelf(t, dir, pack.Options{}).Get(t.Context(), "other", func(_ context.Context, w *pack.Writer) error {
		return w.Add("comparison", strings.NewReader(`{"Files":[{"Path":"a"}],"Edits":["gICAgICAgA=="]}`))
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	whole, err := os.ReadFile(filepath.Join(dir, "other.pack"))
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// However much is compared, the disk has so many comparisons; the one made last is among them, and the shelf may be
// emptied at any time.
func TestTheDiskHasSoManyComparisons(t *testing.T) {
	b := newBench(t, diff.Options{})
	b.dir = t.TempDir()
	b.restart(diff.Options{}, pack.Options{Bytes: 5 * 4096})
	for i := range 12 {
		b.compare(b.pair(files{"f": "0"}, files{"f": fmt.Sprint(i)}))
	}
	if n := len(b.written()); n != 5 {
		t.Errorf("%d are written", n)
	}
	p := b.pair(files{"f": "0"}, files{"f": "11"})
	for _, path := range b.written() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	b.compare(p)
	b.restart(diff.Options{}, pack.Options{})
	b.compare(p)
}

// A disk that takes nothing does not keep anybody from what changed.
func TestAFullDiskLosesNoComparison(t *testing.T) {
	b := newBench(t, diff.Options{})
	b.restart(diff.Options{}, pack.Options{Bytes: 10})
	if c := b.compare(b.varied()); len(c.Files) == 0 {
		t.Error("nothing was found")
	}
}

// What is too large to be kept in memory is not written down either: whoever reads it takes as much.
func TestWhatIsLargeIsNotWritten(t *testing.T) {
	b := newBench(t, diff.Options{Bytes: 200})
	b.compare(b.varied())
	if all, _ := filepath.Glob(filepath.Join(b.dir, "*")); len(all) > 0 {
		t.Errorf("%v are written", all)
	}
}

func TestManyCompareTheSameAtOnce(t *testing.T) {
	b := newBench(t, diff.Options{})
	p := b.varied()
	want := b.compare(p)
	path := b.written()[0]
	for _, harm := range []bool{false, true} {
		if harm {
			if err := os.WriteFile(path, []byte("harm"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b.restart(diff.Options{}, pack.Options{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				c, err := b.Compare(t.Context(), "somebody", p)
				if err != nil || !cmp.Equal(want, c, exact) {
					t.Errorf("harmed %t: another comparison, or %v", harm, err)
				}
			})
		}
		wg.Wait()
	}
}

// What is written down is read by later programs, so how it is written stands fast: whoever changes what follows raises
// format in written.go.
func TestHowComparisonsAreWritten(t *testing.T) {
	b := newBench(t, diff.Options{})
	b.compare(b.pair(files{"a": lines(1, 30), "was": "\x00"}, files{"a": strings.ReplaceAll(lines(0, 30), "line 2", "row"), "is": "\x00"}))
	name := strings.TrimSuffix(filepath.Base(b.written()[0]), ".pack")
	p, ok := newShelf(t, b.dir, pack.Options{}).Find(name)
	if !ok {
		t.Fatalf("no pack %s", name)
	}
	defer p.Close()
	f, _ := p.Find("comparison")
	text, err := p.Read(f, f.Size)
	if err != nil {
		t.Fatal(err)
	}
	const want = `1-{"Files":[{"Path":"a","Was":"","Change":"modified","Shape":"","Added":12,"Removed":11,"Before":231,"After":205},` +
		`{"Path":"is","Was":"was","Change":"renamed","Shape":"binary","Added":0,"Removed":0,"Before":1,"After":1}],` +
		`"Same":0,"Added":12,"Removed":11,"Edits":["AAABAQEBEQoK",null]}`
	if got := name[:2] + string(text); got != want {
		t.Errorf("%s", got)
	}
}

// Who compares gives his place to the next before what he found is written, however long that takes.
func TestNobodyWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, diff.Options{})
		shelf := newShelf(t, b.dir, pack.Options{})
		b.Diffs = diff.New(b.sources, shelf, diff.Options{})
		slow := make(chan struct{})
		block(t, shelf, slow)
		var pairs []diff.Pair
		for i := range 6 { // more than compare at a time
			p := b.pair(files{"f": "0"}, files{"f": fmt.Sprint("x", i)})
			pairs = append(pairs, p)
			go b.Compare(t.Context(), "somebody", p)
		}
		synctest.Wait()
		for i, p := range pairs {
			if _, ok := b.Kept(p); !ok {
				t.Errorf("pair %d waits for the disk", i)
			}
		}
		close(slow)
		synctest.Wait()
		for i, p := range pairs {
			if !b.Written(p) {
				t.Errorf("pair %d is not written", i)
			}
		}
	})
}

// block has the shelf make no other pack until the channel is closed.
func block(t *testing.T, shelf *pack.Shelf, until chan struct{}) {
	for range 2 {
		go func() {
			m, err := shelf.Make(t.Context(), func(context.Context, *pack.Writer) error { <-until; return nil })
			if err != nil {
				t.Error(err)
				return
			}
			m.Close()
		}()
	}
	synctest.Wait()
}
