package node_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/config"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/world"
	"hexhub/internal/node"
)

// C10: what was revoked, ended or used up does not come back with an old state, and what comes back is told.
// C11: the rest is as it was: files are signed with the same key, tarballs are there, the audit log is whole.
// C14: the restored log verifies.
func TestC10C11C14RestoredMomentIsSafeAndConsistent(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	c := config.Default()
	c.Data, c.Listen, c.BackupTo = filepath.Join(dir, "data"), "127.0.0.1:0", filepath.Join(dir, "safe")
	n, err := node.Open(ctx, c, node.Options{Cost: account.Cost{Memory: 64, Passes: 1, Lanes: 1}})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	closed := false
	defer func() {
		if !closed {
			must(n.Close())
		}
	}()
	_, err = world.Build(ctx, n.Rooms(), []byte("user sam\nuser eva\npackage hexhub/decimal owner=sam\nrelease hexhub/decimal 1.0.0\nkey sam kept permissions=api\nkey sam stolen permissions=api\nkey eva hers permissions=api\n"))
	must(err)
	sam, _ := account.ByName(n.DB.View(), "sam")
	eva, _ := account.ByName(n.DB.View(), "eva")
	_, _, err = n.Accounts.StartSession(ctx, audit.By{}, sam.ID, "127.0.0.1", "test")
	must(err)
	enterScrub(t, n)
	before, err := n.Index.Versions(name.MustRepository("hexhub"), 0)
	must(err)
	state, err := n.Backup.Create(ctx)
	must(err)
	moment := backup.Moment{Revision: state.Snapshot.Revision}

	working, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.Backup.Run(working)
	}()
	_, err = n.Access.RevokeKey(ctx, access.SystemActor("test"), access.OfUser(sam.ID), "stolen")
	must(err)
	must(n.Accounts.Remove(ctx, audit.By{Username: "test"}, eva.ID))
	last := n.DB.Revision()
	sealed := func() bool {
		l, err := n.Backup.List(ctx)
		must(err)
		return l.Segments > 0
	}
	for deadline := time.Now().Add(time.Minute); !sealed(); {
		if time.Now().After(deadline) {
			t.Fatal("nothing is sealed")
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	<-done
	secret := n.Sealer.Master()
	must(n.Close())
	closed = true

	folder, key, err := node.OpenBackup(c, nil, false)
	must(err)
	defer folder.Close()
	set, err := backup.OpenSet(ctx, folder, "", key)
	must(err)
	plan, err := set.Plan(ctx, moment, false)
	must(err)
	if plan.Later == 0 || plan.Revision >= last {
		t.Fatalf("plan = %+v", plan)
	}
	c.Data, c.BackupTo = filepath.Join(dir, "back"), ""
	out, err := node.Restore(ctx, c, set, plan, secret)
	must(err)
	if !slices.Equal(out.Users.Shut, []string{"eva"}) || !slices.Contains(out.Keys, "stolen of sam") || out.Dropped["session"] == 0 || out.Dropped["scrub"] == 0 || len(out.Lost) > 0 {
		t.Errorf("told: %+v", out)
	}

	again, err := node.Open(ctx, c, node.Options{})
	must(err)
	defer func() { must(again.Close()) }()
	v := again.DB.View()
	if live := access.KeysOf(v, access.OfUser(sam.ID)); len(live) != 1 || live[0].Name != "kept" {
		t.Errorf("sam's keys are %+v", live)
	}
	if u, _ := account.ByName(v, "eva"); u.Active() {
		t.Error("a user who was deleted since can log in")
	}
	if s := account.SessionsOf(v, sam.ID); len(s) != 0 {
		t.Errorf("sessions came back: %+v", s)
	}
	if s := backup.StateOf(v); s.Set != "" {
		t.Errorf("the restored server goes on with the backup of the other: %+v", s)
	}
	after, err := again.Index.Versions(name.MustRepository("hexhub"), 0)
	must(err)
	if string(after.Body) != string(before.Body) {
		t.Error("the list of versions is another")
	}
	told, err := again.Audit.Verify(ctx)
	if err != nil || len(told.Problems) > 0 {
		t.Errorf("audit: %+v, %v", told, err)
	}
	entries, _, err := audit.List(ctx, v, "", "", 1)
	if err != nil || len(entries) != 1 || entries[0].Action != "backup.restore" {
		t.Errorf("the newest deed is %+v, %v", entries, err)
	}
}
