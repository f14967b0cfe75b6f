package diff

import (
	"bytes"
	"unicode/utf8"
)

// A text is a file cut into lines. Each has its end, but for the last, which may have none.
type text struct {
	body []byte
	ends []int32 // of the lines
	ids  []int32 // of the lines; equal ones have equal ids
}

// isText reports whether a file is one that people read.
func isText(body []byte) bool { return utf8.Valid(body) && bytes.IndexByte(body, 0) < 0 }

func (t text) len() int { return len(t.ends) }

// line is the i-th line, with its end.
func (t text) line(i int32) []byte {
	from := int32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.body[from:t.ends[i]]
}

// names gives equal lines, or words, equal numbers.
type names struct {
	ids      map[string]int32
	squeezed bool // what differs in white space only is equal
	buffer   []byte
}

func newNames(squeezed bool) *names { return &names{ids: map[string]int32{}, squeezed: squeezed} }

func (n *names) of(what []byte) int32 {
	if n.squeezed {
		what = n.squeeze(what)
	}
	id, ok := n.ids[string(what)]
	if !ok {
		id = int32(len(n.ids)) //nolint:gosec // G115: texts are shorter by far
		n.ids[string(what)] = id
	}
	return id
}

// squeeze leaves all white space out.
func (n *names) squeeze(what []byte) []byte {
	n.buffer = n.buffer[:0]
	for _, b := range what {
		if b != ' ' && (b < '\t' || b > '\r') {
			n.buffer = append(n.buffer, b)
		}
	}
	return n.buffer
}

// cut cuts a file into lines.
func (n *names) cut(body []byte) text {
	lines := bytes.Count(body, []byte("\n")) + 1
	t := text{body: body, ends: make([]int32, 0, lines), ids: make([]int32, 0, lines)}
	for at := 0; at < len(body); {
		end := len(body)
		if i := bytes.IndexByte(body[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		t.ends, t.ids = append(t.ends, int32(end)), append(t.ids, n.of(body[at:end])) //nolint:gosec // G115: at most MaxText
		at = end
	}
	return t
}
