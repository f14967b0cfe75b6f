package cluster

import (
	"errors"
	"slices"
	"testing"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// leader is the node that leads, in the eyes of all.
func leader(t testing.TB, all []*testNode) *testNode {
	t.Helper()
	var found *testNode
	until(t, "all follow one leader", func() bool {
		leaders := map[uint64]bool{}
		for _, n := range all {
			s, err := n.log.Status(t.Context())
			if err != nil {
				return false
			}
			leaders[s.Leader] = true
			if s.Leader == s.Member {
				found = n
			}
		}
		return len(leaders) == 1 && found != nil && !leaders[0]
	})
	return found
}

// term counts the elections.
func (n *testNode) term() uint64 {
	n.t.Helper()
	s, err := n.log.Status(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	return s.Term
}

// The leadership goes to whom it is given, by whichever node is asked; and to nobody who cannot have it.
func TestLeadershipMovesToWhomItIsGiven(t *testing.T) {
	all := three(t)
	first := leader(t, all)
	others := slices.DeleteFunc(slices.Clone(all), func(n *testNode) bool { return n == first })
	for _, to := range []*testNode{others[0], others[1], first} {
		s, err := others[0].MoveLeader(t.Context(), to.Name())
		if err != nil || s.To.Name != to.Name() || s.From.Name == to.Name() {
			t.Fatalf("to %s: %+v, %v", to.Name(), s, err)
		}
		if now := leader(t, all); now != to {
			t.Fatalf("%s leads, and %s was to", now.Name(), to.Name())
		}
		to.put("by", to.Name())
	}
	for _, n := range all {
		n.reads("by", first.Name())
	}
	for who, kind := range map[string]fault.Kind{first.Name(): fault.Conflict, "nobody": fault.NotFound} {
		if _, err := others[0].MoveLeader(t.Context(), who); !fault.Is(err, kind) {
			t.Errorf("to %s: %v", who, err)
		}
	}

	// What is down is not chosen, and cannot be.
	others[1].stop()
	if _, err := first.MoveLeader(t.Context(), others[1].Name()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("to one that is down: %v", err)
	}
	if s, err := first.MoveLeader(t.Context(), ""); err != nil || s.To.Name != others[0].Name() {
		t.Errorf("to anybody: %+v, %v", s, err)
	}
}

// Of those who can, the one leads next that has caught up best; a learner cannot, and the leader does already.
func TestFittestHasCaughtUpBest(t *testing.T) {
	member := func(name, role, state string, revision int64) Member {
		return Member{Node: Node{Name: name}, Role: role, State: state, Revision: revision}
	}
	all := []Member{
		member("a", roleFollower, stateUp, 7), member("b", roleFollower, stateUp, 9), member("c", roleFollower, stateDown, 0),
		member("d", roleLeader, stateUp, 10), member("e", roleLearner, stateUp, 10), member("f", roleUnknown, stateUp, 10),
	}
	if got, err := fittest(all); err != nil || got.Name != "b" {
		t.Errorf("fittest = %s, %v", got.Name, err)
	}
	if _, err := fittest(all[2:]); !fault.Is(err, fault.Unavailable) {
		t.Errorf("of those who cannot: %v", err)
	}
	for _, m := range all[2:] {
		if m.mayLead() == nil {
			t.Errorf("%s, a %s that is %s, may lead", m.Name, m.Role, m.State)
		}
	}
}

// Who leads hands over, and no write on its node is in doubt: it is done, or it is known that it was not. Who does
// not lead does nothing. It runs beside no other test: on a machine too slow to hand over, or on which nodes that do not
// hear of their leader in time elect another, writes may be in doubt, and such a round says nothing.
func TestLeaderHandsOverAndLeavesNoDoubt(t *testing.T) {
	all := three(t)
	done, judged := 0, 0
	for range 10 {
		first := leader(t, all)
		for _, n := range all {
			if _, leads := n.log.Self(); leads {
				continue
			}
			if to, err := n.HandOver(t.Context()); to != "" || err != nil {
				t.Fatalf("a follower hands over to %q, %v", to, err)
			}
		}
		term := first.term()
		over := make(chan error, 1)
		go func() {
			var failed error
			for leads := true; leads; _, leads = first.log.Self() {
				_, err := first.HandOver(t.Context()) // tried again should the machine be slow
				failed = errors.Join(failed, err)
			}
			over <- failed
		}()
		doubt, slow := error(nil), error(nil)
		for waiting := true; waiting; {
			select {
			case slow = <-over:
				waiting = false
			default:
			}
			err := first.db.Update(t.Context(), func(tx *store.Tx) error { rows.Put(tx, row{"k", "v"}); return nil })
			switch {
			case err == nil:
				done++
			case !errors.Is(err, store.ErrNoLeader):
				doubt = err
			}
		}
		if now := leader(t, all).term(); slow != nil || now != term+1 {
			t.Logf("a round says nothing: %v, terms %d to %d", slow, term, now)
			continue
		}
		judged++
		if doubt != nil {
			t.Fatalf("a write is in doubt: %v", doubt)
		}
	}
	if done == 0 || judged == 0 {
		t.Errorf("%d writes were done, and %d rounds said something", done, judged)
	}
}

func TestLoneLeaderHandsOverToNobody(t *testing.T) {
	t.Parallel()
	lone := start(t, options(t, "lone"))
	if to, err := lone.HandOver(t.Context()); to != "" || err != nil {
		t.Errorf("it hands over to %q, %v", to, err)
	}
	if _, err := lone.Succession(t.Context(), ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("it names a successor: %v", err)
	}
}
