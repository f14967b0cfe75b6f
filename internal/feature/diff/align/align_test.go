package align_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hexhub/internal/feature/diff/align"
)

const plenty = 1 << 30

// numbers are the letters of a text.
func numbers(text string) []int32 {
	all := make([]int32, len(text))
	for i := range text {
		all[i] = int32(text[i])
	}
	return all
}

// apply makes to out of from by the edits, and reports where they contradict the sequences.
func apply(from, to []int32, edits []align.Edit) ([]int32, error) {
	var made []int32
	at, in := int32(0), int32(0)
	for i, e := range edits {
		if e.From < at || e.To < in || e.FromEnd < e.From || e.ToEnd < e.To || e.From-at != e.To-in {
			return nil, fmt.Errorf("edit %d of %v does not follow the one before", i, edits)
		}
		if i > 0 && e.From == at && e.To == in {
			return nil, fmt.Errorf("edit %d of %v is one with the one before", i, edits)
		}
		made = append(append(made, from[at:e.From]...), to[e.To:e.ToEnd]...)
		at, in = e.FromEnd, e.ToEnd
	}
	return append(made, from[at:]...), nil
}

func size(edits []align.Edit) (n int) {
	for _, e := range edits {
		n += int(e.FromEnd - e.From + e.ToEnd - e.To)
	}
	return n
}

func check(from, to []int32, work int) error {
	edits := align.Edits(from, to, 256, &align.Work{Left: work})
	made, err := apply(from, to, edits)
	if err == nil && fmt.Sprint(made) != fmt.Sprint(to) {
		err = fmt.Errorf("%v make %v of %v, want %v", edits, made, from, to)
	}
	return err
}

// What is found makes the one sequence out of the other, however little work may be done for it.
func TestEditsMakeTheOtherSequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SliceOfN(rapid.Int32Range(0, rapid.Int32Range(0, 60).Draw(t, "letters")), 0, 80)
		if err := check(letters.Draw(t, "from"), letters.Draw(t, "to"), rapid.SampledFrom([]int{0, 10, 100, plenty}).Draw(t, "work")); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzEdits(f *testing.F) {
	f.Add("abcabba", "cbabac", plenty)
	f.Fuzz(func(t *testing.T, from, to string, work int) {
		if err := check(numbers(from), numbers(to), work); err != nil {
			t.Fatal(err)
		}
	})
}

// Where nothing occurs once the changes are as few as can be.
func TestChangesAreFew(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"", "", 0},
		{"abc", "abc", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"aabbaabb", "aabbbaabb", 1},
		{"abababab", "bababa", 2},
		{"aabbccaabbcc", "aabbaabbcc", 2},
		{"aab", "bba", 4},
	} {
		if got := size(align.Edits(numbers(c.from), numbers(c.to), 256, &align.Work{Left: plenty})); got != c.want {
			t.Errorf("%q to %q: %d changes, want %d", c.from, c.to, got, c.want)
		}
	}
}

// What occurs once stands fast, so that what was moved around it is seen as moved.
func TestWhatOccursOnceStandsFast(t *testing.T) {
	edits := align.Edits(numbers("x..y..z"), numbers("x..n..y..z"), 256, &align.Work{Left: plenty})
	if fmt.Sprint(edits) != "[{3 3 3 6}]" {
		t.Errorf("edits = %v", edits)
	}
}

// D10: what would be dear is said to be replaced, within the work that was allowed.
func TestD10WorkIsBounded(t *testing.T) {
	for name, pair := range map[string][2]string{
		"nothing in common":    {strings.Repeat("ab", 200_000), strings.Repeat("cd", 200_000)},
		"nothing occurs once":  {strings.Repeat("ab", 200_000), strings.Repeat("abb", 200_000)},
		"everything backwards": {strings.Repeat("abc", 200_000), strings.Repeat("cba", 200_000)},
	} {
		w := &align.Work{Left: plenty}
		edits := align.Edits(numbers(pair[0]), numbers(pair[1]), 256, w)
		if done := plenty - w.Left; done > 50_000_000 {
			t.Errorf("%s: %d steps", name, done)
		}
		if _, err := apply(numbers(pair[0]), numbers(pair[1]), edits); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// D10: parts that are divided again and again, each time by one element that occurs once in it, end.
func TestD10DivisionsEnd(t *testing.T) {
	var from, to []int32
	for i := range int32(20_000) {
		from, to = append(from, i, 20_000+i/2), append(to, 20_000+i/2, i)
	}
	w := &align.Work{Left: plenty}
	edits := align.Edits(from, to, 40_000, w)
	if _, err := apply(from, to, edits); err != nil {
		t.Error(err)
	}
	if done := plenty - w.Left; done > 40*40_000*12 {
		t.Errorf("%d steps", done)
	}
}
