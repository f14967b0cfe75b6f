package account_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

func TestDeletionTakesAMailedLinkAndFreshProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone []string
		w := newWorld(t, func(o *account.Options) {
			o.OnDelete = func(_ *store.Tx, _ audit.By, userID string, _ time.Time) error {
				gone = append(gone, userID)
				return nil
			}
		})
		u, eva := w.user("jose"), w.user("eva")
		s, _ := w.session(u)
		theirs, _ := w.session(eva)
		w.must(w.RequestDeletion(t.Context(), by(u), u.ID))
		token := w.wrote(mail.DeletionRequest, "jose@example.com").params["token"]
		w.must(w.CheckDeletion(u.ID, token))
		if w.CheckDeletion(eva.ID, token) == nil {
			t.Error("the link is good for another user")
		}
		time.Sleep(31 * time.Second)
		del := func(token string) error { return w.Delete(t.Context(), by(u), u.ID, s.ID, token) }
		wants(t, del(token), fault.Forbidden, "prove once more who you are")
		cookie, err := w.Sudo(t.Context(), u.ID, s.ID, good, local)
		w.must(err)
		wants(t, del(token[1:]), fault.Forbidden, "used already")
		wants(t, w.Delete(t.Context(), by(eva), eva.ID, theirs.ID, token), fault.Forbidden, "prove once more")
		_, err = w.Sudo(t.Context(), eva.ID, theirs.ID, good, local)
		w.must(err)
		wants(t, w.Delete(t.Context(), by(eva), eva.ID, theirs.ID, token), fault.Forbidden, "used already")
		wants(t, w.Delete(t.Context(), by(u), u.ID, theirs.ID, token), fault.Unauthenticated, "the session has ended")
		time.Sleep(30 * time.Second)
		w.must(del(token))
		if _, ok := account.ByName(w.db.View(), "jose"); ok || w.opens(cookie) || w.logsIn("jose", good) {
			t.Error("the account goes on")
		}
		if !slices.Equal(gone, []string{u.ID}) {
			t.Errorf("other rooms were told of %v", gone)
		}
		w.wrote(mail.AccountDeleted, "jose@example.com")
		// Z7: the name is nobody's for ever, the address is free.
		_, err = w.Create(t.Context(), operator, account.Draft{Username: "jose", Emails: []string{"j@example.com"}})
		if fields(t, err)["username"] != "has already been taken" {
			t.Errorf("the name is given again: %v", err)
		}
		_, err = w.Create(t.Context(), operator, account.Draft{Username: "josef", Emails: []string{"jose@example.com"}, Verified: true})
		w.must(err)
		got := slices.Sorted(slices.Values(actions(t, w.db, audit.UserRef(u.ID))))
		if want := []string{"session.create", "session.revoke", "user.create", "user.delete", "user.delete.request"}; !slices.Equal(got, want) {
			t.Errorf("audit = %v, want %v", got, want)
		}
	})
}

func TestA13OneOfManyDeletionsWins(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	s, _ := w.session(u)
	w.must(w.RequestDeletion(t.Context(), by(u), u.ID))
	token := w.wrote(mail.DeletionRequest, "jose@example.com").params["token"]
	errs := race(1000, func(int) error { return w.Delete(context.Background(), by(u), u.ID, s.ID, token) })
	if won := count(errs); won != 1 {
		t.Errorf("%d of 1000 deletions succeeded, want 1", won)
	}
}

func TestWhoIsNeededCannotGo(t *testing.T) {
	needed := true
	w := newWorld(t, func(o *account.Options) {
		o.MayDelete = func(*store.Tx, string) error {
			if needed {
				return fault.New(fault.Conflict, "nobody else administers acme")
			}
			return nil
		}
	})
	u := w.user("jose")
	wants(t, w.RequestDeletion(t.Context(), by(u), u.ID), fault.Conflict, "acme")
	wants(t, w.Remove(t.Context(), operator, u.ID), fault.Conflict, "acme")
	needed = false
	w.must(w.SetAdmin(t.Context(), operator, u.ID, true))
	wants(t, w.RequestDeletion(t.Context(), by(u), u.ID), fault.Conflict, "last administrator")
	wants(t, w.Remove(t.Context(), operator, u.ID), fault.Conflict, "last administrator")
	w.must(w.SetAdmin(t.Context(), operator, w.user("eva").ID, true))
	w.must(w.Remove(t.Context(), operator, u.ID))
	w.wrote(mail.AccountRemoved, "jose@example.com")
	wants(t, w.Remove(t.Context(), operator, u.ID), fault.NotFound, "there is no such user")
}

func TestDeletionIsAskedForSeldom(t *testing.T) {
	w := newWorld(t)
	u := w.user("jose")
	for range 3 {
		w.must(w.RequestDeletion(t.Context(), by(u), u.ID))
	}
	wants(t, w.RequestDeletion(t.Context(), by(u), u.ID), fault.Limited, "Too many requests to delete")
	unproved, _ := w.register("eva")
	wants(t, w.RequestDeletion(t.Context(), by(unproved), unproved.ID), fault.Conflict, "no confirmed e-mail address")
}

func TestForgottenIsWhatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.run(t)
		jose, eva := w.user("jose"), w.user("eva")
		w.enrol(jose)
		_, old := w.session(jose)
		w.opens(old)
		w.reset(jose)
		_, err := w.Login(t.Context(), "jose", good, at("192.0.2.1"))
		w.must(err)
		w.must(w.Remove(t.Context(), operator, jose.ID))
		s, cookie := w.session(eva)
		w.reset(eva)
		_, err = w.StartTOTP(t.Context(), eva.ID, s.ID)
		w.must(err)
		rows := func() (out []string) {
			w.must(w.Forget(t.Context()))
			for _, table := range []string{"session", "session-use", "ticket", "enrolment", "code-use", "familiar"} {
				page, err := w.log.Range(t.Context(), table+"/", table+"0", 0, 1000)
				w.must(err)
				for range page.Records {
					out = append(out, table)
				}
			}
			return out
		}
		time.Sleep(time.Minute)
		w.opens(cookie)
		time.Sleep(time.Minute)
		if got := rows(); !slices.Equal(got, []string{"session", "session-use", "ticket", "enrolment"}) {
			t.Errorf("left after a removal: %v", got)
		}
		time.Sleep(25 * time.Hour)
		if got := rows(); !slices.Equal(got, []string{"session", "session-use"}) {
			t.Errorf("left after a day: %v", got)
		}
		time.Sleep(7 * 24 * time.Hour)
		if got := rows(); len(got) != 0 {
			t.Errorf("left after a week: %v", strings.Join(got, " "))
		}
	})
}
