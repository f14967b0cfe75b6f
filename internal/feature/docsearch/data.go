package docsearch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// How much of a file of search data is read, and at once: an item, or anything else that is in the object.
const (
	mostData = 48 << 20
	mostItem = 4 << 20
)

// isData reports whether a file of an archive is search data, as ExDoc or Gleam writes it.
func isData(file string) bool {
	base := path.Base(file)
	return strings.HasPrefix(base, "search_data-") && strings.HasSuffix(base, ".js") || base == "search_data.json" || base == "search-data.json"
}

// rootOf is the folder that the references in a file of search data start from, with a slash behind it, or nothing.
func rootOf(file string) string {
	dir := path.Dir(file)
	if path.Base(dir) == "dist" {
		dir = path.Dir(dir)
	}
	if dir == "." {
		return ""
	}
	return dir + "/"
}

// What ExDoc writes before the document.
var assignment = []byte("searchData=")

// readData takes in the items of search data: a JSON object with a list of them, perhaps behind an assignment. What
// else is in the object is passed over. The file of a stranger is never run.
func (c *collection) readData(root string, r io.Reader) error {
	b := bufio.NewReader(io.LimitReader(r, mostData))
	if head, err := b.Peek(len(assignment)); err == nil && bytes.Equal(head, assignment) {
		_, _ = b.Discard(len(assignment)) // they were seen
	}
	d := newDecoder(b)
	if err := expect(d, '{'); err != nil {
		return err
	}
	for d.more() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("read search data: %w", err)
		}
		if key == "items" {
			err = c.readItems(root, d)
		} else {
			err = d.Decode(&json.RawMessage{})
		}
		if err != nil {
			return fmt.Errorf("read search data: %w", err)
		}
		if c.full() {
			return nil
		}
	}
	return expect(d, '}')
}

var errShape = errors.New("search data is no object with a list of items")

func expect(d *decoder, want json.Delim) error {
	if got, err := d.Token(); err != nil {
		return fmt.Errorf("read search data: %w", err)
	} else if got != want {
		return errShape
	}
	return nil
}

// readItems takes in a list, one item after the other, so that only one of them is in memory as it was written.
func (c *collection) readItems(root string, d *decoder) error {
	if err := expect(d, '['); err != nil {
		return err
	}
	for d.more() {
		var i struct {
			Type, Ref, Title, Doc string
			Parent                string `json:"parentTitle"`
		}
		if err := d.Decode(&i); err != nil {
			return err
		}
		if i.Parent != "" && i.Parent != i.Title {
			i.Title = i.Parent + "." + i.Title // Gleam's, which are of a module
		}
		if i.Parent == "" {
			c.count(Item{Type: i.Type, Title: i.Title, Text: i.Doc})
		}
		c.add(Item{Type: i.Type, Ref: root + i.Ref, Title: i.Title, Text: i.Doc})
		if c.full() {
			return nil
		}
	}
	return expect(d, ']')
}

// A decoder reads JSON of which no part is longer than mostItem, for it holds each whole.
type decoder struct {
	*json.Decoder
	from *bounded
}

func newDecoder(r io.Reader) *decoder {
	from := &bounded{r, mostItem}
	return &decoder{json.NewDecoder(from), from}
}

// more is More, and allows for another part.
func (d *decoder) more() bool {
	d.from.left = mostItem
	return d.More()
}

var errLong = errors.New("a part of the search data is too long")

// A bounded reader gives no more bytes than are left, and fails then.
type bounded struct {
	from io.Reader
	left int
}

func (b *bounded) Read(to []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLong
	}
	n, err := b.from.Read(to[:min(len(to), b.left)])
	b.left -= n
	return n, err
}
