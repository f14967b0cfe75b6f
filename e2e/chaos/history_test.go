//go:build linux

package chaos

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A deed is what a client asks for: something of one object. Objects are judged one by one, which is
// sound, for an order that explains each explains all.
type deed struct {
	object string // "release decimal/1.0.0", "owners decimal", "key 7"
	verb   string
	what   string // what is published, marked with, or whom it is about
}

// An outcome is what a client is told. The zero value is nothing: the deed was done, or not, at any time
// after it was asked for.
type outcome struct {
	verdict string // done, refused, or seen
	seen    string // the state, if that was asked for
}

// The state of an object is a string. A release is its checksum, a space and its mark; owners are names
// with a comma behind each; a key is its state in one word. Nothing is the empty string.
const validKey, revokedKey = "valid", "revoked"

// next says what becomes of an object, and whether the outcome could be so.
func next(state string, d deed, o outcome) (possible bool, after string) {
	exists := state != ""
	sum, _, _ := strings.Cut(state, " ")
	var allowed bool // whether the deed is done rather than refused
	switch d.verb {
	case "look":
		return o.verdict == "" || o.seen == state, state
	case "publish":
		allowed, after = !exists, d.what+" "
	case "mark":
		allowed, after = exists, sum+" "+d.what
	case "own":
		allowed, after = true, addName(state, d.what)
	case "disown":
		without := strings.Replace(state, d.what+",", "", 1)
		allowed, after = without != state, without
	case "make":
		allowed, after = true, validKey
	case "use":
		allowed, after = state == validKey, state
	case "revoke":
		allowed, after = state == validKey, revokedKey
	}
	if !allowed {
		after = state
	}
	return o.verdict == "" || allowed == (o.verdict == "done"), after
}

func addName(names, name string) string {
	if strings.Contains(names, name+",") {
		return names
	}
	all := strings.Split(strings.TrimSuffix(names, ","), ",")
	if names == "" {
		all = nil
	}
	return joinNames(append(all, name))
}

// joinNames writes a set of owners as a state.
func joinNames(names []string) string {
	slices.Sort(names)
	var b strings.Builder
	for _, n := range names {
		b.WriteString(n + ",")
	}
	return b.String()
}

var model = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, in, out any) (bool, any) {
		possible, after := next(state.(string), in.(deed), out.(outcome))
		return possible, after
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v → %+v", in, out) },
	DescribeState:     func(state any) string { return fmt.Sprintf("%q", state) },
}

// A history is what clients did and were told, by object.
type history struct {
	start time.Time

	mu  sync.Mutex // guards the others
	ops map[string][]porcupine.Operation
}

func newHistory() *history {
	return &history{start: time.Now(), ops: map[string][]porcupine.Operation{}}
}

func (h *history) now() int64 { return int64(time.Since(h.start)) }

// add notes what began at a time and has ended now.
func (h *history) add(client int, d deed, began int64, o outcome) {
	op := porcupine.Operation{ClientId: client, Input: d, Call: began, Output: o, Return: h.now()}
	if o.verdict == "" {
		op.Return = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops[d.object] = append(h.ops[d.object], op)
}

// doubts is how many deeds to an object have an unknown outcome. Each may have happened at any later
// time, so with many of them an object is no longer worth judging, and clients leave it alone.
func (h *history) doubts(object string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, op := range h.ops[object] {
		if op.Output.(outcome).verdict == "" {
			n++
		}
	}
	return n
}

// check demands an order of all deeds to each object that explains what everybody was told. It leaves a
// picture of what it cannot explain in the folder.
func (h *history) check(t *testing.T, dir string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	deeds, undecided := 0, 0
	for i, object := range slices.Sorted(maps.Keys(h.ops)) {
		ops := h.ops[object]
		deeds += len(ops)
		verdict, info := porcupine.CheckOperationsVerbose(model, ops, 20*time.Second)
		switch verdict {
		case porcupine.Illegal:
			picture := fmt.Sprintf("%s/history-%d.html", dir, i)
			t.Errorf("no order of what was done to the %s explains what was told (see %s): %v", object, picture,
				porcupine.VisualizePath(model, info, picture))
		case porcupine.Unknown:
			undecided++
			t.Logf("what was done to the %s took too long to judge: %d deeds", object, len(ops))
		}
	}
	if undecided*100 > len(h.ops) {
		t.Errorf("%d of %d objects could not be judged", undecided, len(h.ops))
	}
	t.Logf("porcupine: %d deeds to %d objects have an order that explains them", deeds, len(h.ops))
}

// The model itself is judged, so that a slip in it cannot excuse everything.
func TestModel(t *testing.T) {
	for _, c := range []struct {
		state string
		d     deed
		o     outcome
		ok    bool
		after string
	}{
		{"", deed{verb: "publish", what: "a"}, outcome{verdict: "done"}, true, "a "},
		{"", deed{verb: "publish", what: "a"}, outcome{verdict: "refused"}, false, ""},
		{"a ", deed{verb: "publish", what: "b"}, outcome{verdict: "done"}, false, ""},
		{"a ", deed{verb: "publish", what: "b"}, outcome{verdict: "refused"}, true, "a "},
		{"a ", deed{verb: "publish", what: "b"}, outcome{}, true, "a "},
		{"", deed{verb: "publish", what: "b"}, outcome{}, true, "b "},
		{"a ", deed{verb: "mark", what: "bad"}, outcome{verdict: "done"}, true, "a bad"},
		{"a bad", deed{verb: "mark", what: ""}, outcome{verdict: "done"}, true, "a "},
		{"", deed{verb: "mark", what: "bad"}, outcome{verdict: "done"}, false, ""},
		{"a bad", deed{verb: "look"}, outcome{verdict: "seen", seen: "a "}, false, ""},
		{"a bad", deed{verb: "look"}, outcome{verdict: "seen", seen: "a bad"}, true, "a bad"},
		{"", deed{verb: "look"}, outcome{verdict: "seen"}, true, ""},
		{"", deed{verb: "own", what: "eva"}, outcome{verdict: "done"}, true, "eva,"},
		{"eva,", deed{verb: "own", what: "bob"}, outcome{verdict: "done"}, true, "bob,eva,"},
		{"eva,", deed{verb: "own", what: "eva"}, outcome{verdict: "done"}, true, "eva,"},
		{"bob,eva,", deed{verb: "disown", what: "bob"}, outcome{verdict: "done"}, true, "eva,"},
		{"eva,", deed{verb: "disown", what: "bob"}, outcome{verdict: "done"}, false, ""},
		{"eva,", deed{verb: "disown", what: "bob"}, outcome{verdict: "refused"}, true, "eva,"},
		{validKey, deed{verb: "use"}, outcome{verdict: "refused"}, false, ""},
		{revokedKey, deed{verb: "use"}, outcome{verdict: "done"}, false, ""},
		{validKey, deed{verb: "revoke"}, outcome{verdict: "done"}, true, revokedKey},
		{revokedKey, deed{verb: "revoke"}, outcome{verdict: "done"}, false, ""},
	} {
		ok, after := next(c.state, c.d, c.o)
		if ok != c.ok || ok && after != c.after {
			t.Errorf("%q, %+v, %+v: %t, %q; want %t, %q", c.state, c.d, c.o, ok, after, c.ok, c.after)
		}
	}
}
