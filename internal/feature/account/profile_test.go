package account_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
)

func TestProfileKeepsBareHandles(t *testing.T) {
	a, db := accounts(t, account.Options{})
	u := create(t, a, account.Draft{Username: "jose"})
	err := a.SetProfile(t.Context(), operator, u.ID, account.Profile{FullName: " José Valim ", URL: "https://example.com/jose ", Handles: map[string]string{
		"github": "https://github.com/josevalim/", "twitter": " @josevalim", "bluesky": "jose.example.com", "slack": " ", "elixirforum": "https://elixirforum.com/u/jose",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"github": "josevalim", "twitter": "josevalim", "bluesky": "jose.example.com", "elixirforum": "jose"}
	got, _ := account.ByName(db.View(), "jose")
	if diff := cmp.Diff(want, got.Handles); diff != "" || got.FullName != "José Valim" || got.URL != "https://example.com/jose" {
		t.Errorf("full name = %q, handles (-want +got)\n%s", got.FullName, diff)
	}
	for field, p := range map[string]account.Profile{
		"full_name": {FullName: strings.Repeat("é", 256)},
		"url":       {URL: "javascript:alert(1)"},
		"myspace":   {Handles: map[string]string{"myspace": "jose"}},
		"github":    {Handles: map[string]string{"github": "jo\nse"}},
		"slack":     {Handles: map[string]string{"slack": strings.Repeat("x", 101)}},
	} {
		err := a.SetProfile(t.Context(), operator, u.ID, p)
		if _, ok := fields(t, err)[field]; !ok {
			t.Errorf("%s: error = %v", field, err)
		}
	}
	if err := a.SetProfile(t.Context(), operator, "nobody", account.Profile{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody's profile: %v", err)
	}
}

// Whoever does without a letter is not written to about it, and about his account always.
func TestOptionalLettersAreForThoseWhoWantThem(t *testing.T) {
	a, db := accounts(t, account.Options{})
	u := create(t, a, account.Draft{Username: "jose", Emails: []string{"jose@example.com"}, Verified: true})
	if err := a.SetOptionalMail(t.Context(), operator, u.ID, []mail.Kind{mail.OwnerAdded, mail.PasswordChanged}); err != nil {
		t.Fatal(err)
	}
	u, _ = account.Users.Get(db.View(), u.ID)
	for kind, want := range map[mail.Kind]int{mail.Published: 0, mail.OwnerAdded: 1, mail.OwnerRemoved: 0, mail.MemberAdded: 0, mail.PasswordChanged: 1, mail.ReleaseRemoved: 1} {
		if got := len(u.AddressesFor(kind)); got != want {
			t.Errorf("%s goes to %d addresses, want %d", kind, got, want)
		}
	}
}
