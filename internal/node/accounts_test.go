package node_test

import (
	"testing"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/fault"
)

const accountsWorld = `
user root admin
user eva
user pat
org guild admin=eva read=pat
package hexhub/decimal owner=eva,pat
release hexhub/decimal 1.0.0
package hexhub/ratio owner=pat
release hexhub/ratio 1.0.0
key eva all permissions=api,repositories
key pat all permissions=api,repositories
`

func named(t *testing.T, h *hubtest.Hub, username string) account.User {
	t.Helper()
	u, ok := account.ByName(h.DB.View(), username)
	if !ok {
		t.Fatalf("there is no user %s", username)
	}
	return u
}

// What hangs on an account in other rooms goes with it; packages stay, and whoever is needed stays too.
func TestWithAnAccountGoesWhatIsItsUsers(t *testing.T) {
	t.Parallel()
	h := hubtest.World(t, accountsWorld)
	root, eva, pat := audit.By{Username: "root"}, named(t, h, "eva"), named(t, h, "pat")
	if err := h.Accounts.Remove(t.Context(), root, eva.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("the only administrator of an organization is removed: %v", err)
	}
	if err := h.Accounts.Remove(t.Context(), root, pat.ID); err != nil {
		t.Fatal(err)
	}
	h.As("pat/all").Get("/api/users/me").Expect(t, 401)
	h.As("pat/all").Get("/repo/repos/guild/names").Expect(t, 401)
	v := h.DB.View()
	if got := org.RoleOf(v, name.MustRepository("guild"), pat.ID); got != "" {
		t.Errorf("he is still %s of guild", got)
	}
	for p := range catalog.OwnedBy(v, access.OfUser(pat.ID)) {
		t.Errorf("he still owns %s", p.Ref())
	}
	for _, pkg := range []string{"decimal", "ratio"} {
		h.Anonymous().Get("/api/packages/"+pkg).Expect(t, 200)
	}
	h.As("eva/all").Get("/api/orgs/guild/members").Expect(t, 200)
	if err := h.Access.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := access.KeysOf(h.DB.View(), access.OfUser(pat.ID)); len(got) != 0 {
		t.Errorf("his keys are kept: %v", got)
	}
}

// A17: whoever has a password by mail gets neither the keys of before nor those that a thief made.
func TestA17ResetEndsKeysUnlessTheyAreKept(t *testing.T) {
	t.Parallel()
	for _, keep := range []bool{false, true} {
		h := hubtest.World(t, accountsWorld)
		token, _, err := h.Accounts.IssueReset(t.Context(), audit.By{Username: "root"}, named(t, h, "pat").ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Accounts.FinishReset(t.Context(), token, "another long password", account.Origin{}, keep); err != nil {
			t.Fatal(err)
		}
		want := 401
		if keep {
			want = 200
		}
		h.As("pat/all").Get("/api/users/me").Expect(t, want)
		h.As("eva/all").Get("/api/users/me").Expect(t, 200)
	}
}
