package lead_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/lead"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/storetest"
)

type note struct {
	Name string `json:"name"`
	By   string `json:"by"`
}

var notes = store.NewTable("note", func(n note) string { return n.Name })

func open(t *testing.T, log store.Log) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), log, store.Options{}, lead.Tables, store.Schema{notes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func write(ctx context.Context, db *store.DB, by string) error {
	return db.Update(ctx, func(tx *store.Tx) error {
		notes.Put(tx, note{Name: "last", By: by})
		return nil
	})
}

// A node leads here, as far as its log knows.
type player struct {
	*lead.Lead
	db    *store.DB
	leads atomic.Bool
	terms chan context.Context // each term's
	stop  func()
}

func play(t *testing.T, log store.Log, name string, elected bool) *player {
	t.Helper()
	p := &player{db: open(t, log), terms: make(chan context.Context)}
	o := lead.Options{Node: name}
	if elected {
		o.Leads = p.leads.Load
	}
	p.Lead = lead.New(p.db, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- p.Run(ctx, func(ctx context.Context) {
			select {
			case p.terms <- ctx:
				<-ctx.Done()
			case <-ctx.Done():
			}
		})
	}()
	p.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return p
}

// rivals are two nodes, of which the first leads. It can be kept from hearing of what the second writes.
func rivals(t *testing.T) (a, b *player, far *storetest.Severable, term context.Context) {
	t.Helper()
	log := store.NewMemory()
	far = storetest.NewSeverable(log)
	a, b = play(t, far, "a", true), play(t, log, "b", true)
	a.leads.Store(true)
	return a, b, far, <-a.terms
}

// C20: a leader that was paused, and wakes up after another has taken over, commits nothing: neither when it has
// heard of the other by then nor when it has not.
func TestC20PausedLeaderCannotCommit(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, b, far, term := rivals(t)
			defer b.stop()
			defer a.stop()
			if err := write(term, a.db, "a"); err != nil {
				t.Fatalf("the leader cannot write: %v", err)
			}
			paused := context.WithoutCancel(term) // it does not see that its term ends
			if deaf {
				far.Deafen()
			}
			a.leads.Store(false)
			b.leads.Store(true)
			if err := write(<-b.terms, b.db, "b"); err != nil {
				t.Fatalf("the new leader cannot write: %v", err)
			}
			if node, n := lead.Leader(b.db.View()); node != "b" || n != 2 {
				t.Errorf("%s leads in term %d, want b in 2", node, n)
			}
			late := make(chan error)
			go func() { late <- write(paused, a.db, "a") }()
			synctest.Wait()
			far.Cut(false)
			if err := <-late; !errors.Is(err, lead.ErrDeposed) {
				t.Errorf("deaf %t: a write of the leader before = %v, want %v", deaf, err, lead.ErrDeposed)
			}
			if n, _ := notes.Get(b.db.View(), "last"); n.By != "b" {
				t.Errorf("deaf %t: %s wrote last, want b", deaf, n.By)
			}
			if err := write(context.Background(), a.db, "a"); err != nil {
				t.Errorf("what is no chore cannot be written any more: %v", err)
			}
		})
	}
}

// Leadership moves when the election says so, the term before ends, and one that comes back has a new term.
func TestTermsFollowTheElection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := store.NewMemory()
		a, b := play(t, log, "a", true), play(t, log, "b", true)
		defer b.stop()
		defer a.stop()
		time.Sleep(time.Hour)
		select {
		case <-a.terms:
			t.Fatal("a leads unelected")
		case <-b.terms:
			t.Fatal("b leads unelected")
		default:
		}
		players := []*player{a, b}
		for i := range 6 {
			now, before := players[i%2], players[(i+1)%2]
			now.leads.Store(true)
			before.leads.Store(false)
			<-now.terms
			if _, term := lead.Leader(now.db.View()); term != int64(i+1) {
				t.Errorf("term %d is called %d", i+1, term)
			}
		}
		// Who loses the election and wins it again, nobody else having led, goes on in the same term.
		b.leads.Store(false)
		time.Sleep(time.Minute)
		b.leads.Store(true)
		<-b.terms
		if _, term := lead.Leader(b.db.View()); term != 6 {
			t.Errorf("term is %d, want 6", term)
		}
	})
}

// Who wins an election again, and has not heard yet that another led in between, does not go on in the term of before.
func TestTermOfBeforeIsNotResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, far, _ := rivals(t)
		defer b.stop()
		defer a.stop()
		a.leads.Store(false)
		time.Sleep(time.Minute)
		far.Deafen()
		b.leads.Store(true)
		<-b.terms
		b.leads.Store(false)
		a.leads.Store(true)
		select {
		case <-a.terms:
			t.Fatal("a works in a term of before")
		case <-time.After(time.Second):
		}
		far.Cut(false)
		<-a.terms
		if node, term := lead.Leader(a.db.View()); node != "a" || term != 3 {
			t.Errorf("%s leads in term %d, want a in 3", node, term)
		}
	})
}

// Without an election there is one leader all the same, and another when it is silent.
func TestNodesWatchEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := store.NewMemory()
		a := play(t, log, "a", false)
		first := <-a.terms
		far := storetest.NewSeverable(log)
		b := play(t, far, "b", false)
		defer b.stop()
		time.Sleep(time.Hour)
		if first.Err() != nil || len(b.terms) > 0 {
			t.Fatal("a leader that is heard of was followed by another")
		}
		a.stop()
		if first.Err() == nil {
			t.Error("the term of a node that stopped goes on")
		}
		start := time.Now()
		second := <-b.terms
		if took := time.Since(start); took > time.Minute {
			t.Errorf("the next one took over after %v", took)
		}
		// One that cannot write leads on as far as it knows, until another has taken over.
		far.Cut(true)
		c := play(t, log, "c", false)
		defer c.stop()
		third := <-c.terms
		if err := write(third, c.db, "c"); err != nil {
			t.Error(err)
		}
		far.Cut(false)
		<-second.Done()
		if third.Err() != nil {
			t.Error("one that was cut off ended the term of the next")
		}
	})
}

// Nodes take turns, one that died does not keep the others waiting for ever, and one that fails does not either.
func TestNodesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := store.NewMemory()
		a, b, c := lead.New(open(t, log), lead.Options{}), lead.New(open(t, log), lead.Options{}), lead.New(open(t, log), lead.Options{})
		var busy atomic.Int32
		failed := errors.New("failed")
		ended := make(chan error)
		for _, l := range []*lead.Lead{a, b, c} {
			go func() {
				ended <- l.InTurn(context.Background(), "sweep the yard", time.Hour, func(context.Context) error {
					if busy.Add(1) > 1 {
						t.Error("two at once")
					}
					time.Sleep(time.Minute)
					busy.Store(0)
					return failed
				})
			}()
		}
		for range 3 {
			if err := <-ended; !errors.Is(err, failed) {
				t.Error(err)
			}
		}
		begun := make(chan struct{})
		dies, die := context.WithCancel(context.Background())
		go func() {
			ended <- a.InTurn(context.Background(), "sweep the yard", time.Hour, func(context.Context) error {
				close(begun)
				<-dies.Done()
				return nil
			})
		}()
		<-begun
		start := time.Now()
		if err := b.InTurn(context.Background(), "sweep the yard", time.Hour, func(context.Context) error { return nil }); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("the turn of one that hangs was waited for %v, want an hour", took)
		}
		die()
		<-ended
	})
}
