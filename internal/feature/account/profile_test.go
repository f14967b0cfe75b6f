package account_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
)

func TestProfileKeepsBareHandles(t *testing.T) {
	a, db := accounts(t, account.Options{})
	u := create(t, a, account.Draft{Username: "jose"})
	err := a.SetProfile(t.Context(), operator, u.ID, account.Profile{FullName: " José Valim ", Handles: map[string]string{
		"github": "https://github.com/josevalim/", "twitter": " @josevalim", "bluesky": "jose.example.com", "slack": " ", "elixirforum": "https://elixirforum.com/u/jose",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"github": "josevalim", "twitter": "josevalim", "bluesky": "jose.example.com", "elixirforum": "jose"}
	got, _ := account.ByName(db.View(), "jose")
	if diff := cmp.Diff(want, got.Handles); diff != "" || got.FullName != "José Valim" {
		t.Errorf("full name = %q, handles (-want +got)\n%s", got.FullName, diff)
	}
	for field, p := range map[string]account.Profile{
		"full_name": {FullName: strings.Repeat("é", 256)},
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
