package scrub

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// Bucket is the name of the store that all nodes share. Every other name is the id of the node whose disk it is.
const Bucket = "bucket"

// A State is what is known of one store: a row.
type State struct {
	Store   string    `json:"store"`             // its name
	Node    string    `json:"node,omitempty"`    // what people call the node; empty for the bucket
	Since   time.Time `json:"since"`             // when the store was first seen
	Asked   bool      `json:"asked,omitempty"`   // a round is to begin at once
	Now     *Round    `json:"now,omitempty"`     // under way, or interrupted
	Last    *Round    `json:"last,omitempty"`    // the last that read everything
	Lost    []Loss    `json:"lost,omitempty"`    // maxLost at the most
	Problem string    `json:"problem,omitempty"` // why the round does not get on; empty when it does
}

// A Round is one reading of a whole store.
type Round struct {
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`
	After   blob.Hash `json:"after,omitzero"` // the last that was read, for they are read in order
	Read    int       `json:"read"`           // blobs
	Bytes   int64     `json:"bytes"`
	Corrupt int       `json:"corrupt,omitempty"`
	Healed  int       `json:"healed,omitempty"`  // of the corrupt ones
	Missing int       `json:"missing,omitempty"` // should have been there, and are nowhere else
	Unread  int       `json:"unread,omitempty"`  // neither right nor wrong: reading them failed
}

// A Loss is a blob of which no good copy was found.
type Loss struct {
	Blob  blob.Hash `json:"blob"`
	What  string    `json:"what,omitempty"` // is in it, for people
	Why   string    `json:"why"`            // corrupt or missing
	Since time.Time `json:"since"`          // when that was found out
}

// maxLost is how many losses a row names. Who has lost more has another row of worries, and a row has its bounds.
const maxLost = 200

const all = "all"

var (
	states  = store.NewTable("scrub", func(s State) string { return store.Path(s.Store) })
	inGroup = states.Group("all", func(State) []string { return []string{all} })
)

// Tables are the tables of this package.
var Tables = store.Schema{states}

// States lists what is known of all stores, in the order of their names.
func States(v *store.View) []State { return slices.Collect(states.All(v)) }

// Now asks all stores to begin a round at once, those that are in the midst of one as well, and returns how many
// they are. The loops that run see it in their rows; that of a node which is down does when it is back.
func Now(ctx context.Context, db *store.DB) (stores int, err error) {
	err = db.Update(ctx, func(tx *store.Tx) error {
		stores = 0
		for _, s := range slices.Collect(inGroup.In(tx, all)) {
			stores++
			if !s.Asked {
				s.Asked = true
				states.Put(tx, s)
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("ask for a scrub: %w", err)
	}
	return stores, nil
}

// Forget drops what is known of the disk of a node that is no more.
func Forget(tx *store.Tx, node string) { states.Delete(tx, store.Path(node)) }

// enter makes the row of a store, and drops those it replaces: blobs lie in the bucket or on the disks of the nodes.
func enter(ctx context.Context, db *store.DB, name, node string) error {
	at := time.Now().UTC()
	err := db.Update(ctx, func(tx *store.Tx) error {
		for _, s := range slices.Collect(inGroup.In(tx, all)) {
			if (s.Store == Bucket) != (name == Bucket) {
				states.Delete(tx, states.Key(s))
			}
		}
		s, ok := states.Get(tx, store.Path(name))
		if ok && s.Node == node {
			return nil
		}
		if !ok {
			s.Store, s.Since = name, at
		}
		s.Node = node
		states.Put(tx, s)
		return nil
	})
	if err != nil {
		return fmt.Errorf("tell the other nodes of this one's scrub: %w", err)
	}
	return nil
}
