package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// letters are what was written, in order of their words: "kind to,to param …".
func (w *world) letters(t *testing.T, params ...string) string {
	t.Helper()
	var out []string
	for _, l := range mailtest.Letters(t, w.mail, "") {
		text := string(l.Kind) + " " + strings.ReplaceAll(strings.Join(l.To, ","), "@example.com", "")
		for _, p := range params {
			text += " " + l.Params[p]
		}
		out = append(out, strings.TrimSpace(text))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

func (w *world) remove(t testing.TB, organization name.Repository, username string) {
	t.Helper()
	if err := w.orgs.RemoveMember(context.Background(), audit.By{}, organization, "id-"+username); err != nil {
		t.Fatal(err)
	}
}

func TestOwnersAreTold(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(w *world) error
		want string
	}{
		{"publish", func(w *world) error { return nil }, "published joe jason joe"},
		{"add", func(w *world) error {
			return w.SetOwner(context.Background(), w.as("joe"), jason, "eve", access.Full, false)
		}, "published joe jason joe; owner-added eve,joe jason joe eve"},
		{"another level", func(w *world) error {
			w.SetOwner(context.Background(), w.as("joe"), jason, "eve", access.Full, false)
			return w.SetOwner(context.Background(), w.as("joe"), jason, "eve", access.Maintainer, false)
		}, "published joe jason joe; owner-added eve,joe jason joe eve"},
		{"remove", func(w *world) error {
			w.SetOwner(context.Background(), w.as("joe"), jason, "eve", access.Full, false)
			return w.RemoveOwner(context.Background(), w.as("joe"), jason, "eve")
		}, "published joe jason joe; owner-added eve,joe jason joe eve; owner-removed eve,joe jason joe eve"},
		{"transfer to an organization", func(w *world) error {
			w.put(t, func(tx *store.Tx) {
				putOrg(tx, acme, false, time.Now(), map[string]org.Role{"ann": org.Admin, "joe": org.Admin, "wes": org.Write})
			})
			return w.SetOwner(context.Background(), w.as("joe"), jason, "acme", access.Full, true)
		}, "published joe jason joe; owner-added ann,joe jason joe acme; owner-removed ann,joe jason joe joe"},
		{
			"revert", func(w *world) error { return w.Revert(context.Background(), w.as("joe"), jason, v("1.0.0")) },
			"published joe jason joe; release-removed joe jason joe",
		},
		{"private", func(w *world) error {
			w.publish(t, "wes", tool, "1.0.0")
			w.SetOwner(context.Background(), w.as("ann"), tool, "rob", access.Full, false)
			w.publish(t, "wes", tool, "1.1.0")
			return nil
		}, "published joe jason joe; published wes acme/tool wes; owner-added rob acme/tool ann rob; published rob,wes acme/tool wes"},
		{"organization's key", func(w *world) error {
			_, _, err := w.Publish(context.Background(), access.Actor{Org: acme, Via: access.Password}, draft(tool, "1.0.0"), false)
			return err
		}, "published joe jason joe; published ann acme/tool acme"},
		{"refused", func(w *world) error {
			check(t, "a stranger", w.SetOwner(context.Background(), w.as("eve"), jason, "eve", access.Full, false), isForbidden)
			return nil
		}, "published joe jason joe"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.publish(t, "joe", jason, "1.0.0")
			if err := test.do(w); err != nil {
				t.Fatal(err)
			}
			want := strings.Split(test.want, "; ")
			slices.Sort(want)
			if got := w.letters(t, "package", "by", "owner"); got != strings.Join(want, "; ") {
				t.Errorf("letters are\n%s, want\n%s", got, test.want)
			}
		})
	}
}

// However many own a package, and in whatever way, some 200 are written to.
func TestLettersToOwnersAreBounded(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	guild := name.MustRepository("guild")
	w.put(t, func(tx *store.Tx) {
		admins := map[string]org.Role{"joe": org.Admin}
		for i := range 300 {
			n := fmt.Sprint("user", i)
			putUser(tx, n, time.Now())
			admins[n] = org.Admin
		}
		putOrg(tx, guild, false, time.Now(), admins)
	})
	check(t, "transfer", w.SetOwner(t.Context(), w.as("joe"), jason, "guild", access.Full, true), "ok")
	w.publish(t, "joe", jason, "1.1.0")
	if l := mailtest.Last(t, w.mail, mail.Published); len(l.To) != 200 {
		t.Errorf("%d are told, want 200", len(l.To))
	}
}

func TestFormerMembersOwnNothing(t *testing.T) {
	w := newWorld(t)
	other := catalog.Ref{Repository: acme, Name: name.MustPackage("other")}
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "wes", tool, "1.0.0")
	w.publish(t, "wes", other, "1.0.0")
	for _, ref := range []catalog.Ref{tool, other} {
		check(t, "own "+ref.String(), w.SetOwner(t.Context(), w.as("ann"), ref, "rob", access.Full, false), "ok")
	}
	check(t, "own "+tool.String(), w.SetOwner(t.Context(), w.as("ann"), tool, "wes", access.Full, false), "ok")
	check(t, "own jason", w.SetOwner(t.Context(), w.as("joe"), jason, "rob", access.Full, false), "ok")
	w.remove(t, acme, "rob")
	if got := w.owners(tool) + "; " + w.owners(other) + "; " + w.owners(jason); got != "wes=full; ; joe=full rob=full" {
		t.Errorf("owners are %s", got)
	}
	if err := w.orgs.SetMember(t.Context(), audit.By{}, acme, "id-rob", org.Read); err != nil {
		t.Fatal(err)
	}
	check(t, "a member again, he publishes", w.tryPublish("rob", draft(tool, "1.1.0"), false), isForbidden)
}

// Whoever is made an owner while he is removed is either no owner or was never removed.
func TestZ3NobodyComesToOwnAmidHisRemoval(t *testing.T) {
	for range 30 {
		w := newWorld(t)
		w.publish(t, "wes", tool, "1.0.0")
		var wg sync.WaitGroup
		wg.Go(func() { w.SetOwner(context.Background(), w.as("ann"), tool, "rob", access.Full, false) })
		wg.Go(func() { w.remove(t, acme, "rob") })
		wg.Wait()
		if got := w.owners(tool); got != "" {
			t.Fatalf("owners are %s", got)
		}
	}
}

// Z3: an upload that was let in is judged again when it is written down.
func TestZ3UploadOfARemovedMemberFails(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "wes", tool, "1.0.0")
	wes := w.as("wes") // let in, and his tarball is on its way
	if err := w.MayPublish(w.db.View(), wes, mustRepository(t, w, acme), tool.Name); err != nil {
		t.Fatal(err)
	}
	w.remove(t, acme, "wes")
	_, _, err := w.Publish(t.Context(), wes, draft(tool, "1.1.0"), false)
	check(t, "publish", err, isNotFound)
	if got := w.versions(tool); got != "1.0.0" {
		t.Errorf("versions are %s", got)
	}
}

func mustRepository(t *testing.T, w *world, n name.Repository) org.Repository {
	t.Helper()
	r, ok := org.Repositories.Get(w.db.View(), n.String())
	if !ok {
		t.Fatalf("there is no repository %s", n)
	}
	return r
}

// Z5: when a package changes hands, nothing of the old owners is good for it any more: not their members, nor
// keys that name it.
func TestZ5TransferDetachesTheOldOwners(t *testing.T) {
	w := newWorld(t)
	keys := access.New(w.db, nil, []byte("pepper"), access.Options{DefaultRepository: hexhub, ThingOf: catalog.ThingOf})
	key := func(who string, o access.Owner) access.Actor {
		t.Helper()
		k, _, err := keys.CreateKey(t.Context(), w.as(who), o, access.KeyDraft{
			Name: "ci", Permissions: []access.Permission{{Domain: access.DomainPackage, Resource: "hexhub/plug"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return access.Actor{User: w.as(who).User, Key: k, Permissions: k.Permissions, Via: access.APIKey}
	}
	w.publish(t, "wes", plug, "1.0.0")
	check(t, "to acme", w.SetOwner(t.Context(), w.as("wes"), plug, "acme", access.Full, true), "ok")
	w.put(t, func(tx *store.Tx) {
		putOrg(tx, beta, true, time.Now(), map[string]org.Role{"bob": org.Admin, "ann": org.Read})
	})
	olds := map[string]access.Actor{
		"administrator": w.as("ann"), "writer": w.as("wes"), "key of the writer": key("wes", access.OfUser("id-wes")),
		"organization": {Org: acme, Via: access.Password},
	}
	for who, a := range olds {
		if err := access.May(w.db.View(), a, access.Write, thing(w, plug)); err != nil {
			t.Fatalf("%s before the transfer: %v", who, err)
		}
	}
	check(t, "to beta", w.SetOwner(t.Context(), w.as("ann"), plug, "beta", access.Full, true), "ok")
	for who, a := range olds {
		for _, verb := range []access.Verb{access.Write, access.Own} {
			err := access.May(w.db.View(), a, verb, thing(w, plug))
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Forbidden && f.Kind != fault.Unauthenticated {
				t.Errorf("%s does %d after the transfer: %v", who, verb, err)
			}
		}
	}
	check(t, "the new owner publishes", w.tryPublish("bob", draft(plug, "1.1.0"), false), "ok")
}

func thing(w *world, ref catalog.Ref) access.Thing {
	view := w.db.View()
	r, _ := org.Repositories.Get(view, ref.Repository.String())
	return catalog.ThingOf(view, r, ref.Name)
}

// Z2: a writer of one organization reaches nothing of another by saying its name.
func TestZ2WritersReachNoOtherRepository(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.publish(t, "bob", gear, "1.0.0")
	wes := w.as("wes")
	same := catalog.Ref{Repository: acme, Name: gear.Name}
	for what, err := range map[string]error{
		"publish":       w.tryPublish("wes", draft(gear, "1.1.0"), true),
		"set owner":     w.SetOwner(ctx, wes, gear, "wes", access.Full, true),
		"remove owner":  w.RemoveOwner(ctx, wes, gear, "bob"),
		"retire":        w.Retire(ctx, wes, gear, v("1.0.0"), catalog.Retirement{Reason: catalog.Other}),
		"retire all":    w.RetireAll(ctx, wes, gear, catalog.Retirement{Reason: catalog.Other}, true),
		"unretire":      w.Unretire(ctx, wes, gear, v("1.0.0")),
		"revert":        w.Revert(ctx, wes, gear, v("1.0.0")),
		"documentation": catalog.MayMarkDocs(w.db.View(), wes, gear, v("1.0.0")),
	} {
		check(t, what, err, isNotFound)
	}
	// The metadata of the tarball may say what it wants.
	d := draft(gear, "1.1.0")
	d.Repository, d.ClaimedName = acme, name.MustPackage("mine")
	check(t, "publish under another name", w.tryPublish("wes", d, true), "name metadata does not match package name")
	d.ClaimedName = name.Package{}
	check(t, "publish at home", w.tryPublish("wes", d, true), "ok")
	if got := w.versions(gear) + "; " + w.versions(same); got != "1.0.0; 1.1.0" {
		t.Errorf("versions are %s", got)
	}
}
