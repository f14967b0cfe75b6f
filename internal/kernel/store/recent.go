package store

import "sync"

// recentKeys is how many changes of each table are remembered. They take some 30 KiB.
const recentKeys = 1000

// recent remembers which keys of the tables were changed last, so that what is derived from a whole table
// can be made anew from those alone.
type recent struct {
	mu     sync.Mutex // guards all below
	floor  Revision   // of the load: nothing up to here is remembered
	tables map[string]*changes
}

// changes are those of one table, oldest first.
type changes struct {
	all   []touch
	floor Revision // of the last that was forgotten
}

type touch struct {
	revision Revision
	path     string
}

// reset forgets all up to the revision.
func (r *recent) reset(at Revision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.floor, r.tables = at, map[string]*changes{}
}

// note remembers what a transaction of the tables is about to do to the table.
func (r *recent) note(table string, made []touch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.tables[table]
	if c == nil {
		c = new(changes)
		r.tables[table] = c
	}
	c.all = append(c.all, made...)
	if extra := len(c.all) - recentKeys; extra > recentKeys {
		c.floor = c.all[extra-1].revision
		c.all = append(make([]touch, 0, 2*recentKeys), c.all[extra:]...)
	}
}

// between returns the keys of the table that changed after one revision and up to another.
func (r *recent) between(table string, after, through Revision) ([]string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.tables[table]
	if c == nil {
		return nil, after >= r.floor
	}
	if after < max(r.floor, c.floor) {
		return nil, false
	}
	first := len(c.all)
	for first > 0 && c.all[first-1].revision > after {
		first--
	}
	var keys []string
	for _, t := range c.all[first:] {
		if t.revision <= through {
			keys = append(keys, t.path)
		}
	}
	return keys, true
}

// Changed returns the keys of the rows that were put or deleted after the revision and up to the moment of
// the View, oldest first, some perhaps twice. It returns false when that reaches further back than the last
// thousand changes, or than the tables' last loading. The View does not remember that it was asked; it may
// be closed.
func (t *Table[T]) Changed(v *View, after Revision) ([]string, bool) {
	return v.db.recent.between(t.d.name, after, v.Revision())
}
