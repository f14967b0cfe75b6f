package trial_test

import (
	"fmt"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/trial"
	"hexhub/internal/kernel/store"
)

var (
	hexhub = name.MustRepository("hexhub")
	acme   = name.MustRepository("acme")
	now    = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
)

func publish(tx *store.Tx, repository name.Repository, pkg string, age time.Duration, retired catalog.Reason, versions ...string) {
	p := catalog.Package{ID: pkg, Repository: repository, Name: name.MustPackage(pkg)}
	var all []catalog.Release
	for _, v := range versions {
		r := catalog.Release{ID: pkg + v, Repository: repository, Package: p.Name, Version: version.MustParse(v), InsertedAt: now.Add(-age)}
		if retired != "" {
			r.Retirement = &catalog.Retirement{Reason: retired}
		}
		all = append(all, r)
	}
	catalog.ImportTx(tx, p, all, nil)
}

func newDB(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, audit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables, policy.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	const day = 24 * time.Hour
	if err := db.Update(t.Context(), func(tx *store.Tx) error {
		account.Users.Put(tx, account.User{ID: "ann", Username: name.MustUser("ann"), Emails: []account.Email{{Address: "ann@example.com", Verified: true, Primary: true}}})
		org.Organizations.Put(tx, org.Organization{Name: acme, Members: map[string]org.Role{"ann": org.Admin}})
		org.Repositories.Put(tx, org.Repository{Name: acme, Org: acme})
		org.Repositories.Put(tx, org.Repository{Name: hexhub, Public: true})
		publish(tx, hexhub, "decimal", 90*day, "", "1.0.0", "1.1.0", "2.0.0")
		publish(tx, hexhub, "fresh", day, "", "0.1.0", "0.2.0")
		publish(tx, hexhub, "old", 90*day, "security", "1.0.0")
		publish(tx, acme, "vault", 90*day, "security", "1.0.0")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return db
}

func as(db *store.DB, id string) access.Actor {
	u, _ := account.Users.Get(db.View(), id)
	if u.ID == "" {
		return access.Actor{}
	}
	return access.Actor{User: u, Via: access.Password}
}

func TestTrialTellsWhatIsRefusedAndWhy(t *testing.T) {
	db := newDB(t)
	p := policy.Policy{Repositories: []policy.Tab{
		{
			Repository: hexhub, Cooldown: "7d", Retirements: []policy.Reason{"security"}, MinSeverity: "high",
			Overrides: []policy.Override{{Action: "deny", Package: name.MustPackage("decimal"), Requirement: "< 2.0.0"}},
		},
		{Repository: acme, Retirements: []policy.Reason{"security"}},
		{Repository: name.MustRepository("hexpm"), Cooldown: "7d"},
	}}
	out := trial.Run(db.View(), as(db, "ann"), p, 10, now)
	if out.Releases != 7 || out.Refused != 6 || out.Packages != 4 || !out.Blind || fmt.Sprint(out.Absent) != "[hexpm]" {
		t.Errorf("%+v", out)
	}
	got := ""
	for _, h := range out.Hits {
		got += fmt.Sprintf("%s/%s %d whole=%t", h.Repository, h.Package, h.Releases, h.Whole())
		for _, r := range h.Refused {
			got += fmt.Sprintf(" %s:%s", r.Version, r.Cause)
		}
		got += "\n"
	}
	const want = "hexhub/fresh 2 whole=true 0.2.0:cooldown 0.1.0:cooldown\n" +
		"hexhub/old 1 whole=true 1.0.0:retired\n" +
		"acme/vault 1 whole=true 1.0.0:retired\n" +
		"hexhub/decimal 3 whole=false 1.1.0:denied 1.0.0:denied\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if some := trial.Run(db.View(), as(db, "ann"), p, 2, now); len(some.Hits) != 2 || some.Packages != 4 {
		t.Errorf("of most two: %+v", some)
	}
}

// L3: a trial counts nothing that its viewer may not read.
func TestL3TrialSeesWhatItsViewerMay(t *testing.T) {
	db := newDB(t)
	p := policy.Policy{Repositories: []policy.Tab{{Repository: acme, Retirements: []policy.Reason{"security"}}}}
	for _, who := range []string{"", "joe"} {
		if out := trial.Run(db.View(), as(db, who), p, 10, now); out.Releases != 0 || len(out.Hits) != 0 || len(out.Absent) != 1 {
			t.Errorf("%q is told %+v", who, out)
		}
	}
}

// Policies block what was retired for a reason by the name that retirements have for it.
func TestReasonsOfPoliciesAreThoseOfRetirements(t *testing.T) {
	if len(policy.Reasons) != len(catalog.Reasons) {
		t.Fatalf("%v and %v", policy.Reasons, catalog.Reasons)
	}
	for i, r := range catalog.Reasons {
		if policy.Reason(r) != policy.Reasons[i] {
			t.Errorf("%q is %q for policies", r, policy.Reasons[i])
		}
	}
}
