// Package roster knows which nodes share a log that none of them keeps, such as an etcd that is run elsewhere.
//
// There nobody says who is a node: whoever is started on the log is one, and says so every few seconds. Such nodes
// do not speak to each other, so what they must have in common they write down: where the blobs lie.
//
// Clocks are compared, but nothing is decided by them that matters: who was silent for a minute is not counted, and
// who was for a day is forgotten.
package roster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/store"
)

// A Node is what one says of itself.
type Node struct {
	ID      string    `json:"id"` // for ever
	Name    string    `json:"name"`
	Version string    `json:"version"`
	Blobs   string    `json:"blobs"` // where it keeps them; the same for nodes that find each other's
	Started time.Time `json:"started"`
	Seen    time.Time `json:"seen"`           // when it said so last, by its clock
	Left    bool      `json:"left,omitempty"` // it was stopped, and may come back
}

// A place is where all blobs lie. There is one row of it.
type place struct {
	Where string `json:"where"`
	Words string `json:"words"` // for people
}

const theRow = "all"

var (
	nodes  = store.NewTable("roster", func(n Node) string { return n.ID })
	inAll  = nodes.Group("all", func(Node) []string { return []string{theRow} })
	places = store.NewTable("roster-blobs", func(place) string { return theRow })
)

// Tables are the tables of this package.
var Tables = store.Schema{nodes, places}

const (
	beat    = 15 * time.Second
	silent  = time.Minute
	forgets = 24 * time.Hour
)

// All lists the nodes that were not stopped, by name.
func All(v *store.View) []Node {
	out := slices.Collect(nodes.All(v))
	out = slices.DeleteFunc(out, func(n Node) bool { return n.Left })
	slices.SortFunc(out, func(a, b Node) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return out
}

// Silent reports whether nothing has been heard of the node for so long that it must be down.
func (n Node) Silent(now time.Time) bool { return now.Sub(n.Seen) > silent }

// Live counts the nodes that are not silent.
func Live(v *store.View, now time.Time) (live int) {
	for _, n := range All(v) {
		if !n.Silent(now) {
			live++
		}
	}
	return live
}

// Enter says that the node is there, and where it keeps blobs, which words tell to people. It is a fault if the
// others keep them elsewhere, for they would not find each other's; unless there are none yet, and no other node.
func Enter(ctx context.Context, db *store.DB, self Node, words string, none bool) error {
	return db.Update(ctx, func(tx *store.Tx) error {
		now, ok := places.Get(tx, theRow)
		if ok && now.Where != self.Blobs && !(none && alone(tx, self)) {
			return fault.New(fault.Conflict, "the tarballs of this registry lie %s, and this node would keep them %s: nodes that share an etcd do not hand each other files, "+
				"so give all of them the same bucket (blob.s3.*), or start the one node whose disk has them", now.Words, words)
		}
		places.Put(tx, place{self.Blobs, words})
		nodes.Put(tx, self.now())
		return nil
	})
}

// alone reports whether no other node is there.
func alone(tx *store.Tx, self Node) bool {
	for n := range inAll.In(tx, theRow) {
		if n.ID != self.ID && !n.Left && !n.Silent(time.Now()) {
			return false
		}
	}
	return true
}

func (n Node) now() Node {
	n.Seen, n.Left = time.Now().UTC().Truncate(time.Millisecond), false
	return n
}

// Run says again and again that the node is there, until ctx ends; then, that it was stopped.
func Run(ctx context.Context, db *store.DB, self Node, log *slog.Logger) error {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := say(ctx, db, self.now()); err != nil && ctx.Err() == nil {
				log.Warn("cannot tell the other nodes that this one is there; trying again", "err", err)
			}
		case <-ctx.Done():
			leave(context.WithoutCancel(ctx), db, self)
			return nil
		}
	}
}

// leave says that the node was stopped. Where that cannot be said, it is silent soon.
func leave(ctx context.Context, db *store.DB, self Node) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	gone := self.now()
	gone.Left = true
	_ = say(ctx, db, gone)
}

func say(ctx context.Context, db *store.DB, n Node) error {
	return db.Update(ctx, func(tx *store.Tx) error {
		nodes.Put(tx, n)
		return nil
	})
}

// Forget drops nodes of which nothing has been heard for a day, so that they do not hold back what all must
// understand. One that comes back after that enters anew. It is for the leader to do.
func Forget(ctx context.Context, db *store.DB, now time.Time) error {
	var errs []error
	for n := range nodes.All(db.View()) {
		if now.Sub(n.Seen) < forgets {
			continue
		}
		err := db.Update(ctx, func(tx *store.Tx) error {
			if have, ok := nodes.Get(tx, n.ID); !ok || now.Sub(have.Seen) < forgets {
				return nil
			}
			nodes.Delete(tx, n.ID)
			level.Leave(tx, n.ID)
			return nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("forget node %s: %w", n.Name, err))
		}
	}
	return errors.Join(errs...)
}
