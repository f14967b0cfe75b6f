package people_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/people"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
)

// newWorld has ada, who owns public packages and one in acme; rob, who reads acme and owns nothing; pia, who
// owns nothing and is in no organization; acme, which owns a public package, and beta, which owns none.
func newWorld(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), store.NewMemory(), store.Options{}, job.Tables, mail.Tables, catalog.Tables, account.Tables, org.Tables, access.Tables, audit.Tables, stats.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		org.Repositories.Put(tx, org.Repository{Name: name.MustRepository("hexhub"), Public: true})
		for n, members := range map[string]map[string]org.Role{"acme": {"ada": org.Write, "rob": org.Read, "boss": org.Admin}, "beta": {"rob": org.Read}} {
			at := name.MustRepository(n)
			org.Repositories.Put(tx, org.Repository{Name: at, Org: at})
			org.Organizations.Put(tx, org.Organization{Name: at, Members: members})
		}
		for _, n := range []string{"ada", "rob", "pia", "boss"} {
			account.Users.Put(tx, account.User{ID: n, Username: name.MustUser(n), Service: true})
			account.Names.Put(tx, account.Holder{Name: n, Ref: audit.UserRef(n)})
		}
		for i, p := range []struct{ in, name, owner string }{{"hexhub", "money", "ada"}, {"hexhub", "mint", "ada"}, {"acme", "vault", "ada"}, {"acme", "safe", ""}, {"hexhub", "coin", "acme"}} {
			pkg := catalog.Package{Repository: name.MustRepository(p.in), Name: name.MustPackage(p.name), InsertedAt: time.Unix(int64(i), 0)}
			switch p.owner {
			case "ada":
				pkg.Owners = []catalog.Owner{{UserID: "ada", Level: access.Full}}
			case "acme":
				pkg.Owners = []catalog.Owner{{Org: name.MustRepository("acme"), Level: access.Full}}
			}
			r := catalog.Release{Repository: pkg.Repository, Package: pkg.Name, Version: version.MustParse("1.0.0")}
			catalog.ImportTx(tx, pkg, []catalog.Release{r}, nil)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func as(v *store.View, username string) *people.Viewer {
	u, ok := account.ByName(v, username)
	if !ok {
		return people.As(v, access.Actor{})
	}
	return people.As(v, access.Actor{User: u, Via: access.Password})
}

func names(all []people.Owned) string {
	var out []string
	for _, o := range all {
		out = append(out, o.Package.Name.String())
	}
	return strings.Join(out, " ")
}

// L3: what is private shows to its readers only, and counts for nobody else.
func TestL3PackagesOfPeopleAreThoseThatTheViewerMayRead(t *testing.T) {
	v := newWorld(t).View()
	for _, c := range []struct {
		viewer string
		owner  access.Owner
		want   string
	}{
		{"", access.OfUser("ada"), "mint money"},
		{"pia", access.OfUser("ada"), "mint money"},
		{"rob", access.OfUser("ada"), "mint money vault"},
		{"", access.OfOrg(name.MustRepository("acme")), "coin"},
		{"pia", access.OfOrg(name.MustRepository("acme")), "coin"},
		{"rob", access.OfOrg(name.MustRepository("acme")), "coin safe vault"},
		{"ada", access.OfOrg(name.MustRepository("beta")), ""},
	} {
		if got := names(as(v, c.viewer).Packages(c.owner, people.ByName)); got != c.want {
			t.Errorf("%q sees %q of %s, want %q", c.viewer, got, c.owner, c.want)
		}
	}
	if got := names(as(v, "").Packages(access.OfUser("ada"), people.Newest)); got != "mint money" {
		t.Errorf("newest first: %q", got)
	}
}

// Who is here for an organization alone, and an organization that owns nothing public, are nobody to strangers.
func TestStrangersLearnOfNobodyBehindAnOrganization(t *testing.T) {
	v := newWorld(t).View()
	for _, c := range []struct{ viewer, persons, organizations string }{
		{"", "ada pia", "acme"},
		{"pia", "ada rob pia boss", "acme"},
		{"rob", "ada rob pia boss", "acme beta"},
	} {
		s := as(v, c.viewer)
		var persons, organizations []string
		for _, n := range []string{"ada", "rob", "pia", "boss", "nobody", "acme"} {
			if _, ok := s.Person(n); ok {
				persons = append(persons, n)
			}
		}
		for _, n := range []string{"acme", "beta", "nobody", "ada", "hexhub", "../x"} {
			if _, ok := s.Organization(n); ok {
				organizations = append(organizations, n)
			}
		}
		if diff := cmp.Diff([]string{c.persons, c.organizations}, []string{strings.Join(persons, " "), strings.Join(organizations, " ")}); diff != "" {
			t.Errorf("%q knows (-want +got):\n%s", c.viewer, diff)
		}
	}
}

func TestMembersAreShownToMembers(t *testing.T) {
	v := newWorld(t).View()
	for viewer, want := range map[string]string{"": "", "pia": "", "rob": "boss ada rob"} {
		o, _ := as(v, viewer).Organization("acme")
		var got []string
		for _, m := range o.Members {
			got = append(got, m.User.Username.String())
		}
		if strings.Join(got, " ") != want || o.Inside != (want != "") {
			t.Errorf("%q is shown the members %v, want %q", viewer, got, want)
		}
	}
}

// Whatever somebody writes as his handle, no link leads to a site that is not the service's.
func TestHandlesLeadToTheirServices(t *testing.T) {
	for handle, url := range map[string]string{
		"josevalim": "https://github.com/josevalim", "jo se": "https://github.com/jo%20se", "a?b#c": "https://github.com/a%3Fb%23c",
		"../evil": "", "..": "", "x/y": "", "javascript:alert(1)": "https://github.com/javascript:alert%281%29",
	} {
		got := people.Handles(account.User{Handles: map[string]string{"github": handle, "freenode": "me", "unknown": "x"}})
		want := []people.Handle{{Service: "GitHub", Text: handle, URL: url}, {Service: "Libera", Text: "me"}}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", handle, got, want)
		}
	}
	for _, service := range account.HandleServices() {
		if len(people.Handles(account.User{Handles: map[string]string{service: "me"}})) != 1 {
			t.Errorf("a handle at %s is not shown", service)
		}
	}
}

func TestDownloadsAreAddedUp(t *testing.T) {
	all := make([]people.Owned, 3)
	for i := range all {
		all[i].Downloads = stats.Views{Day: 1, Week: 2, Recent: 3, All: 4}
	}
	if got, want := fmt.Sprint(people.Sum(all)), "{3 6 9 12}"; got != want {
		t.Errorf("sum %s, want %s", got, want)
	}
}

// Owners have the names that people know. Whose account is gone is none.
func TestOwners(t *testing.T) {
	v := newWorld(t).View()
	p := catalog.Package{Owners: []catalog.Owner{
		{UserID: "ghost", Level: access.Full},
		{UserID: "ada", Level: access.Maintainer},
		{Org: name.MustRepository("acme"), Level: access.Full},
	}}
	var got []string
	for _, o := range people.OwnersOf(v, p) {
		got = append(got, fmt.Sprint(o.Name, " ", o.Level, " ", o.Org()))
	}
	if want := []string{"ada maintainer false", "acme full true"}; !slices.Equal(got, want) {
		t.Errorf("the owners are %q, want %q", got, want)
	}
}
