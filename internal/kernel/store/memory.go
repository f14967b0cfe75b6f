package store

import (
	"fmt"
	"strings"

	"github.com/hashicorp/go-memdb"
)

// An entry is a row in RAM. It is immutable: a change makes a new one.
type entry struct {
	key      string
	revision Revision
	row      any    // a pointer to the row
	extra    extras // what this binary does not know of the row
}

// The store's own tables in RAM.
var (
	claimTable  = &declaration{name: claims, hot: true, decode: decodeClaim}
	fenceTable  = &declaration{name: fences, hot: true, decode: func([]byte) (any, extras, error) { return nil, nil, nil }}
	momentTable = &declaration{name: now, hot: true} // one entry: the revision that memory shows
)

const momentKey = "now"

func decodeClaim(value []byte) (any, extras, error) {
	key := string(value)
	return &key, nil, nil
}

// newMemory returns empty tables for the declarations.
func newMemory(tables []*declaration) (*memdb.MemDB, error) {
	schema := &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{}}
	for _, d := range append([]*declaration{claimTable, fenceTable, momentTable}, tables...) {
		if !d.hot {
			continue
		}
		if schema.Tables[d.name] != nil {
			return nil, fmt.Errorf("table %q is declared twice", d.name)
		}
		schema.Tables[d.name] = memorySchema(d)
	}
	mem, err := memdb.NewMemDB(schema)
	if err != nil {
		return nil, fmt.Errorf("lay out tables: %w", err)
	}
	return mem, nil
}

func memorySchema(d *declaration) *memdb.TableSchema {
	s := &memdb.TableSchema{Name: d.name, Indexes: map[string]*memdb.IndexSchema{
		"id": {Name: "id", Unique: true, Indexer: keyIndexer{}},
	}}
	for _, ix := range d.indices {
		if ix.kind != unique { // claims find those
			s.Indexes[ix.name] = &memdb.IndexSchema{Name: ix.name, AllowMissing: true, Indexer: valueIndexer{ix}}
		}
	}
	return s
}

// keyIndexer finds entries by key. Index bytes end in a zero so that no key is another's prefix.
type keyIndexer struct{}

func (keyIndexer) FromObject(raw any) (bool, []byte, error) {
	return true, terminated(raw.(*entry).key), nil
}

func (keyIndexer) FromArgs(args ...any) ([]byte, error) { return terminated(args[0].(string)), nil }

func (keyIndexer) PrefixFromArgs(args ...any) ([]byte, error) { return []byte(args[0].(string)), nil }

type valueIndexer struct{ ix *index }

func (v valueIndexer) FromObject(raw any) (bool, [][]byte, error) {
	values := v.ix.values(raw.(*entry).row)
	out := make([][]byte, len(values))
	for i, s := range values {
		out[i] = terminated(s)
	}
	return len(out) > 0, out, nil
}

func (v valueIndexer) FromArgs(args ...any) ([]byte, error) { return terminated(args[0].(string)), nil }

func terminated(s string) []byte {
	b := make([]byte, len(s)+1)
	copy(b, s)
	return b
}

// split takes a log key apart into table and path.
func split(logKey string) (table, path string) {
	table, path, _ = strings.Cut(logKey, "/")
	return table, path
}

func logKey(table, path string) string { return table + "/" + path }

// must panics on an error that only a wrong program can cause: a table or index that the DB was not
// opened with.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("store: %v; was its Schema passed to Open?", err))
	}
}
