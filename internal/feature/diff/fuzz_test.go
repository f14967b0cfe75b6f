package diff_test

import (
	"bytes"
	"testing"

	"hexhub/internal/feature/diff"
)

// FuzzRows: the rows of a file that was changed tell of each line of both sides once.
func FuzzRows(f *testing.F) {
	f.Add([]byte("a\nb\nc\n"), []byte("a\nB\nc"), false)
	f.Add([]byte("\r\n\r\n\n"), []byte(" \xc3\x28\n"), true)
	f.Add([]byte("a b\n"), []byte("a  b\n"), true)
	b := newBench(f, diff.Options{})
	f.Fuzz(func(t *testing.T, before, after []byte, squeezed bool) {
		b := &bench{TB: t, Diffs: b.Diffs, blobs: b.blobs}
		p := b.pair(files{"same": "x", "a": string(before)}, files{"same": "x", "a": string(after)})
		p.IgnoreSpace = squeezed
		c, err := b.Compare(t.Context(), "somebody", p)
		if err != nil {
			t.Fatal(err)
		}
		file, differs := c.Find("a")
		if differs == bytes.Equal(before, after) || c.Same+len(c.Files) != 2 {
			t.Fatalf("said to differ %v, %d files the same", differs, c.Same)
		}
		rows, all, err := b.Rows(t.Context(), p, file, 0, 1<<20)
		if err != nil || all != len(rows) {
			t.Fatalf("%d rows of %d, %v", len(rows), all, err)
		}
		if file.Edited() {
			checkRows(t, rows, file, lineCount(before), lineCount(after))
		}
	})
}

func checkRows(t *testing.T, rows []diff.Row, f diff.File, before, after int) {
	t.Helper()
	var kept, added, removed int
	for _, r := range rows {
		switch r.Sign {
		case diff.Plus:
			added++
		case diff.Minus:
			removed++
		case diff.Kept:
			kept++
		case diff.Skipped:
			kept += r.Count
		}
	}
	if added != f.Added || removed != f.Removed || kept+removed != before || kept+added != after {
		t.Errorf("%d lines kept, %d added of %d, %d removed of %d; the sides have %d and %d", kept, added, f.Added, removed, f.Removed, before, after)
	}
}

// lineCount counts the lines of a text, the last of which may have no end.
func lineCount(text []byte) int {
	n := bytes.Count(text, []byte("\n"))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n
}
