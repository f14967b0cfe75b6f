package node

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// Old audit entries are sealed as the setting says, and the sweep keeps the blobs they went to.
func TestSweepKeepsSealedAuditEntries(t *testing.T) {
	t.Parallel()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		n := &Node{Blobs: &blob.Memory{}, Sealer: sealer, log: slog.New(slog.DiscardHandler)}
		var err error
		if n.DB, err = store.Open(t.Context(), store.NewMemory(), store.Options{}, tables...); err != nil {
			t.Fatal(err)
		}
		defer n.DB.Close()
		n.Settings = setting.New(n.DB, n.definitions())
		n.Audit = audit.New(n.DB, audit.Options{Blobs: n.Blobs, Sealer: n.Sealer})
		if err := n.Settings.Set(t.Context(), audit.By{Username: "test"}, auditHot, "30d"); err != nil {
			t.Fatal(err)
		}
		segments := func() int { return len(audit.Segments(n.DB.View())) }
		for _, step := range []struct {
			days int
			want int
		}{{29, 0}, {2, 0}, {30, 1}} { // a lone entry waits for others for a month
			time.Sleep(time.Duration(step.days) * 24 * time.Hour)
			if err := n.archive(t.Context()); err != nil || segments() != step.want {
				t.Fatalf("%d days on: %v and %d segments, want %d", step.days, err, segments(), step.want)
			}
		}
		if _, _, err := n.Blobs.Put(t.Context(), strings.NewReader("nobody names me")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * sweepGrace)
		if swept, err := n.sweep(t.Context()); err != nil || swept != 1 {
			t.Errorf("swept %d, %v; want what nobody names", swept, err)
		}
		if page, _, err := n.Audit.Find(t.Context(), n.DB.View(), audit.Query{}, 10); err != nil || len(page) != 1 {
			t.Errorf("the sealed entry is found as %v, %v", page, err)
		}
	})
}

// A rival puts what is about to be deleted, in the last moment.
type rival struct {
	blob.Store
	bytes string
}

func (r rival) Delete(ctx context.Context, h blob.Hash, before time.Time) (bool, error) {
	if _, _, err := r.Put(ctx, strings.NewReader(r.bytes)); err != nil {
		return false, err
	}
	return r.Store.Delete(ctx, h, before)
}

// C13: What was found old and unnamed, and is then published, stays.
func TestC13SweepSparesWhatIsPublishedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := &Node{Blobs: rival{&blob.Memory{}, "published twice"}, log: slog.New(slog.DiscardHandler)}
		var err error
		if n.DB, err = store.Open(t.Context(), store.NewMemory(), store.Options{}, tables...); err != nil {
			t.Fatal(err)
		}
		defer n.DB.Close()
		h, _, err := n.Blobs.Put(t.Context(), strings.NewReader("published twice"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * sweepGrace)
		if swept, err := n.sweep(t.Context()); err != nil || swept != 0 {
			t.Errorf("swept %d, %v", swept, err)
		}
		if err := n.Blobs.Check(t.Context(), h); err != nil {
			t.Error(err)
		}
	})
}
