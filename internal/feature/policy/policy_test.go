package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

var (
	hexhub  = name.MustRepository("hexhub") // the default repository
	guild   = name.MustRepository("guild")  // ann administers, wes writes, rob reads
	library = name.MustRepository("library")
)

// A world is two organizations; max is in none of them, and ann administers both.
type world struct {
	testing.TB
	*policy.Policies
	db *store.DB
}

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, audit.Tables, account.Tables, org.Tables, access.Tables, policy.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &world{t, policy.New(db, hexhub), db}
	w.must(db.Update(t.Context(), func(tx *store.Tx) error {
		for _, n := range []string{"ann", "wes", "rob", "max"} {
			account.Users.Put(tx, account.User{ID: n, Username: name.MustUser(n), Emails: []account.Email{{Address: n + "@example.com", Verified: true, Primary: true}}})
		}
		members := map[string]org.Role{"ann": org.Admin, "wes": org.Write, "rob": org.Read}
		for _, n := range []name.Repository{guild, library} {
			org.Organizations.Put(tx, org.Organization{Name: n, Members: members})
			org.Repositories.Put(tx, org.Repository{Name: n, Org: n})
		}
		org.Repositories.Put(tx, org.Repository{Name: hexhub, Public: true})
		for id, permission := range map[string]access.Permission{"all": {Domain: "api"}, "reads": {Domain: "api", Resource: "read"}, "fetches": {Domain: "repositories"}} {
			access.Keys.Put(tx, access.Key{ID: id, UserID: "ann", Hash: fmt.Sprintf("%-64s", id), Name: id, Permissions: []access.Permission{permission}})
		}
		access.Keys.Put(tx, access.Key{ID: "guild", Org: guild, Hash: fmt.Sprintf("%-64s", "guild"), Name: "guild", Permissions: []access.Permission{{Domain: "api"}}})
		return nil
	}))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// as returns a user by his name, or who shows a key, ann/reads or /guild; nobody for the empty text.
func (w *world) as(who string) access.Actor {
	w.Helper()
	user, key, keyed := strings.Cut(who, "/")
	if who == "" {
		return access.Actor{}
	}
	u, _ := account.Users.Get(w.db.View(), user)
	if !keyed {
		return access.Actor{User: u, Via: access.Password}
	}
	k, _ := access.Keys.Get(w.db.View(), key)
	return access.Actor{User: u, Org: k.Org, Key: k, Permissions: k.Permissions, Via: access.APIKey}
}

func draft(policyName string, tabs ...policy.TabDraft) policy.Draft {
	return policy.Draft{Name: policyName, Visibility: new("private"), Repositories: &tabs}
}

func (w *world) create(d policy.Draft) policy.Policy {
	w.Helper()
	p, err := w.Create(w.Context(), w.as("ann"), guild, d)
	w.must(err)
	return p
}

func TestOnlyAdministratorsEdit(t *testing.T) {
	w := newWorld(t)
	w.create(draft("strict"))
	for who, want := range map[string]string{
		"": "unauthenticated", "max": "not found", "rob": "not found", "wes": "not found", "ann": "",
		"ann/all": "", "ann/reads": "unauthenticated", "ann/fetches": "unauthenticated", "/guild": "",
	} {
		kind := func(err error) string {
			if err == nil {
				return ""
			}
			return fault.Of(err).String()
		}
		_, err := w.Create(t.Context(), w.as(who), guild, draft("made"))
		if got := kind(err); got != want {
			t.Errorf("%q creates: %q, want %q", who, got, want)
		}
		_, err = w.Update(t.Context(), w.as(who), guild, "strict", policy.Draft{Description: new("by " + who)})
		if got := kind(err); got != want {
			t.Errorf("%q updates: %q, want %q", who, got, want)
		}
		if got := kind(w.Delete(t.Context(), w.as(who), guild, "strict")); got != want {
			t.Errorf("%q deletes: %q, want %q", who, got, want)
		}
		if want == "" {
			w.must(w.Delete(t.Context(), w.as("ann"), guild, "made"))
			w.create(draft("strict"))
		}
	}
	// Who may not is told the same of what is there as of what is not, and of a wrong draft as of a good one.
	for _, err := range []error{
		w.Delete(t.Context(), w.as("wes"), guild, "absent"), w.Delete(t.Context(), w.as("ann"), guild, "absent"),
		w.Delete(t.Context(), w.as("/guild"), library, "strict"),
		second(w.Update(t.Context(), w.as("max"), guild, "absent", policy.Draft{})), second(w.Create(t.Context(), w.as("max"), guild, policy.Draft{})),
		second(w.Create(t.Context(), w.as("ann"), name.MustRepository("nowhere"), draft("strict"))), second(w.Create(t.Context(), w.as("ann"), hexhub, draft("strict"))),
	} {
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.NotFound || f.Message != "Page not found" {
			t.Errorf("error = %v", err)
		}
	}
}

func second(_ policy.Policy, err error) error { return err }

func TestMembersReadAndEverybodyWhatIsPublic(t *testing.T) {
	w := newWorld(t)
	hidden := w.create(draft("strict"))
	open := w.create(policy.Draft{Name: "open", Visibility: new("public")})
	for who, private := range map[string]string{
		"": "unauthenticated", "max": "not found", "rob": "", "wes": "", "ann": "", "ann/reads": "", "ann/fetches": "unauthenticated", "/guild": "",
	} {
		for of, p := range map[string]policy.Policy{"private": hidden, "absent": {}, "public": open} {
			want := private
			if of == "public" {
				want = ""
			}
			got := ""
			if err := policy.MayRead(w.db.View(), w.as(who), guild, p); err != nil {
				got = fault.Of(err).String()
			}
			if got != want {
				t.Errorf("%q reads what is %s: %q, want %q", who, of, got, want)
			}
		}
	}
}

func TestPoliciesSayWhatWasDrafted(t *testing.T) {
	w := newWorld(t)
	p := w.create(policy.Draft{
		Name: "strict", Description: new(" What we build upon. "), Visibility: new("public"),
		Repositories: &[]policy.TabDraft{
			{Repository: "guild", Cooldown: "0", Overrides: []policy.OverrideDraft{{"allow", "tool", ""}}},
			{Repository: "hexhub", Cooldown: "2w", MinSeverity: "none", Retirements: []string{"security", "invalid", "security"}, Overrides: []policy.OverrideDraft{
				{"deny", "evil", " "}, {"allow", "good", " ~> 1.0 or >= 3.0.0 "},
			}},
		},
	})
	want := policy.Policy{
		ID: p.ID, Organization: guild, Name: "strict", Description: "What we build upon.", Visibility: policy.Public, InsertedAt: p.InsertedAt, UpdatedAt: p.UpdatedAt, UpdatedBy: "ann",
		Repositories: []policy.Tab{
			{Repository: hexhub, Cooldown: "2w", MinSeverity: "none", Retirements: []policy.Reason{"invalid", "security"}, Overrides: []policy.Override{
				{"deny", name.MustPackage("evil"), ""}, {"allow", name.MustPackage("good"), "~> 1.0 or >= 3.0.0"},
			}},
			{Repository: guild, Cooldown: "0", Overrides: []policy.Override{{"allow", name.MustPackage("tool"), ""}}},
		},
	}
	names := cmp.Comparer(func(a, b name.Repository) bool { return a == b })
	packages := cmp.Comparer(func(a, b name.Package) bool { return a == b })
	kept, _ := policy.Get(w.db.View(), guild, "strict")
	if diff := cmp.Diff(want, kept, names, packages); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := kept.Published().Repositories; len(got) != 1 || got[0].Repository != hexhub || len(kept.Repositories) != 2 {
		t.Errorf("a public policy publishes %+v", got)
	}
	hidden, err := w.Update(t.Context(), w.as("ann"), guild, "strict", policy.Draft{Visibility: new("private")})
	w.must(err)
	if got := hidden.Published().Repositories; len(got) != 2 {
		t.Errorf("a private policy publishes %+v", got)
	}
	if hidden.ID != p.ID || hidden.Description != p.Description || !hidden.InsertedAt.Equal(p.InsertedAt) || hidden.UpdatedAt.Before(p.UpdatedAt) {
		t.Errorf("updated = %+v", hidden)
	}
}

// What is wrong is told by field, repository and package, in texts and never in lists.
func TestWhatIsWrongIsToldByField(t *testing.T) {
	w := newWorld(t)
	w.create(draft("taken"))
	deny := func(overrides ...policy.OverrideDraft) policy.TabDraft {
		return policy.TabDraft{Repository: "hexpm", Overrides: overrides}
	}
	var much []policy.OverrideDraft
	for i := range 2000 {
		much = append(much, policy.OverrideDraft{"deny", fmt.Sprint("package_", i), ""})
	}
	for want, d := range map[string]policy.Draft{
		"name can't be blank":                                                             draft(""),
		"name should be at least 3 character(s)":                                          draft("ab"),
		"name should be at most 64 character(s)":                                          draft(strings.Repeat("a", 65)),
		"name has invalid format":                                                         draft("Strict"),
		"name is reserved":                                                                draft("package-suggestions"),
		"name has already been taken":                                                     draft("taken"),
		"visibility can't be blank":                                                       {Name: "strict"},
		"visibility is invalid":                                                           {Name: "strict", Visibility: new("secret")},
		"description should be at most 500 character(s)":                                  {Name: "strict", Visibility: new("public"), Description: new(strings.Repeat("é", 501))},
		"description has invalid format":                                                  {Name: "strict", Visibility: new("public"), Description: new("a\x1b[31m")},
		"repositories.repository can't be blank":                                          draft("strict", policy.TabDraft{}),
		"repositories.other must be one of hexhub, hexpm, guild":                          draft("strict", policy.TabDraft{Repository: "other"}),
		"repositories.repository must be one of hexhub, hexpm, guild":                     draft("strict", policy.TabDraft{Repository: "a\x00b"}),
		"repositories.hexpm is listed more than once":                                     draft("strict", policy.TabDraft{Repository: "hexpm"}, policy.TabDraft{Repository: "hexpm"}),
		"repositories.guild.cooldown is invalid; repositories.hexhub.cooldown is invalid": draft("strict", policy.TabDraft{Repository: "guild", Cooldown: "7h"}, policy.TabDraft{Repository: "hexhub", Cooldown: "-1d"}),
		"repositories.hexpm.advisory_min_severity is invalid":                             draft("strict", policy.TabDraft{Repository: "hexpm", MinSeverity: "5"}),
		"repositories.hexpm.retirement_reasons contains invalid reasons":                  draft("strict", policy.TabDraft{Repository: "hexpm", Retirements: []string{"security", "boredom"}}),
		"repositories.hexpm.overrides.package can't be blank":                             draft("strict", deny(policy.OverrideDraft{Action: "deny"})),
		"repositories.hexpm.overrides.Evil.package has invalid format":                    draft("strict", deny(policy.OverrideDraft{"deny", "Evil", ""})),
		"repositories.hexpm.overrides.evil is listed more than once":                      draft("strict", deny(policy.OverrideDraft{"deny", "evil", ""}, policy.OverrideDraft{"allow", "evil", "~> 1.0"})),
		"repositories.hexpm.overrides.evil.action is invalid; repositories.hexpm.overrides.good.action can't be blank": draft("strict", deny(policy.OverrideDraft{"block", "evil", ""}, policy.OverrideDraft{"", "good", ""})),
		"repositories.hexpm.overrides.evil.requirement is invalid":                                                     draft("strict", deny(policy.OverrideDraft{"deny", "evil", "~> 1"})),
		"repositories should be at most 65536 bytes in all":                                                            draft("strict", deny(much...)),
	} {
		_, err := w.Create(t.Context(), w.as("ann"), guild, d)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || f.Fields.String() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
	}
	if n := len(policy.Of(w.db.View(), guild)); n != 1 {
		t.Errorf("%d policies are kept, want the one that was good", n)
	}
}

func TestGoodDraftsAreTaken(t *testing.T) {
	w := newWorld(t)
	for i, d := range []policy.TabDraft{
		{Repository: "hexhub"},
		{Repository: "hexpm", Cooldown: "14d"},
		{Repository: "guild", Cooldown: "1mo"},
		{Repository: "hexhub", Cooldown: "0"},
		{Repository: "hexhub", Cooldown: "007w"},
	} {
		w.create(draft(fmt.Sprint("policy-", i), d))
	}
	for _, n := range []string{"abc", "0.9", "a--_.b", strings.Repeat("z", 64)} {
		w.create(draft(n))
	}
	names := []string{}
	for _, p := range policy.Of(w.db.View(), guild) {
		names = append(names, p.Name)
	}
	if got, want := strings.Join(names, " "), "0.9 a--_.b abc policy-0 policy-1 policy-2 policy-3 policy-4 "+strings.Repeat("z", 64); got != want {
		t.Errorf("policies = %s, want %s", got, want)
	}
	if len(policy.Of(w.db.View(), library)) != 0 {
		t.Error("another organization has them, too")
	}
}

// A server in the place of hex.pm has no other repository of that name.
func TestTabsOfAServerNamedHexpm(t *testing.T) {
	w := newWorld(t)
	hexpm := policy.New(w.db, name.MustRepository("hexpm"))
	_, err := hexpm.Create(t.Context(), w.as("ann"), guild, draft("strict", policy.TabDraft{Repository: "hexhub"}))
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Fields.String() != "repositories.hexhub must be one of hexpm, guild" {
		t.Errorf("error = %v", err)
	}
}

func TestNamesNeverChange(t *testing.T) {
	w := newWorld(t)
	w.create(draft("strict"))
	_, err := w.Update(t.Context(), w.as("ann"), guild, "strict", policy.Draft{Name: "lax"})
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Fields.String() != "name can't be changed" {
		t.Errorf("error = %v", err)
	}
	if _, err := w.Update(t.Context(), w.as("ann"), guild, "strict", policy.Draft{Name: "strict", Description: new("x")}); err != nil {
		t.Error(err)
	}
}

// P8: of editors at the same moment none undoes what another did elsewhere in the policy.
func TestP8EditorsDoNotUndoEachOther(t *testing.T) {
	w := newWorld(t)
	w.create(draft("strict", policy.TabDraft{Repository: "hexhub"}))
	var wg sync.WaitGroup
	for _, d := range []policy.Draft{{Description: new("described")}, {Visibility: new("public")}, {Repositories: &[]policy.TabDraft{{Repository: "hexpm"}}}} {
		wg.Go(func() {
			if _, err := w.Update(t.Context(), w.as("ann"), guild, "strict", d); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p, _ := policy.Get(w.db.View(), guild, "strict")
	if p.Description != "described" || p.Visibility != policy.Public || len(p.Repositories) != 1 || p.Repositories[0].Repository.String() != "hexpm" {
		t.Errorf("policy = %+v", p)
	}
}

func TestOrganizationsHaveAHundredPolicies(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		w.create(draft(fmt.Sprintf("policy-%d", i)))
	}
	_, err := w.Create(t.Context(), w.as("ann"), guild, draft("policy-100"))
	if f, ok := errors.AsType[*fault.Error](err); !ok || !strings.Contains(f.Fields.String(), "there are 100 policies") {
		t.Errorf("error = %v", err)
	}
}

func TestDeedsAreAudited(t *testing.T) {
	w := newWorld(t)
	w.create(draft("strict", policy.TabDraft{Repository: "hexhub", Cooldown: "7d"}))
	_, err := w.Update(t.Context(), w.as("ann"), guild, "strict", policy.Draft{Description: new("why")})
	w.must(err)
	w.must(w.Delete(t.Context(), w.as("ann"), guild, "strict"))
	entries, _, err := audit.List(t.Context(), w.db.View(), audit.OrgRef("guild"), "", 10)
	w.must(err)
	var actions []string
	for _, e := range entries {
		actions = append(actions, e.Action)
	}
	if got := strings.Join(actions, " "); got != "policy.delete policy.update policy.create" {
		t.Fatalf("audit log has %s", got)
	}
	params, err := json.Marshal(entries[0].Params)
	w.must(err)
	id := entries[0].Params["id"]
	want := fmt.Sprintf(`{"description":"why","id":"%s","name":"strict","organization":"guild","repositories":[{"cooldown":"7d","repository":"hexhub"}],"visibility":"private"}`, id)
	if string(params) != want {
		t.Errorf("params = %s, want %s", params, want)
	}
}
