package store

import (
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/go-memdb"
)

// A Schema lists the tables that a feature declares. DB takes the schemas of all features.
type Schema []Declared

// Names lists the tables.
func (s Schema) Names() []string {
	out := make([]string, len(s))
	for i, t := range s {
		out[i] = t.declared().name
	}
	return out
}

// Declared is a *Table or a *Cold of any row type.
type Declared interface{ declared() *declaration }

// declaration is what the store knows of a table without knowing its row type.
type declaration struct {
	name    string
	hot     bool
	indices []*index
	decode  func(value []byte) (any, extras, error) // to a pointer to a row
	many    func([]Record) ([]any, []extras, error) // the same for many; nil if one by one will do
	encode  func(row any, x extras) ([]byte, error)
}

// How an index keeps its values.
type indexKind int

const (
	plain  indexKind = iota // in RAM, for Views
	unique                  // each value is also a key of the log, so that it has one owner
	fenced                  // each value has a fence in the log, so that a Tx may scan it
)

type index struct {
	table  string
	name   string
	kind   indexKind
	values func(row any) []string
}

// id names a value of a unique or fenced index within the log.
func (ix *index) id(value string) string { return ix.table + "." + ix.name + "/" + value }

// A Table holds rows of one type, in RAM on every node. Declare it as a package variable; it is
// immutable once a DB has been opened with it. Rows returned share their maps, slices and pointers
// with all readers: clone before you change one.
type Table[T any] struct {
	d   declaration
	key func(T) string
}

// NewTable declares a hot table. Its name is its first path segment in the log, so it never changes;
// key gives a row's path below it, built with Path where any part is a stranger's text.
func NewTable[T any](name string, key func(T) string) *Table[T] {
	t := &Table[T]{key: key}
	t.d = declaration{name: checkName(name), hot: true, decode: decodeRow[T], many: decodeRows[T], encode: encodeRow}
	return t
}

func (t *Table[T]) declared() *declaration { return &t.d }

// reserved are the first path segments that the store itself uses.
const (
	claims = "claim"  // claim/TABLE.INDEX/VALUE → key of the row that owns the value
	fences = "fence"  // fence/TABLE.INDEX/VALUE → empty; only its revision matters
	now    = "moment" // in RAM only: the revision that the tables show
)

func checkName(name string) string {
	if name == "" || slices.Contains([]string{claims, fences, now}, name) || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "" {
		panic(fmt.Sprintf("store: %q cannot name a table: use lower-case letters and dashes, and none of the store's own names", name))
	}
	return name
}

// Path joins parts into a key, escaping what is not plain in them, so that no part can reach into
// another's path.
func Path(parts ...string) string {
	for _, p := range parts {
		if strings.ContainsFunc(p, unplain) {
			escaped := make([]string, len(parts))
			for i, p := range parts {
				escaped[i] = url.PathEscape(p)
			}
			return strings.Join(escaped, "/")
		}
	}
	return strings.Join(parts, "/")
}

func unplain(r rune) bool { return r <= ' ' || r >= 0x7f || r == '/' || r == '%' }

// Name returns the table's name.
func (t *Table[T]) Name() string { return t.d.name }

// Key returns the key under which the table keeps row.
func (t *Table[T]) Key(row T) string { return t.key(row) }

// Get returns the row with the key. Within a Tx it is guarded: the commit demands that it is still so.
func (t *Table[T]) Get(r Reader, key string) (T, bool) {
	if e := r.at().get(&t.d, key); e != nil {
		return *e.row.(*T), true
	}
	var none T
	return none, false
}

// Put writes the row, in place of one with the same key. A value that another row of the table owns
// in a unique index makes the Update fail with a *TakenError.
func (t *Table[T]) Put(tx *Tx, row T) { tx.put(&t.d, t.key(row), &row) }

// Delete removes the row with the key and reports whether there was one.
func (t *Table[T]) Delete(tx *Tx, key string) bool { return tx.remove(&t.d, key) }

// All yields every row in key order.
func (t *Table[T]) All(v *View) iter.Seq[T] { return t.Prefix(v, "") }

// Prefix yields the rows whose key starts with prefix, in key order.
func (t *Table[T]) Prefix(v *View, prefix string) iter.Seq[T] {
	return func(yield func(T) bool) {
		yieldRows(v.scan(&t.d, "id_prefix", prefix), yield)
	}
}

// From yields the rows whose key is not below the given one, in key order. The View does not
// remember what it saw here: it is for paging, not for deriving.
func (t *Table[T]) From(v *View, key string) iter.Seq[T] {
	return func(yield func(T) bool) {
		yieldRows(v.lowerBound(&t.d, "id", key), yield)
	}
}

// Index declares an index whose values are computed from a row; a row may have none or several.
// It can be read through Views.
func (t *Table[T]) Index(name string, values func(T) []string) *Index[T] {
	return &Index[T]{t: t, ix: t.addIndex(name, plain, values)}
}

// Unique declares an index in which each value belongs to at most one row, on all nodes.
func (t *Table[T]) Unique(name string, values func(T) []string) *Unique[T] {
	return &Unique[T]{t: t, ix: t.addIndex(name, unique, values)}
}

// Group declares an index that may be scanned within a Tx too: whoever writes a row touches the
// fence of each of its groups, and whoever scans a group demands that its fence has not moved.
func (t *Table[T]) Group(name string, values func(T) []string) *Group[T] {
	return &Group[T]{Index[T]{t: t, ix: t.addIndex(name, fenced, values)}}
}

func (t *Table[T]) addIndex(name string, kind indexKind, values func(T) []string) *index {
	ix := &index{
		table: t.d.name, name: checkName(name), kind: kind,
		values: func(row any) []string { return values(*row.(*T)) },
	}
	t.d.indices = append(t.d.indices, ix)
	return ix
}

// An Index finds rows by a computed value.
type Index[T any] struct {
	t  *Table[T]
	ix *index
}

// Each yields the rows that have the value, in key order.
func (ix *Index[T]) Each(v *View, value string) iter.Seq[T] {
	return func(yield func(T) bool) {
		yieldRows(v.scan(&ix.t.d, ix.ix.name, value), yield)
	}
}

// Ascend yields the rows by index value, then key, from the given value on. A row with several values
// comes several times. Like From, it is for paging: the View does not remember it.
func (ix *Index[T]) Ascend(v *View, from string) iter.Seq[T] {
	return func(yield func(T) bool) {
		yieldRows(v.lowerBound(&ix.t.d, ix.ix.name, from), yield)
	}
}

// A Unique finds the one row that owns a value.
type Unique[T any] struct {
	t  *Table[T]
	ix *index
}

// Get returns the row that owns the value. Within a Tx both its presence and its absence are guarded.
func (u *Unique[T]) Get(r Reader, value string) (T, bool) {
	if owner := r.at().get(claimTable, u.ix.id(value)); owner != nil {
		return u.t.Get(r, *owner.row.(*string))
	}
	var none T
	return none, false
}

// A Group is an Index that a Tx may scan.
type Group[T any] struct{ Index[T] }

// In yields the rows that have the value, in key order. Within a Tx the whole set is guarded: the
// commit demands that no row joined, changed or left the group.
func (g *Group[T]) In(r Reader, value string) iter.Seq[T] {
	return func(yield func(T) bool) {
		m := r.at()
		m.guardFence(g.ix.id(value))
		yieldRows(m.scan(&g.t.d, g.ix.name, value), yield)
	}
}

func yieldRows[T any](it memdb.ResultIterator, yield func(T) bool) {
	for raw := it.Next(); raw != nil; raw = it.Next() {
		if !yield(*raw.(*entry).row.(*T)) {
			return
		}
	}
}
