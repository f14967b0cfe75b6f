package cluster

import (
	"testing"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A node that is made one of another cluster stays who it is and keeps what it has, but neither it nor those of
// before believe each other, and it knows none of them.
func TestRefoundNodeBelievesNobodyOfBefore(t *testing.T) {
	t.Parallel()
	n := start(t, options(t, "last"))
	n.put("a", "1")
	before, invited := n.Self(), n.ticket()
	err := n.db.Update(t.Context(), func(tx *store.Tx) error {
		nodes.Put(tx, Node{ID: "lost", Name: "lost"})
		drainages.Put(tx, drainage{nil})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	left := ""
	gone, err := ForgetOthers(t.Context(), n.db, n.ID(), func(_ *store.Tx, node string) { left = node })
	if err != nil || left != "lost" || len(gone) != 1 || gone[0].ID != "lost" || len(members(n.db.View())) != 1 {
		t.Fatalf("forgets %v, %v", gone, err)
	}
	old := n.cert.Load().Leaf
	n.stop()
	if err := Refound(n.o.Dir); err != nil {
		t.Fatal(err)
	}
	if id, name, err := Stopped(n.o.Dir); err != nil || id != before.ID || name != before.Name {
		t.Errorf("it is %s %s, %v", id, name, err)
	}
	n = n.again()
	n.reads("a", "1")
	if now := n.Self(); now.ID != before.ID || now.Member != before.Member {
		t.Errorf("it was %v and is %v", before, now)
	}
	if old.CheckSignatureFrom(n.authority.cert) == nil {
		t.Error("it believes a certificate of before")
	}
	joiner := options(t, "late")
	joiner.Join = invited
	_, at := n.Addr()
	joiner.Join.URL = "https://" + at
	if _, err := tryStart(t, joiner); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an invitation of before: %v", err)
	}
	if _, _, err := Stopped(t.TempDir()); !fault.Is(err, fault.NotFound) {
		t.Errorf("an empty folder: %v", err)
	}
}
