package operator_test

import (
	"slices"
	"testing"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/operator"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/store"
)

type world struct {
	*operator.Operator
	db *store.DB
}

func newWorld(t *testing.T) world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, job.Tables, scrub.Tables, audit.Tables, mail.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return world{operator.New(operator.Deps{DB: db, Jobs: job.New(db, job.Options{}), Mail: mailtest.New(t, db)}), db}
}

// actions lists what the audit log says was done, and fails if it says that somebody else did it.
func (w world) actions(t *testing.T, by audit.By) []string {
	t.Helper()
	entries, _, err := audit.List(t.Context(), w.db.View(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Action)
		if e.By.Username != by.Username || e.By.IP != by.IP {
			t.Errorf("%s was done by %+v", e.Action, e.By)
		}
	}
	slices.Sort(out)
	return out
}

func TestDeedsAreRecordedAndRefusalsAreNot(t *testing.T) {
	w, by := newWorld(t), audit.By{Username: "root", IP: "192.0.2.1"}
	if err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		job.EnqueueTx(tx, "unpack", "decimal", nil, time.Now())
		job.EnqueueTx(tx, "unpack", "plug", nil, time.Now())
		w.Mail.SendTx(tx, mail.Letter{Kind: mail.PasswordReset, To: []string{"ann@example.com"}, Params: map[string]string{"username": "ann"}}, time.Now())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	one, _ := job.Find(w.db.View(), "unpack", "decimal")
	other, _ := job.Find(w.db.View(), "unpack", "plug")
	letters, _, err := w.Mail.Outbox(t.Context(), "", 10)
	if err != nil || len(letters) != 1 {
		t.Fatalf("the outbox has %v, %v", letters, err)
	}
	for name, deed := range map[string]func() error{
		"retry":  func() error { return w.RetryJob(t.Context(), by, one.ID) },
		"delete": func() error { return w.DeleteJob(t.Context(), by, other.ID) },
		"letter": func() error { return w.DeleteLetter(t.Context(), by, letters[0].ID) },
		"scrub":  func() error { return w.Scrub(t.Context(), by) },
	} {
		if err := deed(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, deed := range map[string]func() error{
		"retry":  func() error { return w.RetryJob(t.Context(), by, one.ID) }, // it has another id now
		"delete": func() error { return w.DeleteJob(t.Context(), by, other.ID) },
		"letter": func() error { return w.SendLetter(t.Context(), by, letters[0].ID) },
		"test":   func() error { return w.TestMail(t.Context(), by, "ann@example.com") },
		"backup": func() error { _, err := w.BackUp(t.Context(), by); return err },
		"verify": func() error { _, err := w.VerifyBackup(t.Context(), by); return err },
		"node":   func() error { _, err := w.Remove(t.Context(), by, "n2"); return err },
		"leader": func() error { _, err := w.MoveLeader(t.Context(), by, ""); return err },
		"drain":  func() error { return w.Drain(t.Context(), by, "n2") },
		"invite": func() error { _, _, _, err := w.Invite(t.Context(), by); return err },
	} {
		if err := deed(); err == nil {
			t.Errorf("%s was done", name)
		}
	}
	if got, want := w.actions(t, by), []string{"job.delete", "job.retry", "letter.delete", "scrub.start"}; !slices.Equal(got, want) {
		t.Errorf("recorded are %v, want %v", got, want)
	}
}

// Who cannot do anything with nodes is told why.
func TestNodesElsewhereAreManagedElsewhere(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Removal(t.Context(), "n1"); !fault.Is(err, fault.Conflict) {
		t.Errorf("without a cluster: %v", err)
	}
	w.External = true
	if _, err := w.Draining(t.Context(), "n1"); !fault.Is(err, fault.Conflict) || err.Error() == operator.New(operator.Deps{}).NoCluster().Error() {
		t.Errorf("with an etcd elsewhere: %v", err)
	}
}
