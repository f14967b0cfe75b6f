// Package setting holds what all nodes agree on: named values that an administrator changes while the
// registry runs, and that take effect everywhere at once.
//
// It knows names, values and who changed them; what a value means is known to the room that reads it,
// which also says what is a good one. What a node must know to start is not here but in its configuration.
package setting

import (
	"context"
	"slices"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Row is a value that was set.
type Row struct {
	Name  string    `json:"name"`
	Value string    `json:"value"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

var rows = store.NewTable("setting", func(r Row) string { return store.Path(r.Name) })

// Tables are the tables of this room.
var Tables = store.Schema{rows}

// A Definition is a setting that exists.
type Definition struct {
	Name    string
	Help    string             // one sentence
	Default string             // in force until it is set
	Check   func(string) error // what is wrong with a value, in words for whoever sets it
}

// Settings are all there are. It is safe for concurrent use.
type Settings struct {
	db   *store.DB
	defs []Definition
}

// New returns the settings that the definitions allow.
func New(db *store.DB, defs []Definition) *Settings { return &Settings{db: db, defs: defs} }

// Definitions lists the settings in the order of the manual.
func (s *Settings) Definitions() []Definition { return slices.Clone(s.defs) }

// Value returns the value in force, and the row that set it, which is zero for a default. The name must
// be a defined one.
func (s *Settings) Value(r store.Reader, name string) (string, Row) {
	if row, ok := rows.Get(r, store.Path(name)); ok {
		return row.Value, row
	}
	d, ok := s.definition(name)
	if !ok {
		panic("setting: " + name + " is not defined")
	}
	return d.Default, Row{}
}

func (s *Settings) definition(name string) (Definition, bool) {
	i := slices.IndexFunc(s.defs, func(d Definition) bool { return d.Name == name })
	if i < 0 {
		return Definition{}, false
	}
	return s.defs[i], true
}

// Set changes a value, on all nodes, at once. An unknown name is NotFound, a bad value Invalid.
func (s *Settings) Set(ctx context.Context, by audit.By, name, value string) error {
	d, ok := s.definition(name)
	if !ok {
		return fault.New(fault.NotFound, "no setting is called %q", name)
	}
	if err := d.Check(value); err != nil {
		return fault.Field(err.Error(), name)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		old, _ := s.Value(tx, name)
		rows.Put(tx, Row{Name: name, Value: value, By: by.Username, At: now})
		audit.RecordTx(tx, by, "setting.update", map[string]any{"name": name, "from": old, "to": value}, now)
		return nil
	})
}
