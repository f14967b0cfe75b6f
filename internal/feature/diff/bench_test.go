package diff_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"hexhub/internal/feature/diff"
)

// code is a file of some 5 kB as one meets them, and the same with some of its lines changed.
func code(random *rand.Rand) (before, after string) {
	var a, b strings.Builder
	for i := range 100 {
		line := fmt.Sprintf("  def call_%d(conn, opts), do: step(conn, %d, opts)\n", i, random.IntN(1000))
		a.WriteString(line)
		switch random.IntN(12) {
		case 0:
			line = strings.Replace(line, "opts", "options", 1)
		case 1:
			line += "  # so that it is seen\n"
		}
		b.WriteString(line)
		a.WriteString("  end\n\n")
		b.WriteString("  end\n\n")
	}
	return a.String(), b.String()
}

// BenchmarkCompare compares two releases of 5 MB in a thousand files, all of which were changed: for the first time, and
// again. Unpacked they are. The worst is 100 files of lines that are alike.
func BenchmarkCompare(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 4))
	before, after := files{}, files{}
	for i := range 1000 {
		before[fmt.Sprintf("lib/%d.ex", i)], after[fmt.Sprintf("lib/%d.ex", i)] = code(random)
	}
	worst, other := files{}, files{}
	for i := range 100 {
		var x, y strings.Builder
		for range diff.MaxText / 2 {
			x.WriteByte("ab"[random.IntN(2)])
			y.WriteByte("ab"[random.IntN(2)])
			x.WriteByte('\n')
			y.WriteByte('\n')
		}
		worst[fmt.Sprint(i)], other[fmt.Sprint(i)] = x.String(), y.String()
	}
	for name, pair := range map[string][2]files{"usual": {before, after}, "worst": {worst, other}} {
		s := newBench(b, diff.Options{Bytes: 1}) // nothing is kept
		p := s.pair(pair[0], pair[1])
		c := s.compare(p)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.compare(p)
			}
			b.ReportMetric(float64(len(c.Files)), "files")
		})
		b.Run(name+"/rows", func(b *testing.B) {
			f := c.Files[0]
			for b.Loop() {
				if _, _, err := s.Rows(b.Context(), p, f, 0, 500); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	s := newBench(b, diff.Options{})
	p := s.pair(before, after)
	s.compare(p)
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			s.compare(p)
		}
	})
}
