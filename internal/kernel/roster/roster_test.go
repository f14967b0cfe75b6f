package roster_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/roster"
	"hexhub/internal/kernel/store"
)

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, roster.Tables, level.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func enter(t *testing.T, db *store.DB, id string) roster.Node {
	t.Helper()
	n := roster.Node{ID: id, Name: "node-" + id, Version: "1.0.0", Blobs: "s3:bucket"}
	if err := roster.Enter(t.Context(), db, n, "in a bucket", false); err != nil {
		t.Fatal(err)
	}
	return n
}

func names(db *store.DB) string {
	var out []string
	for _, n := range roster.All(db.View()) {
		out = append(out, n.ID)
	}
	return strings.Join(out, " ")
}

// Nodes that would keep blobs where the others cannot find them are not let in, unless there are neither others nor
// blobs.
func TestNodesKeepBlobsInOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t)
		for _, step := range []struct {
			wait      time.Duration
			id, place string
			none      bool
			refused   string
		}{
			{0, "a", "disk of a", true, ""},
			{0, "b", "disk of b", true, "lie disk of a, and this node would keep them disk of b"},
			{0, "a", "disk of a", false, ""},
			{time.Hour, "b", "disk of b", false, "blob.s3"},
			{0, "b", "bucket", true, ""},
			{0, "c", "bucket", true, ""},
			{0, "a", "disk of a", true, "lie bucket, and"},
		} {
			time.Sleep(step.wait)
			err := roster.Enter(t.Context(), db, roster.Node{ID: step.id, Name: step.id, Blobs: step.place}, step.place, step.none)
			if step.refused == "" && err != nil || step.refused != "" && (!fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), step.refused)) {
				t.Errorf("%s with its blobs in %s: %v, want %q", step.id, step.place, err, step.refused)
			}
		}
		if got := names(db); got != "a b c" {
			t.Errorf("nodes are %q", got)
		}
	})
}

// Who runs is counted, who is stopped or silent is not, and who was so for a day holds nobody back.
func TestWhoIsGoneIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t)
		a, b := enter(t, db, "a"), enter(t, db, "b")
		enter(t, db, "c") // dies without a word
		for _, id := range []string{"c", "a", "b"} {
			if err := level.Enter(t.Context(), db, id, map[string]int{"a": 2, "b": 2, "c": 1}[id], "1.0.0"); err != nil {
				t.Fatal(err)
			}
		}
		running, stop := context.WithCancel(t.Context())
		defer stop()
		stopping, stopB := context.WithCancel(running)
		done := make(chan error, 2)
		go func() { done <- roster.Run(running, db, a, slog.New(slog.DiscardHandler)) }()
		go func() { done <- roster.Run(stopping, db, b, slog.New(slog.DiscardHandler)) }()
		time.Sleep(50 * time.Second)
		if live := roster.Live(db.View(), time.Now()); live != 3 || names(db) != "a b c" {
			t.Errorf("%d of %q live", live, names(db))
		}
		stopB()
		<-done
		time.Sleep(20 * time.Second)
		if live := roster.Live(db.View(), time.Now()); live != 1 || names(db) != "a c" {
			t.Errorf("%d of %q live", live, names(db))
		}
		time.Sleep(25 * time.Hour)
		if now, err := level.Raise(t.Context(), db, 1); err != nil || now == 2 {
			t.Errorf("level %d, %v with a node of level 1", now, err)
		}
		if err := roster.Forget(t.Context(), db, time.Now()); err != nil {
			t.Fatal(err)
		}
		if now, err := level.Raise(t.Context(), db, 1); err != nil || now != 2 || names(db) != "a" {
			t.Errorf("level %d, %v, nodes %q", now, err, names(db))
		}
		stop()
		<-done
		if names(db) != "" {
			t.Errorf("nodes %q", names(db))
		}
	})
}
