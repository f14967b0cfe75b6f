package browser

import (
	"net/http"
	"testing"
	"time"

	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
)

// Whoever runs the registry looks after people and packages without a script.
func TestAdministrationNeedsNoScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.enrol("pat")
	h := newPlainHand(t, s.URL)
	h.become(s, "root")

	h.open("/admin/settings")
	h.send("/admin/settings", "The setting is in force", "deed", "set", "name", "mail.confirm", "value", "always")
	h.open("/admin")
	h.send("/admin", "You are reminded of it no more", "deed", "silence", "wish", "mail")

	s.Anonymous().Do(http.MethodPost, "/api/users", map[string]string{
		"username": "newcomer", "email": "newcomer@example.org", "password": "four unrelated wooden words",
	}).Expect(t, http.StatusCreated)
	const newcomer, pat = "/admin/users/newcomer", "/admin/users/pat"
	h.open(newcomer)
	h.send(newcomer, "The address counts as confirmed", "deed", "verify", "address", "newcomer@example.org")
	h.send(newcomer, "is an administrator now", "deed", "grant")
	h.send(newcomer, "is no administrator any more", "deed", "revoke")
	h.send(newcomer, "The way back in is changed", "deed", "recovery", "on", "false")
	h.send(newcomer, "The user is shut out", "deed", "deactivate")
	h.send(newcomer, "The user may come in again", "deed", "reactivate")
	h.send(newcomer, "The account is deleted", "deed", "delete", "confirm", "newcomer")
	h.open(pat)
	h.send(pat, "All sessions of the user have ended", "deed", "sessions")
	h.send(pat, "The second factor is taken away", "deed", "second")

	h.open("/admin/orgs")
	h.send("/admin/orgs", "The organization is founded", "deed", "create", "name", "society", "username", "wim")

	h.open("/admin/packages")
	h.send("/admin/packages", "The name is reserved", "deed", "reserve", "name", "forbidden", "reason", "a trademark")
	h.send("/admin/packages", "The name is free again", "deed", "unreserve", "name", "forbidden")
	const decimal = "/admin/packages/hexhub/decimal"
	h.open(decimal)
	h.send(decimal, "The owners are changed", "deed", "owner", "username", "wim", "level", "maintainer", "reason", "asked for by all")
	h.send(decimal, "The owners are changed", "deed", "disown", "owner", "wim", "reason", "asked for by all")
	h.send(decimal, "The release is retired", "deed", "retire", "version", "1.0.0", "retirement", "security", "message", "use 1.1", "reason", "reported to us")
	h.send(decimal, "The release is no longer retired", "deed", "unretire", "version", "1.0.0", "reason", "it was another")
	h.send(decimal, "The release is gone", "deed", "revert", "version", "1.1.0-rc.1", "confirm", "1.1.0-rc.1", "reason", "it has a secret in it")
}

// Whoever runs the registry looks after what lies below without a script.
func TestMachineryNeedsNoScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.must(s.DB.Update(t.Context(), func(tx *store.Tx) error {
		for _, id := range []string{"broken", "hopeless"} {
			job.Jobs.Put(tx, job.Job{ID: id, Kind: "nothing", Key: id, Dead: true, Error: "it broke", InsertedAt: time.Now()})
		}
		return nil
	}))
	h := newPlainHand(t, s.URL)
	h.become(s, "root")

	h.open("/admin/jobs")
	h.send("/admin/jobs", "The job is tried again", "deed", "retry", "id", "broken")
	h.send("/admin/jobs", "The job is given up", "deed", "delete", "id", "hopeless")

	letters, _, err := s.Mail.Outbox(t.Context(), "", 1)
	s.must(err)
	h.open("/admin/mail")
	h.send("/admin/mail", "The letter is deleted", "deed", "delete", "id", letters[0].ID)

	h.open("/admin/storage")
	h.send("/admin/storage", "All tarballs are read anew", "deed", "scrub")
}
