package etcdlog_test

import (
	"errors"
	"testing"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog/etcdtest"
)

type word struct {
	Name string `json:"name"`
	Said int    `json:"said,omitempty"`
}

var words = store.NewTable("word", func(w word) string { return w.Name })

func say(t *testing.T, db *store.DB, name string, n int) error {
	t.Helper()
	return db.Update(t.Context(), func(tx *store.Tx) error {
		words.Put(tx, word{Name: name, Said: n})
		return nil
	})
}

// openAll opens the tables of every node of the set.
func openAll(t *testing.T, s *etcdtest.Set) []*store.DB {
	t.Helper()
	var out []*store.DB
	for _, log := range s.Logs {
		db, err := store.Open(t.Context(), log, store.Options{}, store.Schema{words})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		out = append(out, db)
	}
	return out
}

// eventually fails the test if the condition does not come true in half a minute.
func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !true(); time.Sleep(10 * time.Millisecond) { // real nodes tell nobody
		if time.Now().After(deadline) {
			t.Fatalf("did not come true in 30s: %s", what)
		}
	}
}

// A minority writes nothing and says so quickly, be it a follower or the leader of before, and knows that what
// it shows is old. The majority goes on without it. Once it is back it shows what it missed.
func TestMinorityWritesNothingAndKnowsItsAge(t *testing.T) {
	t.Parallel()
	set := etcdtest.Open(t, 3)
	dbs := openAll(t, set)
	leader := set.Leader(t)
	for round, lost := range []int{(leader + 1) % 3, leader} {
		eventually(t, "all is well", func() bool { return say(t, dbs[lost], "word", round) == nil })
		set.Cut(lost)
		cutAt := time.Now()
		rest := dbs[(lost+1)%3]
		eventually(t, "the majority writes", func() bool { return say(t, rest, "word", 100+round) == nil })

		eventually(t, "the lost node knows that it is cut off", func() bool { return fault.Is(dbs[lost].Fresh(t.Context()), fault.Unavailable) })
		if took := time.Since(cutAt); took > 20*time.Second {
			t.Errorf("a cut-off node noticed after %v", took)
		}
		eventually(t, "the lost node knows no leader", func() bool { return errors.Is(say(t, dbs[lost], "word", -1), store.ErrNoLeader) })
		start := time.Now()
		err := say(t, dbs[lost], "word", -1)
		if took := time.Since(start); !fault.Is(err, fault.Unavailable) || took > time.Second {
			t.Errorf("a write on a cut-off node took %v and gave %v, want it refused at once", took, err)
		}
		id, _ := set.Logs[lost].Self()
		if err := set.Logs[lost].Remove(t.Context(), id+1); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a cut-off node takes a change of nodes: %v", err)
		}
		v := dbs[lost].View()
		if w, ok := words.Get(v, "word"); !ok || w.Said != round {
			t.Errorf("a cut-off node shows %v, %v; want what it knew, %d", w, ok, round)
		}

		set.Heal()
		eventually(t, "the lost node is fresh again", func() bool { return dbs[lost].Fresh(t.Context()) == nil })
		if w, _ := words.Get(dbs[lost].View(), "word"); w.Said != 100+round {
			t.Errorf("a node that is fresh again shows %d, want %d", w.Said, 100+round)
		}
		if age := dbs[lost].Age(); age > time.Second {
			t.Errorf("a node that is back is %v old", age)
		}
	}
}
