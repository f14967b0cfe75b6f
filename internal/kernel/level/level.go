// Package level lets binaries of different versions share a cluster while it is upgraded, node by node.
//
// A binary has a level, which counts the changes of what is written that older binaries would misread. The
// cluster has one too: what all of its nodes have reached. A room that writes something that needs a level
// writes it once [Of] says that the cluster has it, and until then does as before; so the upgrade may be undone,
// node by node, until the last node has been upgraded. The cluster's level never falls, and a binary below it
// refuses to start.
//
// Fields that are merely new need no level: older binaries keep what they do not know of a row when they write
// it. New elements of lists do, new values of a field that others must understand, and new meanings.
//
// It knows no feature and decides for none.
package level

import (
	"context"
	"errors"
	"fmt"

	"hexhub/internal/kernel/store"
)

// Current is the level of this binary. It grows by one with each change that needs it, and the comment of what
// writes that change names it.
const Current = 1

// A binary is what a node runs.
type binary struct {
	Node    string `json:"node"`
	Level   int    `json:"level"`
	Version string `json:"version"` // for people
}

// reached is the level of the cluster. There is one row of it.
type reached struct {
	Level int `json:"level"`
}

const all = "all"

var (
	binaries = store.NewTable("level", func(b binary) string { return store.Path(b.Node) })
	inGroup  = binaries.Group("all", func(binary) []string { return []string{all} })
	cluster  = store.NewTable("level-reached", func(reached) string { return all })
)

// Tables are the tables of this package.
var Tables = store.Schema{binaries, cluster}

// Of returns the level of the cluster. Within a Tx it is guarded, so what is written by it fits what it is then.
func Of(r store.Reader) int {
	now, _ := cluster.Get(r, all)
	return now.Level
}

// A DowngradeError says that a binary is too old for what the cluster writes already.
type DowngradeError struct{ Mine, Cluster int }

// Error implements error.
func (e *DowngradeError) Error() string {
	return fmt.Sprintf("this version of hexhub is too old: it knows the rows of level %d, and those of the cluster have reached %d. "+
		"Start a version that another node runs, or a newer one; to go back, restore a backup that was made before the upgrade", e.Mine, e.Cluster)
}

// Enter says what binary the node runs, before it writes anything else. It fails with a *DowngradeError if the
// cluster is beyond the binary. The first node of all gives the cluster its level.
func Enter(ctx context.Context, db *store.DB, node string, mine int, version string) error {
	err := db.Update(ctx, func(tx *store.Tx) error {
		if have := Of(tx); mine < have {
			return &DowngradeError{mine, have}
		}
		first := true
		for b := range inGroup.In(tx, all) {
			first = first && b.Node == node
		}
		if _, ok := cluster.Get(tx, all); !ok && first {
			cluster.Put(tx, reached{mine})
		}
		now := binary{Node: node, Level: mine, Version: version}
		if was, ok := binaries.Get(tx, binaries.Key(now)); !ok || was != now {
			binaries.Put(tx, now)
		}
		return nil
	})
	if _, old := errors.AsType[*DowngradeError](err); err != nil && !old {
		return fmt.Errorf("tell the other nodes this one's level: %w", err)
	}
	return err
}

// Leave forgets a node that is no member any more, so that it does not hold the others back.
func Leave(tx *store.Tx, node string) { binaries.Delete(tx, store.Path(node)) }

// Raise makes the cluster's level what all nodes have reached, if there are as many that said so, and returns it.
// It is for the leader to do.
func Raise(ctx context.Context, db *store.DB, nodes int) (now int, err error) {
	err = db.Update(ctx, func(tx *store.Tx) error {
		now = Of(tx)
		least, said := 0, 0
		for b := range inGroup.In(tx, all) {
			if said++; said == 1 || b.Level < least {
				least = b.Level
			}
		}
		if said < nodes || least <= now {
			return nil
		}
		now = least
		cluster.Put(tx, reached{now})
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("raise the level of the cluster: %w", err)
	}
	return now, nil
}
