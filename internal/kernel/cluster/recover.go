package cluster

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/store"
)

// Stopped finds out which node a data folder is, without starting it.
func Stopped(dir string) (nodeID, name string, err error) {
	i, err := stopped(dir)
	if err != nil {
		return "", "", err
	}
	return i.ID, i.Name, nil
}

func stopped(dir string) (*identity, error) {
	if _, err := os.Lstat(filepath.Join(dir, "node.json")); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "%s is not the data folder of a node: name it with --data", dir)
	}
	i, _, err := loadIdentity(dir)
	return i, err
}

// Refound makes the node of a data folder, which does not run, one of another cluster, of which it is the only
// one. The authority of the new cluster has another key, so that no node of the old one is believed by it, nor
// believes it.
func Refound(dir string) error {
	i, err := stopped(dir)
	if err != nil {
		return err
	}
	i.Cluster, i.Joining = id.New(), nil
	return i.save()
}

// ForgetOthers drops the rows of all nodes but one, and the invitations of their cluster, and returns the nodes.
// In the same commit onLeave does what it is in Options for.
func ForgetOthers(ctx context.Context, db *store.DB, self string, onLeave func(tx *store.Tx, node string)) ([]Node, error) {
	v := db.View()
	others := slices.DeleteFunc(members(v), func(n Node) bool { return n.ID == self })
	return others, db.Update(ctx, func(tx *store.Tx) error {
		for _, n := range others {
			leave(tx, n.ID, onLeave)
		}
		for i := range invitations.All(v) {
			invitations.Delete(tx, i.Hash)
		}
		drainages.Delete(tx, theDrainage)
		return nil
	})
}

// leave drops what rows know of a node that is none any more.
func leave(tx *store.Tx, node string, onLeave func(tx *store.Tx, node string)) {
	nodes.Delete(tx, node)
	level.Leave(tx, node)
	undrainTx(tx, node)
	if onLeave != nil {
		onLeave(tx, node)
	}
}
