package tarball

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// bomb makes a package of one file that repeats a pattern up to n bytes.
func bomb(t *testing.T, n int, pattern string) []byte {
	t.Helper()
	return parcel{contents: new(string(swollen(t, n, pattern)))}.bytes()
}

// swollen makes the compressed archive of such a file. The pattern is compressed only once, since
// deflate blocks may be strung together.
func swollen(t *testing.T, n int, pattern string) []byte {
	t.Helper()
	head := entry{name: "mix.exs", size: octalSize(n)}.bytes()
	sum := crc32.NewIEEE()
	sum.Write(head)
	packed := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	packed = append(packed, deflated(t, head, false)...)
	chunk := deflated(t, []byte(pattern), false)
	for range n / len(pattern) {
		packed = append(packed, chunk...)
		io.WriteString(sum, pattern)
	}
	sum.Write(eof)
	packed = append(packed, deflated(t, eof, true)...)
	packed = binary.LittleEndian.AppendUint32(packed, sum.Sum32())
	return binary.LittleEndian.AppendUint32(packed, uint32(len(head)+n+len(eof)))
}

func deflated(t *testing.T, data []byte, last bool) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(data)
	z.Flush()
	if last {
		z.Close()
	}
	return b.Bytes()
}

func octalSize(n int) string {
	s := []byte("00000000000")
	for i := len(s) - 1; n > 0; i, n = i-1, n/8 {
		s[i] = '0' + byte(n%8)
	}
	return string(s)
}

// A bomb is defused while it streams: it costs little memory, however large it would get.
func TestBombsCostLittle(t *testing.T) {
	mixed := incompressible(30<<10) + strings.Repeat("\x00", 994<<10)
	for name, b := range map[string][]byte{
		"T30 300 MiB of zeros":          bomb(t, 300<<20, strings.Repeat("\x00", 1<<20)),
		"T30 300 MiB at a decent ratio": bomb(t, 300<<20, mixed),
		"T31 17 MiB of zeros":           bomb(t, 17<<20, strings.Repeat("\x00", 1<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			peak, total, err := cost(func() error {
				_, err := Open(bytes.NewReader(b), int64(len(b)))
				return err
			})
			if e, ok := errors.AsType[*Error](err); !ok || e.Code != TooBig {
				t.Fatalf("err = %v, want %s", err, TooBig)
			}
			if peak > 32<<20 || total > 32<<20 {
				t.Errorf("heap grew by %d bytes, %d were allocated in all; want less than 32 MiB", peak, total)
			}
		})
	}
}

// cost runs f and reports by how much the heap grew at most, and how much was allocated.
func cost(f func() error) (peak, total uint64, err error) {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan error)
	go func() { done <- f() }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err = <-done:
			runtime.ReadMemStats(&now)
			return peak, now.TotalAlloc - before.TotalAlloc, err
		case <-tick.C:
			runtime.ReadMemStats(&now)
			if now.HeapAlloc > before.HeapAlloc {
				peak = max(peak, now.HeapAlloc-before.HeapAlloc)
			}
		}
	}
}

// A package of the greatest size is read, and in little memory too.
func TestGreatestPackageIsRead(t *testing.T) {
	b := bomb(t, MaxUnpacked-1<<20, incompressible(60<<10)+strings.Repeat("\x00", 964<<10))
	peak, _, err := cost(func() error {
		_, err := Open(bytes.NewReader(b), int64(len(b)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if peak > 32<<20 {
		t.Errorf("heap grew by %d bytes, want less than 32 MiB", peak)
	}
}

// Paths are what a tarball can make us keep, so they are bounded as well: 4 MiB of them,
// with the maps and copies they need, must do.
func TestPathsCostLittle(t *testing.T) {
	var inner bytes.Buffer
	for i := range 1200 {
		name := strings.Repeat(strings.Repeat("E", 200)+"/", 18) + octalSize(i)
		inner.Write(entry{name: "L", kind: 'L', body: name}.bytes())
		inner.Write(entry{name: "x"}.bytes())
	}
	inner.Write(eof)
	p := parcel{contents: new(string(gzipped(inner.Bytes())))}
	inner = bytes.Buffer{}
	b := p.bytes()
	peak, _, err := cost(func() error {
		_, err := Open(bytes.NewReader(b), int64(len(b)))
		return err
	})
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != TooMany {
		t.Fatalf("err = %v, want %s", err, TooMany)
	}
	if peak > 32<<20 {
		t.Errorf("heap grew by %d bytes, want less than 32 MiB", peak)
	}
}

// T41: one file of a million lines is no reason for refusal, and none for memory: nothing here looks at
// a file as a whole. Whoever shows files to people caps what is shown.
func TestT41AMillionLinesCostNothing(t *testing.T) {
	lines := incompressible(20<<10) + strings.Repeat("x\n", 500<<10)
	b := bomb(t, 2*len(lines), lines)
	peak, _, err := cost(func() error {
		_, err := Open(bytes.NewReader(b), int64(len(b)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if peak > 8<<20 {
		t.Errorf("heap grew by %d bytes, want less than 8 MiB", peak)
	}
}

// Documentation that would get too large is given up while it streams, as packages are.
func TestT30DocsBombsCostLittle(t *testing.T) {
	mixed := incompressible(30<<10) + strings.Repeat("\x00", 994<<10)
	for name, pattern := range map[string]string{"zeros": strings.Repeat("\x00", 1<<20), "a decent ratio": mixed} {
		b := swollen(t, 300<<20, pattern)
		peak, total, err := cost(func() error {
			_, err := openDocs(b)
			return err
		})
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != TooBig {
			t.Errorf("T30 %s: err = %v, want %s", name, err, TooBig)
		}
		if peak > 32<<20 || total > 32<<20 {
			t.Errorf("T30 %s: heap grew by %d bytes, %d were allocated in all; want less than 32 MiB", name, peak, total)
		}
	}
}
