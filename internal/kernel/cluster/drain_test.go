package cluster

import (
	"testing"

	"hexhub/internal/kernel/fault"
)

// A node that is drained gives the leadership up and does not get it, all nodes see it, and the last one cannot be.
func TestDrainedNodeDoesNotLead(t *testing.T) {
	t.Parallel()
	all := three(t)
	first := leader(t, all)
	var others []*testNode
	for _, n := range all {
		if n != first {
			others = append(others, n)
		}
	}
	if err := others[0].Drain(t.Context(), first.Name()); err != nil {
		t.Fatal(err)
	}
	until(t, "another node leads", func() bool { return leader(t, all) != first })
	states := func() (out int) {
		ms, err := others[0].Members(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			if m.Drained() != (m.ID == first.ID()) {
				out++
			}
		}
		return out
	}
	until(t, "it is listed as drained", func() bool { return states() == 0 })
	if _, err := others[1].MoveLeader(t.Context(), first.Name()); !fault.Is(err, fault.Conflict) {
		t.Errorf("it is given the leadership: %v", err)
	}
	for range 3 { // it is nobody's successor
		now := leader(t, all)
		if to, err := now.HandOver(t.Context()); err != nil || to == first.Name() || to == "" {
			t.Errorf("%s hands over to %q, %v", now.Name(), to, err)
		}
	}
	first.put("by", "a drained node")
	if err := first.Drain(t.Context(), others[0].Name()); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{others[1].Name(), first.Name()} {
		if err := others[1].Drain(t.Context(), who); (who == first.Name()) != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) {
			t.Errorf("drain %s too: %v", who, err)
		}
	}
	if err := others[1].Drain(t.Context(), "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("drain nobody: %v", err)
	}

	// Taken back, one does all again; removed, one leaves nothing behind.
	if _, err := others[1].Undrain(t.Context(), first.Name()); err != nil {
		t.Fatal(err)
	}
	until(t, "the first may lead again", func() bool {
		_, err := others[1].MoveLeader(t.Context(), first.Name())
		return err == nil
	})
	first.insist(func() error { _, err := first.Remove(t.Context(), others[0].Name()); return err })
	if d, _ := drainages.Get(first.db.View(), theDrainage); len(d.Since) > 0 {
		t.Errorf("still drained: %v", d.Since)
	}
}
