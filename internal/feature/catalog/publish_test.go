package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

func TestPublishMakesPackageAndRelease(t *testing.T) {
	w := newWorld(t)
	rel, created, err := w.Publish(t.Context(), w.as("joe"), draft(jason, "1.0.0", func(m *tarball.Metadata) {
		m.Elixir, m.Extra = "~> 1.15", map[string]any{"level": int64(3)}
	}), false)
	if err != nil || !created {
		t.Fatalf("created = %v, %v", created, err)
	}
	view := w.db.View()
	p, ok := catalog.Get(view, jason)
	if !ok || *p.Meta.Description != "a package" || p.Summary.Latest != v("1.0.0") || string(p.Meta.Extra) != `{"level":3}` {
		t.Errorf("package = %+v", p)
	}
	if got := w.owners(jason); got != "joe=full" {
		t.Errorf("owners = %s, want the publisher", got)
	}
	stored, ok := catalog.GetRelease(view, jason, v("1.0.0"))
	if diff := cmp.Diff(rel, stored, cmp.Comparer(func(a, b version.Version) bool { return a == b }), cmp.Comparer(func(a, b name.Package) bool { return a == b }), cmp.Comparer(func(a, b name.Repository) bool { return a == b })); !ok || diff != "" {
		t.Errorf("stored release (-returned +stored):\n%s", diff)
	}
	if stored.Publisher != "id-joe" || stored.Elixir != "~> 1.15" || stored.Size != 1024 {
		t.Errorf("release = %+v", stored)
	}
	meta, ok, err := catalog.Metadata(t.Context(), view, jason, v("1.0.0"))
	if err != nil || !ok || meta.Metadata.App != "jason" || meta.Metadata.Files != nil || meta.Unpacked != 4096 {
		t.Errorf("metadata = %+v, %v, %v", meta, ok, err)
	}
}

func TestFirstOwner(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "wes", tool, "1.0.0")
	ofOrg := access.Actor{Org: acme, Via: access.Password}
	if _, _, err := w.Publish(t.Context(), ofOrg, draft(plug, "1.0.0"), false); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[catalog.Ref]string{jason: "joe=full", tool: "", plug: "org:acme=full"} {
		if got := w.owners(ref); got != want {
			t.Errorf("%s is owned by %q, want %q", ref, got, want)
		}
	}
	// The organization's members publish what it owns as far as their roles go.
	check(t, "a writer of the owning organization", w.tryPublish("wes", draft(plug, "1.0.1"), false), "ok")
	check(t, "a reader of it", w.tryPublish("rob", draft(plug, "1.0.2"), false), isForbidden)
	view := w.db.View()
	if got := slices.Collect(catalog.OwnedBy(view, access.OfOrg(acme))); len(got) != 1 || got[0].Ref() != plug {
		t.Errorf("acme owns %v", got)
	}
	if got := slices.Collect(catalog.OwnedBy(view, access.OfUser("id-joe"))); len(got) != 1 || got[0].Ref() != jason {
		t.Errorf("joe owns %v", got)
	}
}

// The changes set one field each.
func describe(s *string) change   { return func(m *tarball.Metadata) { m.Description = s } }
func license(ls ...string) change { return func(m *tarball.Metadata) { m.Licenses = ls } }
func named(s string) change       { return func(m *tarball.Metadata) { m.Name = s } }
func elixir(s string) change      { return func(m *tarball.Metadata) { m.Elixir = s } }
func appNamed(s string) change    { return func(m *tarball.Metadata) { m.App = s } }

func link(url string) change {
	return func(m *tarball.Metadata) { m.Links = map[string]string{"Fine": "http://a.org", "Link": url} }
}

func require(n, app, requirement string) change {
	return func(m *tarball.Metadata) {
		m.Requirements = append(m.Requirements, tarball.Requirement{Name: n, App: app, Requirement: requirement})
	}
}

func TestFaultsOfPackages(t *testing.T) {
	tests := []struct {
		name    string
		ref     catalog.Ref
		changes []change
		want    string
	}{
		{"fine", jason, nil, "ok"},
		{"no description", jason, []change{describe(nil)}, "meta.description can't be blank"},
		{"blank description", jason, []change{describe(new(" \n"))}, "meta.description can't be blank"},
		{"no licences", jason, []change{license()}, "meta.licenses can't be blank"},
		{"empty licences", jason, []change{license([]string{}...), func(m *tarball.Metadata) { m.Licenses = []string{} }}, "ok"},
		{"unknown licence", jason, []change{license("MIT", "WTF-1", "WTF-2")}, `meta.licenses invalid license "WTF-1"`},
		{"licence in another case", jason, []change{license("mit")}, `meta.licenses invalid license "mit"`},
		{"licence of one's own", jason, []change{license("LicenseRef-my.own-1", "Apache-2.0")}, "ok"},
		{"licence that SPDX advises against", jason, []change{license("GPL-2.0")}, "ok"},
		{"E13 licence with markup", jason, []change{license("LicenseRef-<b>")}, `meta.licenses invalid license "LicenseRef-<b>"`},
		{"E13 licence on two lines", jason, []change{license("LicenseRef-a\nb")}, `meta.licenses invalid license "LicenseRef-a\nb"`},
		{"E13 script link", jason, []change{link("javascript:alert(1)")}, `meta.links invalid link "javascript:alert(1)"`},
		{"E13 data link", jason, []change{link("data:text/html,x")}, `meta.links invalid link "data:text/html,x"`},
		{"E13 link without a host", jason, []change{link("https:///x")}, `meta.links invalid link "https:///x"`},
		{"E13 link with a port only", jason, []change{link("http://:80/x")}, `meta.links invalid link "http://:80/x"`},
		{"E13 link that is none", jason, []change{link("github.com/x")}, `meta.links invalid link "github.com/x"`},
		{"E13 link with a control character", jason, []change{link("http://a\x1b[31m/")}, `meta.links invalid link "http://a\x1b[31m/"`},
		{
			"several at once", jason,
			[]change{describe(nil), license("X"), link("ftp://a")},
			`meta.description can't be blank; meta.licenses invalid license "X"; meta.links invalid link "ftp://a"`,
		},
		{"private without description and licences", tool, []change{describe(nil), license()}, "ok"},
		{"private with any licence", tool, []change{license("Ours")}, "ok"},
		{"private with a bad link", tool, []change{link("javascript:1")}, `meta.links invalid link "javascript:1"`},

		{"T34 reserved", jason, []change{named("stdlib")}, "name is reserved"},
		{"T34 reserved in private, too", tool, []change{named("hex")}, "name is reserved"},
		{"T34 one letter", jason, []change{named("j")}, "name should be at least 2 character(s)"},
		{"T34 path", jason, []change{named("../../x")}, "name has invalid format"},
		{"T34 homoglyph", jason, []change{named("jаson")}, "name has invalid format"},
		{"T34 capital", jason, []change{named("Jason")}, "name has invalid format"},
		{"T34 blank", jason, []change{named(" ")}, "name can't be blank"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			check(t, "publish", w.tryPublish("ann", draft(test.ref, "1.0.0", test.changes...), false), test.want)
		})
	}
}

func TestFaultsOfReleases(t *testing.T) {
	tests := []struct {
		name    string
		version string
		changes []change
		want    string
	}{
		{"fine", "1.0.0-rc.1", nil, "ok"},
		{"T34 two numbers", "1.0", nil, "version is invalid SemVer"},
		{"T34 v", "v1.0.0", nil, "version is invalid SemVer"},
		{"T34 leading zero", "1.00.0", nil, "version is invalid SemVer"},
		{"T34 path", "1.0.0-../../x", nil, "version is invalid SemVer"},
		{"T34 build", "1.0.0+build", nil, "version build number not allowed"},
		{"T34 twenty digits", "12345678901234567890.0.0", nil, "version numeric components must be at most 99999999999999"},
		{"T34 fifteen digits before a dash", "1.0.0-100000000000000", nil, "version numeric components must be at most 99999999999999"},
		{"T34 long pre-release", "1.0.0-" + strings.Repeat("a", 65), nil, "version prerelease must be at most 64 characters"},
		{"elixir", "1.0.0", []change{elixir("1 something")}, `meta.elixir invalid requirement: "1 something"`},
		{"elixir with !=", "1.0.0", []change{elixir("!= 1.0.0")}, `meta.elixir invalid requirement: "!= 1.0.0", != is not allowed in requirements`},
		{"app with a path", "1.0.0", []change{appNamed("../x")}, "meta.app has invalid format"},
		{"app with code", "1.0.0", []change{appNamed(`a, path: "/"`)}, "meta.app has invalid format"},
		{"requirement", "1.0.0", []change{require("jsn", "jsn", "~> 1")}, `requirements.jsn invalid requirement: "~> 1"`},
		{
			"requirement with !=", "1.0.0",
			[]change{require("jsn", "jsn", "~> 1.0 and != 1.2.3")},
			`requirements.jsn invalid requirement: "~> 1.0 and != 1.2.3", != is not allowed in requirements`,
		},
		{"requirement of no name", "1.0.0", []change{require("Jsn", "jsn", "~> 1.0")}, "requirements.Jsn has invalid format"},
		{"requirement of a strange app", "1.0.0", []change{require("jsn", "../jsn", "~> 1.0")}, "requirements.jsn app: has invalid format"},
		{"not where it is said to be", "1.0.0", []change{needs("hexhub/jsn")}, `requirements.jsn package does not exist in repository "hexhub"`},
		{
			"several at once", "1.0.0",
			[]change{elixir("x"), needs("hexhub/jsn"), require("foo", "foo", "!")},
			`meta.elixir invalid requirement: "x"; requirements.foo invalid requirement: "!"; requirements.jsn package does not exist in repository "hexhub"`,
		},
		{"too many", "1.0.0", []change{func(m *tarball.Metadata) {
			for i := range 201 {
				require(fmt.Sprintf("dep_%d", i), "dep", "~> 1.0")(m)
			}
		}}, "requirements should have at most 200 item(s)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			check(t, "publish", w.tryPublish("ann", draft(jason, test.version, test.changes...), false), test.want)
			if got := w.versions(jason); test.want != "ok" && got != "" {
				t.Errorf("a refused draft left %s", got)
			}
		})
	}
}

func TestManyRequirementsFitATransaction(t *testing.T) {
	w := newWorld(t)
	check(t, "publish", w.tryPublish("ann", draft(tool, "1.0.0", func(m *tarball.Metadata) {
		for i := range 200 {
			require(fmt.Sprintf("dep_%d", i), "dep", "~> 1.0")(m)
		}
	}), false), "ok")
}

func TestPackageProblemsComeFirst(t *testing.T) {
	w := newWorld(t)
	both := draft(jason, "1.0", describe(nil), require("jsn", "jsn", "~> 1"))
	check(t, "both wrong", w.tryPublish("joe", both, false), "meta.description can't be blank")
	check(t, "neither allowed", w.tryPublish("joe", draft(tool, "1.0", describe(nil)), false), isNotFound)
}

func TestClaimedNameMustMatch(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "eve", plug, "1.0.0")
	const mismatch = "name metadata does not match package name"
	for _, test := range []struct{ name, who, claimed, real, want string }{
		{"T34 another package of one's own", "eve", "plug", "newone", mismatch},
		{"Z2 metadata of another's package", "eve", "plug", "jason", mismatch},
		{"Z2 URL of another's package", "eve", "jason", "plug", isForbidden},
		{"T34 metadata that is no name", "eve", "plug", "../plug", mismatch},
		{"both", "eve", "plug", "plug", "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := draft(catalog.Ref{Repository: hexhub, Name: plug.Name}, "2.0.0", named(test.real))
			d.ClaimedName = name.MustPackage(test.claimed)
			check(t, "publish", w.tryPublish(test.who, d, true), test.want)
		})
	}
	if got := w.versions(jason); got != "1.0.0" {
		t.Errorf("jason has %s", got)
	}
}

func TestWhoMayPublish(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "wes", tool, "1.0.0")
	nobody := catalog.Ref{Repository: name.MustRepository("nobody"), Name: jason.Name}
	for _, test := range []struct {
		name, who string
		ref       catalog.Ref
		want      string
	}{
		{"owner", "joe", jason, "ok"},
		{"stranger", "eve", jason, isForbidden},
		{"anonymous", "", jason, isMissing},
		{"writer", "wes", tool, "ok"},
		{"reader", "rob", tool, isForbidden},
		{"Z2 writer of another organization", "bob", tool, isNotFound},
		{"Z2 new package in another's repository", "bob", catalog.Ref{Repository: acme, Name: name.MustPackage("fresh")}, isNotFound},
		{"no such repository", "joe", nobody, isNotFound},
		{"anonymous with a name that is none", "", jason, isMissing},
	} {
		t.Run(test.name, func(t *testing.T) {
			repository, _ := org.Repositories.Get(w.db.View(), test.ref.Repository.String())
			if test.want != "ok" {
				check(t, "before reading", w.MayPublish(w.db.View(), w.as(test.who), repository, test.ref.Name), test.want)
			}
			d := draft(test.ref, "1.1.0")
			if strings.HasSuffix(test.name, "none") {
				named("../x")(&d.Tarball.Metadata)
			}
			check(t, "publish", w.tryPublish(test.who, d, true), test.want)
		})
	}
}

// The actor is a claim from when the request began; what counts is when it ends.
func TestRightsAreReadWithinTheTransaction(t *testing.T) {
	w := newWorld(t)
	wes := w.as("wes")
	w.put(t, func(tx *store.Tx) {
		putOrg(tx, acme, false, wes.User.InsertedAt, map[string]org.Role{"ann": org.Admin})
	})
	_, _, err := w.Publish(t.Context(), wes, draft(tool, "1.0.0"), false)
	check(t, "a former member publishes", err, isNotFound)
}

// T35
func TestOneWinnerPerVersion(t *testing.T) {
	const clients = 50
	for _, replace := range []bool{false, true} {
		t.Run(fmt.Sprintf("T35 replace=%v", replace), func(t *testing.T) {
			w := newWorld(t)
			var wg sync.WaitGroup
			var created, refused, replaced atomic.Int32
			for i := range clients {
				d := draft(jason, "1.0.0", describe(new(fmt.Sprintf("copy %d", i))))
				wg.Go(func() {
					_, isNew, err := w.Publish(t.Context(), w.as("joe"), d, replace)
					switch {
					case err == nil && isNew:
						created.Add(1)
					case err == nil:
						replaced.Add(1)
					case said(err) == "inserted_at must include the --replace flag to update an existing release":
						refused.Add(1)
					default:
						t.Errorf("publish: %v", err)
					}
				})
			}
			wg.Wait()
			if created.Load() != 1 {
				t.Errorf("%d clients created the version, want 1", created.Load())
			}
			if losers := refused.Load(); !replace && losers != clients-1 {
				t.Errorf("%d clients were refused, want %d", losers, clients-1)
			}
			if losers := replaced.Load(); replace && losers != clients-1 {
				t.Errorf("%d clients replaced the version, want %d", losers, clients-1)
			}
			view := w.db.View()
			p, _ := catalog.Get(view, jason)
			rel, _ := catalog.GetRelease(view, jason, v("1.0.0"))
			meta, _, _ := catalog.Metadata(t.Context(), view, jason, v("1.0.0"))
			if *p.Meta.Description != *meta.Metadata.Description || rel.Outer != draft(jason, "1.0.0", describe(p.Meta.Description)).Tarball.Outer {
				t.Errorf("package, release and metadata come from different tarballs: %s, %s", *p.Meta.Description, *meta.Metadata.Description)
			}
			if got := len(catalog.Releases(view, jason)); got != 1 || w.owners(jason) != "joe=full" {
				t.Errorf("%d releases, owned by %s", got, w.owners(jason))
			}
		})
	}
}

// T37: a name cannot pretend to be another with a piece of a version, nor a package another's release.
func TestRightsAreNeverAskedOfJoinedText(t *testing.T) {
	w := newWorld(t)
	short := catalog.Ref{Repository: hexhub, Name: name.MustPackage("ab")}
	long := catalog.Ref{Repository: hexhub, Name: name.MustPackage("ab_c")}
	w.publish(t, "joe", short, "1.0.0-c-2.0.0")
	w.publish(t, "eve", long, "1.0.0-2.0.0")
	check(t, "T37 the other's release", w.tryPublish("eve", draft(short, "1.0.0-c-2.0.0"), true), isForbidden)
	check(t, "T37 a version that reaches over", w.tryPublish("eve", draft(short, "2.0.0"), true), isForbidden)
	if got := w.versions(short) + "|" + w.versions(long); got != "1.0.0-c-2.0.0|1.0.0-2.0.0" {
		t.Errorf("releases are %s", got)
	}
	keys := map[string]bool{short.Key(): true, long.Key(): true, tool.Key(): true}
	if len(keys) != 3 {
		t.Errorf("keys collide: %v", keys)
	}
}

func TestWhereDependenciesAreFound(t *testing.T) {
	for _, test := range []struct {
		name, def string
		publisher catalog.Ref
		stated    string
		want      string
	}{
		{"stated nowhere, own repository", "hexhub", tool, "gear_own", "acme/gear_own"},
		{"stated nowhere, own before default", "hexhub", tool, "both", "acme/both"},
		{"stated nowhere, default", "hexhub", tool, "jason", "hexhub/jason"},
		{"stated nowhere, not hosted", "hexhub", tool, "unknown", "hexpm/unknown"},
		{"stated nowhere, another's private", "hexhub", tool, "gear", "hexpm/gear"},
		{"stated nowhere, from the default", "hexhub", plug, "jason", "hexhub/jason"},
		{"stated nowhere, private from the default", "hexhub", plug, "gear_own", "hexpm/gear_own"},
		{"hexpm is elsewhere", "hexhub", tool, "hexpm/jason", "hexpm/jason"},
		{"hexpm is here", "hexpm", tool, "hexpm/jason", "hexpm/jason"},
		{"hexpm is not the private one of that name", "hexpm", tool, "hexpm/both", "hexpm/both"},
		{"hexpm need not be hosted", "hexpm", plug, "hexpm/unknown", "hexpm/unknown"},
		{"own, stated", "hexhub", tool, "acme/both", "acme/both"},
		{"own, as some mix states it", "hexhub", tool, "hexpm:acme/both", "acme/both"},
		{"default, stated", "hexhub", tool, "hexhub/both", "hexhub/both"},
		{"own, not there", "hexhub", tool, "acme/jason", `requirements.jason package does not exist in repository "acme"`},
		{"L7 another's, there", "hexhub", tool, "beta/gear", `requirements.gear dependencies can only belong to public repository "hexpm" or current repository "acme", got: "beta"`},
		{"L7 another's, not there", "hexhub", tool, "nope/gear", `requirements.gear dependencies can only belong to public repository "hexpm" or current repository "acme", got: "nope"`},
		{"L7 private from the default", "hexhub", plug, "acme/gear_own", `requirements.gear_own dependencies can only belong to public repository "hexpm", got: "acme"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			def := name.MustRepository(test.def)
			w := openWorld(t, store.NewMemory(), def)
			for who, refs := range map[string][]string{"ann": {"acme/gear_own", "acme/both"}, "bob": {"beta/gear"}, "joe": {test.def + "/jason", test.def + "/both"}} {
				for _, ref := range refs {
					in, n, _ := strings.Cut(ref, "/")
					w.publish(t, who, catalog.Ref{Repository: name.MustRepository(in), Name: name.MustPackage(n)}, "1.0.0")
				}
			}
			publisher := test.publisher
			if publisher.Repository == hexhub {
				publisher.Repository = def
			}
			rel, _, err := w.Publish(t.Context(), w.as("ann"), draft(publisher, "1.0.0", needs(test.stated)), false)
			got := said(err)
			if err == nil {
				got = rel.Requirements[0].Ref().String()
			}
			if got != test.want {
				t.Errorf("%s needs %s: %s\nwant: %s", publisher, test.stated, got, test.want)
			}
		})
	}
}

func TestSummaryFollowsReleases(t *testing.T) {
	w := newWorld(t)
	summary := func() catalog.Summary {
		p, _ := catalog.Get(w.db.View(), gear)
		return p.Summary
	}
	tools := func(ts ...string) change { return func(m *tarball.Metadata) { m.BuildTools = ts } }
	w.publish(t, "bob", gear, "1.0.0", needs("jason"), tools("rebar3"))
	w.publish(t, "bob", gear, "2.0.0-rc.1", needs("plug", "gear"), tools("mix", "rebar3"))
	s := summary()
	if s.Latest != v("2.0.0-rc.1") || s.Stable != v("1.0.0") || s.Newest() != s.Stable {
		t.Errorf("latest %s, stable %s, newest %s", s.Latest, s.Stable, s.Newest())
	}
	want := "[mix rebar3] [hexpm/jason hexpm/plug] [hexpm/jason]"
	if got := fmt.Sprint(s.BuildTools, s.Needs, s.Depends); got != want {
		t.Errorf("tools, needs and depends are %s, want %s", got, want)
	}
	if err := w.Revert(t.Context(), w.as("bob"), gear, v("1.0.0")); err != nil {
		t.Fatal(err)
	}
	if s = summary(); s.Stable != (version.Version{}) || s.Newest() != v("2.0.0-rc.1") || fmt.Sprint(s.Needs) != "[hexpm/plug]" {
		t.Errorf("without 1.0.0: %+v", s)
	}
}

func TestReservedByAdministrators(t *testing.T) {
	w := newWorld(t)
	root := access.SystemActor("test")
	ctx := t.Context()
	check(t, "a user reserves", w.Reserve(ctx, w.as("joe"), jason.Name, version.Version{}), isForbidden)
	check(t, "reserve", w.Reserve(ctx, root, jason.Name, version.Version{}), "ok")
	check(t, "reserve a version", w.Reserve(ctx, root, plug.Name, v("1.0.0")), "ok")
	check(t, "T34 reserved package", w.tryPublish("joe", draft(jason, "1.0.0"), false), "name is reserved")
	check(t, "T34 reserved version", w.tryPublish("joe", draft(plug, "1.0.0"), false), "version is reserved")
	check(t, "another version", w.tryPublish("joe", draft(plug, "1.0.1"), false), "ok")
	if got := catalog.AllReserved(w.db.View()); len(got) != 2 {
		t.Errorf("reserved are %v", got)
	}
	check(t, "unreserve", w.Unreserve(ctx, root, jason.Name, version.Version{}), "ok")
	check(t, "no longer reserved", w.tryPublish("joe", draft(jason, "1.0.0"), false), "ok")
	check(t, "reserve what is there", w.Reserve(ctx, root, jason.Name, version.Version{}), "ok")
	check(t, "what is there stays open to its owners", w.tryPublish("joe", draft(jason, "1.0.1"), false), "ok")
	if got, want := w.actions(t, ""), "name.reserve name.reserve release.publish name.unreserve release.publish name.reserve release.publish"; got != want {
		t.Errorf("audit log has %s\nwant %s", got, want)
	}
}

func TestPublishIsRecorded(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "wes", tool, "1.0.0")
	entries, _, err := audit.List(t.Context(), w.db.View(), packageRef(tool), "", 10)
	if err != nil || len(entries) != 1 {
		t.Fatalf("entries = %v, %v", entries, err)
	}
	e := entries[0]
	pkg, _ := e.Params["package"].(map[string]any)
	rel, _ := e.Params["release"].(map[string]any)
	meta, _ := rel["meta"].(map[string]any)
	stored, _ := catalog.GetRelease(w.db.View(), tool, v("1.0.0"))
	if e.By.Username != "wes" || pkg["name"] != "tool" || pkg["organization"] != "acme" || rel["version"] != "1.0.0" ||
		rel["checksum"] != stored.Outer.String() || rel["package_id"] != pkg["id"] || meta["app"] != "tool" {
		t.Errorf("entry = %+v", e)
	}
	for _, ref := range []string{audit.OrgRef("acme"), audit.UserRef("id-wes")} {
		if got := w.actions(t, ref); got != "release.publish" {
			t.Errorf("%s has %q", ref, got)
		}
	}
}
