package lead_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/lead"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog/etcdtest"
)

// C20, with a real election: the leader is cut off in the middle of its work, another node leads, and what the
// first one still has to write is never acknowledged, neither while it is cut off nor afterwards.
func TestC20LeaderThatWasCutOffCannotCommit(t *testing.T) {
	t.Parallel()
	set := etcdtest.Open(t, 3)
	dbs, terms := make([]*store.DB, 3), make([]chan context.Context, 3)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 3)
	for i, log := range set.Logs {
		dbs[i], terms[i] = open(t, log), make(chan context.Context)
		l := lead.New(dbs[i], lead.Options{Leads: log.Election()})
		go func() {
			ended <- l.Run(ctx, func(ctx context.Context) {
				select {
				case terms[i] <- ctx:
					<-ctx.Done()
				case <-ctx.Done():
				}
			})
		}()
	}
	defer func() {
		cancel()
		for range dbs {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}()
	next := func(but int) (int, context.Context) {
		t.Helper()
		others := make([]chan context.Context, 3)
		copy(others, terms)
		if but >= 0 {
			others[but] = nil
		}
		select {
		case term := <-others[0]:
			return 0, term
		case term := <-others[1]:
			return 1, term
		case term := <-others[2]:
			return 2, term
		case <-time.After(30 * time.Second):
			t.Fatal("nobody leads")
			return 0, nil
		}
	}
	old, term := next(-1)
	if err := write(term, dbs[old], "old"); err != nil {
		t.Fatalf("the leader cannot write: %v", err)
	}
	late := context.WithoutCancel(term) // as if it were paused, and did not see its term end
	set.Cut(old)
	now, term := next(old)
	if err := write(term, dbs[now], "new"); err != nil {
		t.Fatalf("the new leader cannot write: %v", err)
	}
	if err := write(late, dbs[old], "old"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a write of the leader that is cut off = %v, want Unavailable", err)
	}
	set.Heal()
	err := write(late, dbs[old], "old")
	for fault.Is(err, fault.Unavailable) {
		err = write(late, dbs[old], "old")
	}
	if !errors.Is(err, lead.ErrDeposed) {
		t.Errorf("a write of the leader before, once it is back = %v, want %v", err, lead.ErrDeposed)
	}
	if err := dbs[old].Fresh(t.Context()); err != nil {
		t.Error(err)
	}
	if n, _ := notes.Get(dbs[old].View(), "last"); n.By != "new" {
		t.Errorf("%s wrote last, want the new leader", n.By)
	}
}
