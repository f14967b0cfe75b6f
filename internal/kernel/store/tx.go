package store

import (
	"fmt"
	"maps"
	"slices"

	"hexhub/internal/kernel/fault"
)

// A Tx is a moment with changes being made to it. Reads see the Tx's own writes. What was read is
// guarded: the changes are committed only if it is still so. A Tx belongs to the goroutine that
// Update calls, and ends with it.
type Tx struct {
	moment
	base   Revision
	guards map[string]Revision
	ops    map[string]Op
	err    error
}

func (db *DB) begin() *Tx {
	// A snapshot has a writer of its own: the overlay is never seen by anybody else.
	mem := db.shown.Load().mem.Snapshot().Txn(true)
	tx := &Tx{moment: moment{db: db, mem: mem}, guards: map[string]Revision{}, ops: map[string]Op{}}
	tx.own = tx
	tx.base = tx.revision()
	return tx
}

// guard notes what a read saw, unless the key's fate is already in this Tx's hands.
func (tx *Tx) guard(key string, e *entry) {
	if _, noted := tx.guards[key]; noted {
		return
	}
	var rev Revision
	if e != nil {
		rev = e.revision
	}
	tx.guards[key] = rev
}

func (tx *Tx) fail(err error) {
	if tx.err == nil {
		tx.err = err
	}
}

// A TakenError says that a Put would give a value of a unique index to a second row.
type TakenError struct{ Table, Index, Value string }

// Error implements error.
func (e *TakenError) Error() string {
	return fmt.Sprintf("%s of a %s is already taken", e.Index, e.Table)
}

// Unwrap makes it a Conflict.
func (e *TakenError) Unwrap() error {
	return fault.New(fault.Conflict, "%s has already been taken", e.Index)
}

func (tx *Tx) put(d *declaration, key string, row any) {
	old := tx.get(d, key)
	e := &entry{key: key, row: row}
	if old != nil {
		e.extra = old.extra
	}
	value, err := d.encode(row, e.extra)
	if err != nil {
		tx.fail(fmt.Errorf("encode row %s/%s: %w", d.name, key, err))
		return
	}
	tx.reindex(d, key, old, e)
	must(tx.mem.Insert(d.name, e))
	tx.write(logKey(d.name, key), value)
}

func (tx *Tx) remove(d *declaration, key string) bool {
	old := tx.get(d, key)
	if old == nil {
		return false
	}
	tx.reindex(d, key, old, nil)
	must(tx.mem.Delete(d.name, old))
	tx.erase(logKey(d.name, key))
	return true
}

// reindex moves claims and touches fences as a row changes from old to new, either of which may be nil.
func (tx *Tx) reindex(d *declaration, key string, old, now *entry) {
	for _, ix := range d.indices {
		if ix.kind == plain {
			continue
		}
		before, after := valuesOf(ix, old), valuesOf(ix, now)
		if ix.kind == fenced {
			for _, v := range slices.Concat(before, after) {
				tx.write(logKey(fences, ix.id(v)), nil)
			}
			continue
		}
		for _, v := range before {
			if !slices.Contains(after, v) {
				tx.release(ix.id(v))
			}
		}
		for _, v := range after {
			tx.claim(ix, v, key)
		}
	}
}

func valuesOf(ix *index, e *entry) []string {
	if e == nil {
		return nil
	}
	return ix.values(e.row)
}

func (tx *Tx) claim(ix *index, value, key string) {
	id := ix.id(value)
	if owner := tx.get(claimTable, id); owner != nil {
		if *owner.row.(*string) != key {
			tx.fail(&TakenError{Table: ix.table, Index: ix.name, Value: value})
		}
		return
	}
	must(tx.mem.Insert(claims, &entry{key: id, row: &key}))
	tx.write(logKey(claims, id), []byte(key))
}

func (tx *Tx) release(id string) {
	if owner := tx.get(claimTable, id); owner != nil {
		must(tx.mem.Delete(claims, owner))
		tx.erase(logKey(claims, id))
	}
}

func (tx *Tx) write(key string, value []byte) { tx.ops[key] = Op{Key: key, Value: value} }

// erase deletes key; a key that only this Tx made was never there.
func (tx *Tx) erase(key string) {
	if rev, guarded := tx.guards[key]; guarded && rev == 0 {
		delete(tx.ops, key)
		return
	}
	tx.ops[key] = Op{Key: key, Delete: true}
}

// txn returns what the log is asked to commit, in key order.
func (tx *Tx) txn() Txn {
	var t Txn
	for _, k := range slices.Sorted(maps.Keys(tx.guards)) {
		t.Guards = append(t.Guards, Guard{Key: k, Revision: tx.guards[k]})
	}
	for _, k := range slices.Sorted(maps.Keys(tx.ops)) {
		t.Ops = append(t.Ops, tx.ops[k])
	}
	return t
}
