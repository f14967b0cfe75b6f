package catalog_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// disband deletes the organization if the catalog lets it.
func (w *world) disband(organization name.Repository) error {
	return org.New(w.db, org.Options{InUse: w.InUse}).Delete(context.Background(), audit.By{}, organization)
}

func TestAnOrganizationWithPackagesStays(t *testing.T) {
	w := newWorld(t)
	w.put(t, func(tx *store.Tx) {
		putOrg(tx, beta, true, time.Now(), map[string]org.Role{"bob": org.Admin, "joe": org.Admin})
	})
	w.publish(t, "bob", gear, "1.0.0")
	w.publish(t, "joe", jason, "1.0.0")
	if err := w.SetOwner(t.Context(), w.as("joe"), jason, "beta", access.Full, true); err != nil {
		t.Fatal(err)
	}
	err := w.disband(beta)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "beta/gear") || !strings.Contains(err.Error(), "jason") {
		t.Errorf("err = %v", err)
	}
	if err := w.Revert(t.Context(), w.as("bob"), gear, v("1.0.0")); err != nil {
		t.Fatal(err)
	}
	if err := w.disband(beta); !fault.Is(err, fault.Conflict) {
		t.Errorf("with a public package: %v", err)
	}
	if err := w.SetOwner(t.Context(), w.as("bob"), jason, "joe", access.Full, true); err != nil {
		t.Fatal(err)
	}
	if err := w.disband(beta); err != nil {
		t.Error(err)
	}
}

// A package that is published at the same time either is in an organization, or is not.
func TestNoPackageIsLeftWithoutItsOrganization(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		var wg sync.WaitGroup
		var published, deleted error
		wg.Go(func() { _, _, published = w.Publish(context.Background(), w.as("wes"), draft(tool, "1.0.0"), false) })
		wg.Go(func() { deleted = w.disband(acme) })
		wg.Wait()
		if (published == nil) == (deleted == nil) {
			t.Fatalf("publishing: %v, deleting: %v", published, deleted)
		}
		if held := catalog.HeldBy(w.db.View(), acme); (len(held) > 0) != (published == nil) {
			t.Fatalf("held are %v", held)
		}
	}
}
