package node_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/config"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/stats"
	"hexhub/internal/feature/world"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/node"
)

// C20: no chore of a leader writes anything once another node leads, however deep in its room it does the
// writing; and each of them would have had something to write.
func TestC20ChoresOfADeposedLeaderWriteNothing(t *testing.T) {
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	signer, data := hubtest.Signer(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		n, err := node.Open(ctx, config.Server{
			Data: data, Listen: "127.0.0.1:0", RepositoryName: "hexhub", Registration: "open", MailConfirm: "auto",
		}, node.Options{Store: store.NewMemory(), Blobs: &blob.Memory{}, Sealer: sealer, Signer: signer, Cost: account.Cost{Memory: 64, Passes: 1, Lanes: 1}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		}()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err = world.Build(ctx, n.Rooms(), []byte("user sam\nuser eva\norg guild admin=eva\npackage hexhub/decimal owner=sam\nrelease hexhub/decimal 1.0.0\nkey sam all permissions=api\n"))
		must(err)
		sam, _ := account.ByName(n.DB.View(), "sam")
		actor := access.SystemActor("test")
		_, err = n.Orgs.Invite(ctx, audit.By{}, name.MustRepository("guild"), org.InvitationDraft{Email: "joe@example.com", Role: org.Read}) // with a letter
		must(err)
		_, _, err = n.Accounts.StartSession(ctx, audit.By{}, sam.ID, "127.0.0.1", "test")
		must(err)
		_, err = n.Access.RevokeAll(ctx, actor, access.OfUser(sam.ID))
		must(err)
		time.Sleep(400 * 24 * time.Hour)

		deposed := errors.New("deposed")
		late := store.OnlyIf(ctx, func(*store.Tx) error { return deposed })
		wrote := 0
		for what, do := range n.HouseChores() {
			before := n.DB.Revision()
			err := do(late)
			if n.DB.Revision() != before {
				t.Errorf("%s: was done by a leader that is none", what)
			}
			if again := do(ctx); again != nil {
				t.Errorf("%s: %v", what, again)
			}
			if n.DB.Revision() == before {
				continue
			}
			if wrote++; !errors.Is(err, deposed) {
				t.Errorf("%s: %v, want the reason why it was not done", what, err)
			}
		}
		if wrote < 5 {
			t.Errorf("only %d chores had something to do", wrote)
		}
	})
}

// What is downloaded from several nodes is counted once each, also when one is cut off meanwhile.
func TestDownloadsFromAllNodesAddUpExactly(t *testing.T) {
	t.Parallel()
	hubs, set := threeNodes(t, partitionWorld)
	leader := set.Leader(t)
	lost := (leader + 1) % 3
	const each = 20
	download := func(i int) {
		t.Helper()
		for range each {
			hubs[i].Anonymous().Get("/repo/tarballs/decimal-1.0.0.tar").Expect(t, http.StatusOK)
		}
	}
	for i := range hubs {
		download(i)
	}
	set.Cut(lost)
	for i := range hubs {
		download(i)
	}
	for i, h := range hubs {
		if err := h.Stats.Flush(t.Context()); err != nil && i != lost { // one that failed without an answer is tried again
			eventually(t, "the majority counts", func() bool { return h.Stats.Flush(t.Context()) == nil })
		}
	}
	set.Heal()
	total := func() int64 {
		row, _ := stats.Release(hubs[leader].DB.View(), name.MustRepository("hexhub"), name.MustPackage("decimal"), version.MustParse("1.0.0"))
		return row.Total
	}
	eventually(t, "all is counted", func() bool { return hubs[lost].Stats.Flush(t.Context()) == nil })
	must := hubs[leader].DB.WaitFor(t.Context(), hubs[lost].DB.Revision())
	if got := total(); must != nil || got != 6*each {
		t.Errorf("%d downloads are counted (%v), want %d", got, must, 6*each)
	}
	for i := range hubs {
		if err := hubs[i].Stats.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if got := total(); got != 6*each {
		t.Errorf("%d downloads are counted after a flush of nothing, want %d", got, 6*each)
	}
}

// C12: a binary that is older than what the cluster writes does not start, says so, and has changed nothing.
func TestC12OlderBinaryRefusesToStart(t *testing.T) {
	t.Parallel()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	log, data := store.NewMemory(), t.TempDir()
	open := func(with int) (*node.Node, error) {
		return node.Open(t.Context(), config.Server{
			Data: data, Listen: "127.0.0.1:0", RepositoryName: "hexhub", Registration: "open", MailConfirm: "auto",
		}, node.Options{Store: log, Blobs: &blob.Memory{}, Sealer: sealer, Signer: hubtest.Signer(t), Level: with})
	}
	for _, with := range []int{level.Current, level.Current + 1} {
		n, err := open(with)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.HouseChores()["raise the level"](t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := level.Of(n.DB.View()); got != with {
			t.Errorf("with the only node at level %d the cluster is at %d", with, got)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
	before, err := log.Range(t.Context(), "", "\xff", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(level.Current)
	if _, old := errors.AsType[*level.DowngradeError](err); !old {
		t.Errorf("an older binary starts: %v", err)
	}
	if after, err := log.Range(t.Context(), "", "\xff", 0, 1); err != nil || after.At != before.At {
		t.Errorf("an older binary wrote something: revision %d, %d before, %v", after.At, before.At, err)
	}
}
