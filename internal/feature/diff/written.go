package diff

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"hexhub/internal/feature/diff/align"
	"hexhub/internal/kernel/pack"
)

// format is part of the name by which a comparison is written down. It rises whenever another one would be found between the
// same releases, or the lines of a file counted in another way, so that what was written before is found anew.
const format = 1

// member is where in its pack a comparison lies.
const member = "comparison"

// written is a comparison as it is written down.
type written struct {
	*Comparison
	Edits [][]byte // of each file; see appendEdits
}

// name is by what a comparison is written down, by whichever process of whichever day.
func (k key) name() string {
	name := fmt.Sprintf("%d-%s-%s", format, k.old, k.new)
	if k.space {
		name += "-space"
	}
	return name
}

// write has the shelf keep a comparison. What memory would not keep it is not asked to, for reading it takes memory, too.
func (d *Diffs) write(ctx context.Context, k key, c *Comparison) error {
	if c.size() > d.Bytes {
		return nil
	}
	m, err := d.shelf.Make(ctx, func(_ context.Context, w *pack.Writer) error {
		text, err := c.written()
		if err != nil {
			return err
		}
		return w.Add(member, bytes.NewReader(text))
	})
	if err != nil {
		return err
	}
	defer m.Close()
	return m.Keep(k.name())
}

// read returns what was written down, if it was. One that cannot be read is thrown away.
func (d *Diffs) read(k key) (*Comparison, bool) {
	p, ok := d.shelf.Find(k.name())
	if !ok {
		return nil, false
	}
	defer p.Close()
	c, err := readComparison(p)
	if err != nil {
		d.shelf.Drop(k.name())
		return nil, false
	}
	return c, true
}

func readComparison(p *pack.Pack) (*Comparison, error) {
	f, ok := p.Find(member)
	if !ok {
		return nil, errors.New("no comparison")
	}
	text, err := p.Read(f, f.Size)
	if err != nil {
		return nil, err
	}
	return parse(text)
}

func (c *Comparison) written() ([]byte, error) {
	w := written{c, make([][]byte, len(c.Files))}
	for i, f := range c.Files {
		w.Edits[i] = appendEdits(nil, f.edits)
	}
	return json.Marshal(w)
}

var errUnreadable = errors.New("comparison cannot be read")

func parse(text []byte) (*Comparison, error) {
	w := written{Comparison: &Comparison{}}
	if err := json.Unmarshal(text, &w); err != nil {
		return nil, err
	}
	if len(w.Edits) != len(w.Files) {
		return nil, errUnreadable
	}
	for i, text := range w.Edits {
		var err error
		if w.Files[i].edits, err = parseEdits(text); err != nil {
			return nil, err
		}
	}
	return w.Comparison, nil
}

// appendEdits appends three numbers for each edit: how many lines are the same before it, then how many it removes, and adds.
func appendEdits(to []byte, edits []align.Edit) []byte {
	var at align.Edit
	for _, e := range edits {
		for _, n := range [...]int32{e.From - at.FromEnd, e.FromEnd - e.From, e.ToEnd - e.To} {
			to = binary.AppendUvarint(to, uint64(n)) //nolint:gosec // G115: edits are in order
		}
		at = e
	}
	return to
}

func parseEdits(text []byte) (edits []align.Edit, err error) {
	var at align.Edit
	for r := bytes.NewReader(text); r.Len() > 0; edits = append(edits, at) {
		var n [3]int32
		for i := range n {
			v, err := binary.ReadUvarint(r)
			if err != nil || v > MaxText {
				return nil, errUnreadable
			}
			n[i] = int32(v) //nolint:gosec // G115: at most MaxText
		}
		at = align.Edit{From: at.FromEnd + n[0], FromEnd: at.FromEnd + n[0] + n[1], To: at.ToEnd + n[0], ToEnd: at.ToEnd + n[0] + n[2]}
		if max(at.FromEnd, at.ToEnd) > MaxText { // which no file has lines
			return nil, errUnreadable
		}
	}
	return edits, nil
}
