package catalog_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

const (
	lastOwner = "username cannot remove last owner of package"
	lastFull  = "username cannot remove the last full owner of package"
	demoted   = "username cannot demote the last full owner of a package"
	notMember = "username cannot add owner to private package when the user is not a member of the organization"
)

func TestSetOwner(t *testing.T) {
	for _, test := range []struct {
		name, who string
		ref       catalog.Ref
		login     string
		level     access.Level
		transfer  bool
		want      string
		owners    string // after it, if it is ok
		action    string
	}{
		{"add", "joe", jason, "eve", "", false, "ok", "eve=full joe=full", "owner.add"},
		{"add a maintainer", "joe", jason, "EVE", access.Maintainer, false, "ok", "eve=maintainer joe=full", "owner.add"},
		{"by public address", "joe", jason, "Eve@example.com", access.Full, false, "ok", "eve=full joe=full", "owner.add"},
		{"by hidden address", "joe", jason, "max@example.com", access.Full, false, isNotFound, "", ""},
		{"unknown", "joe", jason, "nobody", access.Full, false, isNotFound, "", ""},
		{"level", "joe", jason, "eve", "boss", false, "level is invalid", "", ""},
		{"transfer", "joe", jason, "eve", access.Full, true, "ok", "eve=full", "owner.transfer"},
		{"transfer to nobody in full", "joe", jason, "eve", access.Maintainer, true, demoted, "", ""},
		{"demote the last full owner", "joe", jason, "joe", access.Maintainer, false, demoted, "", ""},
		{"no change", "joe", jason, "joe", access.Full, false, "ok", "joe=full", ""},
		{"stranger", "eve", jason, "eve", access.Full, false, isForbidden, "", ""},
		{"anonymous", "", jason, "eve", access.Full, false, isMissing, "", ""},
		{"no such package", "joe", plug, "eve", access.Full, false, isNotFound, "", ""},

		{"organization without transfer", "ann", gear, "acme", access.Full, false, isNotFound, "", ""},
		{"organization", "wes", plug, "acme", access.Full, true, isNotFound, "", ""},

		{"private, member", "ann", tool, "rob", access.Full, false, "ok", "rob=full", "owner.add"},
		{"private, not a member", "ann", tool, "joe", access.Full, false, notMember, "", ""},
		{"private, only a writer", "wes", tool, "rob", access.Full, false, isForbidden, "", ""},
		{"Z2 another organization's", "bob", tool, "bob", access.Full, false, isNotFound, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(t, "joe", jason, "1.0.0")
			w.publish(t, "wes", tool, "1.0.0")
			check(t, "set owner", w.SetOwner(t.Context(), w.as(test.who), test.ref, test.login, test.level, test.transfer), test.want)
			if test.want != "ok" {
				return
			}
			if got := w.owners(test.ref); got != test.owners {
				t.Errorf("owners are %s, want %s", got, test.owners)
			}
			want := "release.publish"
			if test.action != "" {
				want += " " + test.action
			}
			if got := w.actions(t, packageRef(test.ref)); got != want {
				t.Errorf("audit log has %s, want %s", got, want)
			}
		})
	}
}

func TestOrganizationsAsOwners(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.publish(t, "wes", plug, "1.0.0")
	set := func(who, login string, level access.Level, transfer bool) error {
		return w.SetOwner(ctx, w.as(who), plug, login, level, transfer)
	}
	check(t, "an organization one is not in", set("wes", "beta", access.Full, true), isNotFound)
	check(t, "without transfer", set("wes", "acme", access.Full, false), "username organization ownership can only be transferred, removing all existing owners")
	check(t, "not in full", set("wes", "acme", access.Maintainer, true), `level ownership level is required to be "full" for organization ownership`)
	check(t, "transfer", set("wes", "acme", access.Full, true), "ok")
	if got := w.owners(plug); got != "org:acme=full" {
		t.Errorf("owners are %s", got)
	}
	check(t, "a writer of it manages owners", set("wes", "wes", access.Full, false), isForbidden)
	check(t, "an administrator of it does", set("ann", "joe", access.Full, false), "ok")
	check(t, "and removes it", w.RemoveOwner(ctx, w.as("ann"), plug, "acme"), "ok")
	if got := w.owners(plug); got != "joe=full" {
		t.Errorf("owners are %s", got)
	}
}

func TestPrivatePackageOwnedByItsOrganization(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "bob", gear, "1.0.0")
	w.put(t, func(tx *store.Tx) {
		putOrg(tx, acme, false, time.Now(), map[string]org.Role{"ann": org.Admin, "bob": org.Read})
	})
	check(t, "another organization", w.SetOwner(t.Context(), w.as("bob"), gear, "acme", access.Full, true), notMember)
	check(t, "its own", w.SetOwner(t.Context(), w.as("bob"), gear, "beta", access.Full, true), "ok")
}

func TestRemoveOwner(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "wes", tool, "1.0.0")
	remove := func(who string, ref catalog.Ref, login string) error {
		return w.RemoveOwner(ctx, w.as(who), ref, login)
	}
	check(t, "the only owner", remove("joe", jason, "joe"), lastOwner)
	check(t, "add", w.SetOwner(ctx, w.as("joe"), jason, "eve", access.Maintainer, false), "ok")
	check(t, "the last full owner", remove("joe", jason, "joe"), lastFull)
	check(t, "no owner", remove("joe", jason, "bob"), "username user is not an owner of package")
	check(t, "unknown", remove("joe", jason, "nobody"), isNotFound)
	check(t, "a hidden address", remove("joe", jason, "max@example.com"), isNotFound)
	check(t, "by a maintainer", remove("eve", jason, "joe"), isForbidden)
	check(t, "promote", w.SetOwner(ctx, w.as("joe"), jason, "eve@example.com", access.Full, false), "ok")
	check(t, "oneself", remove("joe", jason, "joe"), "ok")
	check(t, "no longer one's", remove("joe", jason, "eve"), isForbidden)
	if got, want := w.actions(t, packageRef(jason)), "release.publish owner.add owner.update owner.remove"; got != want {
		t.Errorf("audit log has %s, want %s", got, want)
	}
	check(t, "add to private", w.SetOwner(ctx, w.as("ann"), tool, "rob", access.Full, false), "ok")
	check(t, "demote the last in private", w.SetOwner(ctx, w.as("ann"), tool, "rob", access.Maintainer, false), demoted)
	check(t, "a private package needs no owner", remove("ann", tool, "rob"), "ok")
}

func TestDeactivatedUserIsNoOwnerToBe(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	w.put(t, func(tx *store.Tx) {
		u, _ := account.ByName(tx, "eve")
		u.DeactivatedAt = new(time.Now())
		account.Users.Put(tx, u)
	})
	check(t, "add", w.SetOwner(t.Context(), w.as("joe"), jason, "eve", access.Full, false), isNotFound)
}

// Many who remove each other and themselves at once leave one.
func TestZ6LastOwnerStays(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	all := []string{"joe", "ann", "wes", "rob", "bob", "eve"}
	for _, n := range all[1:] {
		check(t, "add", w.SetOwner(t.Context(), w.as("joe"), jason, n, access.Full, false), "ok")
	}
	var wg sync.WaitGroup
	for i, n := range all {
		for _, other := range []string{n, all[(i+1)%len(all)]} {
			wg.Go(func() {
				if err := w.RemoveOwner(t.Context(), w.as(n), jason, other); said(err) == isNotFound {
					t.Errorf("Z6 %s removes %s: %v", n, other, err)
				}
			})
		}
	}
	wg.Wait()
	p, _ := catalog.Get(w.db.View(), jason)
	if len(p.Owners) != 1 || p.Owners[0].Level != access.Full {
		t.Fatalf("Z6 owners = %v, want exactly one, in full", p.Owners)
	}
}

// Whatever owners do to each other, a public package has a full owner, and nobody twice.
func TestAFullOwnerStays(t *testing.T) {
	people := []string{"joe", "ann", "wes", "rob"}
	refs := 0
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		refs++
		ref := catalog.Ref{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("package_%d", refs))}
		if err := w.tryPublish("joe", draft(ref, "1.0.0"), false); err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		for range rapid.IntRange(1, 12).Draw(t, "deeds") {
			who, whom := rapid.SampledFrom(people).Draw(t, "who"), rapid.SampledFrom(people).Draw(t, "whom")
			if rapid.Bool().Draw(t, "remove") {
				w.RemoveOwner(ctx, w.as(who), ref, whom)
				continue
			}
			level := rapid.SampledFrom([]access.Level{access.Full, access.Maintainer}).Draw(t, "level")
			w.SetOwner(ctx, w.as(who), ref, whom, level, rapid.Bool().Draw(t, "transfer"))
		}
		p, _ := catalog.Get(w.db.View(), ref)
		seen, full := map[access.Owner]bool{}, 0
		for _, o := range p.Owners {
			if seen[o.Subject()] {
				t.Fatalf("twice an owner: %v", p.Owners)
			}
			seen[o.Subject()] = true
			if o.Level == access.Full {
				full++
			}
		}
		if full == 0 {
			t.Fatalf("no full owner is left: %v", p.Owners)
		}
	})
}
