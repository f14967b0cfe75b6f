// Package mailtest reads what a test's rooms have written to people.
//
// It knows the outbox and opens its letters; it sends nothing.
package mailtest

import (
	"testing"

	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// New returns a Mail without transport over db, which has job.Tables and mail.Tables.
func New(t testing.TB, db *store.DB) *mail.Mail {
	t.Helper()
	sealer, err := seal.Open(t.TempDir() + "/secret.key")
	if err != nil {
		t.Fatal(err)
	}
	return mail.New(db, job.New(db, job.Options{}), sealer, mail.Options{URL: "https://hub.example.com", From: "hub@example.com", Registry: "acme"})
}

// Letters returns those of the outbox that are of the kind, or all if it is empty, the newest first.
func Letters(t testing.TB, m *mail.Mail, kind mail.Kind) []mail.Letter {
	t.Helper()
	var out []mail.Letter
	for after, more := "", true; more; more = after != "" {
		page, next, err := m.Outbox(t.Context(), after, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			if kind != "" && e.Kind != kind {
				continue
			}
			params, err := m.Open(e.Stored)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, mail.Letter{Kind: e.Kind, To: e.To, Params: params})
		}
		after = next
	}
	return out
}

// Last returns the newest letter of the kind, and fails the test if there is none.
func Last(t testing.TB, m *mail.Mail, kind mail.Kind) mail.Letter {
	t.Helper()
	all := Letters(t, m, kind)
	if len(all) == 0 {
		t.Fatalf("nobody was written a letter of kind %s", kind)
	}
	return all[0]
}
