package catalog_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

const (
	lateReplace = "inserted_at can only modify a release up to one hour after publication"
	lateRevert  = "inserted_at can only delete a release up to one hour after publication"
	immutable   = "inserted_at versions in this repository are immutable; publish a new version, or retire this one"
	needReplace = "inserted_at must include the --replace flag to update an existing release"
	buried      = "version was reverted and stays reserved; publish another version"
)

func TestPublishedVersionIsImmutable(t *testing.T) {
	w := newWorld(t)
	first := w.publish(t, "wes", tool, "1.0.0")
	for _, replace := range []bool{false, true} {
		check(t, fmt.Sprintf("T36 publish again, replace=%v", replace), w.tryPublish("ann", draft(tool, "1.0.0", describe(new("other"))), replace), immutable)
	}
	check(t, "revert", w.Revert(t.Context(), w.as("ann"), tool, v("1.0.0")), immutable)
	if now, _ := catalog.GetRelease(w.db.View(), tool, v("1.0.0")); now.Outer != first.Outer {
		t.Error("the release has another tarball")
	}
}

func TestWindows(t *testing.T) {
	const never = 1000 * time.Hour
	for _, test := range []struct {
		name           string
		ref            catalog.Ref
		who            string
		second, wait   time.Duration // from the first version to the second, and from there to the deed
		replace, undo  string
		withoutReplace string
	}{
		{"public, at once", jason, "joe", 0, 0, "ok", "ok", needReplace},
		{"public, first day", jason, "joe", 0, 24 * time.Hour, "ok", "ok", needReplace},
		{"public, after the first day", jason, "joe", 0, 24*time.Hour + time.Microsecond, lateReplace, lateRevert, lateReplace},
		{"public, fresh version of an old package", jason, "joe", never, time.Hour, "ok", "ok", needReplace},
		{"public, version an hour old", jason, "joe", never, time.Hour + time.Microsecond, lateReplace, lateRevert, lateReplace},
		{"private with windows", gear, "bob", never, never, "ok", "ok", needReplace},
		{"T36 private without", tool, "ann", 0, 0, immutable, immutable, immutable},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.publish(t, test.who, test.ref, "1.0.0")
				time.Sleep(test.second)
				rel := w.publish(t, test.who, test.ref, "1.1.0")
				time.Sleep(test.wait)
				again := draft(test.ref, "1.1.0", describe(new("again")))
				check(t, "publish again", w.tryPublish(test.who, again, false), test.withoutReplace)
				check(t, "replace", w.tryPublish(test.who, again, true), test.replace)
				if now, _ := catalog.GetRelease(w.db.View(), test.ref, v("1.1.0")); !now.InsertedAt.Equal(rel.InsertedAt) || (now.Outer == again.Tarball.Outer) != (test.replace == "ok") {
					t.Errorf("release is %+v", now)
				}
				check(t, "revert", w.Revert(t.Context(), w.as(test.who), test.ref, v("1.1.0")), test.undo)
			})
		})
	}
}

func TestReplacingKeepsWhatOutlivesATarball(t *testing.T) {
	w := newWorld(t)
	old := w.publish(t, "joe", jason, "1.0.0", needs("plug"))
	w.put(t, func(tx *store.Tx) {
		if _, err := catalog.MarkDocsTx(tx, w.as("joe"), jason, v("1.0.0"), &catalog.Docs{Hash: tarball.Sum{1}, Size: 9}, time.Now()); err != nil {
			t.Error(err)
		}
	})
	check(t, "retire", w.Retire(t.Context(), w.as("joe"), jason, v("1.0.0"), catalog.Retirement{Reason: catalog.Security}), "ok")
	check(t, "owner", w.SetOwner(t.Context(), w.as("joe"), jason, "eve", access.Maintainer, false), "ok")
	fresh, created, err := w.Publish(t.Context(), w.as("eve"), draft(jason, "1.0.0", describe(new("better"))), true)
	if err != nil || created {
		t.Fatalf("created = %v, %v", created, err)
	}
	if fresh.ID != old.ID || !fresh.InsertedAt.Equal(old.InsertedAt) || !fresh.HasDocs() || fresh.Docs.Hash != (tarball.Sum{1}) || fresh.Retirement == nil {
		t.Errorf("lost: %+v", fresh)
	}
	if fresh.Outer == old.Outer || fresh.Publisher != "id-eve" || len(fresh.Requirements) != 0 {
		t.Errorf("not replaced: %+v", fresh)
	}
	if p, _ := catalog.Get(w.db.View(), jason); *p.Meta.Description != "better" || len(p.Summary.Needs) != 0 {
		t.Errorf("package = %+v", p)
	}
}

// T36: what a release once named stays for thirty days.
func TestOldTarballsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		first := w.publish(t, "bob", gear, "1.0.0")
		second := draft(gear, "1.0.0", describe(new("second")))
		check(t, "replace", w.tryPublish("bob", second, true), "ok")
		third := w.publish(t, "bob", gear, "2.0.0")
		check(t, "revert", w.Revert(t.Context(), w.as("bob"), gear, v("2.0.0")), "ok")
		has := func(sum tarball.Sum) bool {
			return slices.Contains(slices.Collect(catalog.Blobs(w.db.View(), time.Now())), sum)
		}
		for sum, want := range map[tarball.Sum]string{
			second.Tarball.Outer: gear.String() + "-1.0.0.tar", first.Outer: "a file that its release no more has", {1}: "",
		} {
			if got := catalog.BlobName(w.db.View(), sum, time.Now()); got != want {
				t.Errorf("the name of a blob is %q, want %q", got, want)
			}
		}
		for _, step := range []struct {
			wait time.Duration
			kept bool
		}{{0, true}, {catalog.Grace - time.Second, true}, {2 * time.Second, false}} {
			time.Sleep(step.wait)
			if err := w.Forget(t.Context()); err != nil {
				t.Fatal(err)
			}
			if has(first.Outer) != step.kept || has(third.Outer) != step.kept {
				t.Errorf("T36 replaced and reverted are kept: %v, %v, want %v", has(first.Outer), has(third.Outer), step.kept)
			}
			if !has(second.Tarball.Outer) {
				t.Error("the tarball of a release is garbage")
			}
		}
	})
}

func TestRevertLeavesNothingBehind(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "joe", jason, "1.1.0")
	check(t, "stranger", w.Revert(ctx, w.as("eve"), jason, v("1.0.0")), isForbidden)
	check(t, "anonymous", w.Revert(ctx, w.as(""), jason, v("1.0.0")), isMissing)
	check(t, "anonymous, no such version", w.Revert(ctx, w.as(""), jason, v("9.0.0")), isNotFound)
	check(t, "anonymous, private", w.Revert(ctx, w.as(""), tool, v("1.0.0")), isMissing)
	check(t, "member, no such version", w.Revert(ctx, w.as("wes"), tool, v("1.0.0")), isNotFound)
	check(t, "revert", w.Revert(ctx, w.as("joe"), jason, v("1.0.0")), "ok")
	if got := w.versions(jason); got != "1.1.0" {
		t.Errorf("versions are %s", got)
	}
	check(t, "revert again", w.Revert(ctx, w.as("joe"), jason, v("1.0.0")), isNotFound)
	check(t, "revert the last", w.Revert(ctx, w.as("joe"), jason, v("1.1.0")), "ok")
	view := w.db.View()
	if p, ok := catalog.Get(view, jason); ok {
		t.Errorf("the package is still there: %+v", p)
	}
	if _, ok, err := catalog.Metadata(ctx, view, jason, v("1.1.0")); ok || err != nil {
		t.Errorf("the metadata is still there: %v", err)
	}
	if got := slices.Collect(catalog.OwnedBy(view, access.OfUser("id-joe"))); len(got) != 0 {
		t.Errorf("joe still owns %v", got)
	}
	if got, want := w.actions(t, packageRef(jason)), "release.publish release.publish release.revert release.revert"; got != want {
		t.Errorf("audit log has %s, want %s", got, want)
	}
}

func TestRevertedNamesStayWithTheirOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		first := w.publish(t, "joe", jason, "1.0.0")
		check(t, "owner", w.SetOwner(ctx, w.as("joe"), jason, "wes", access.Maintainer, false), "ok")
		before, _ := catalog.Get(w.db.View(), jason)
		check(t, "a maintainer reverts the last release", w.Revert(ctx, w.as("wes"), jason, v("1.0.0")), "ok")

		check(t, "Z7 a stranger takes the name", w.tryPublish("eve", draft(jason, "2.0.0"), false), isForbidden)
		repository, _ := org.Repositories.Get(w.db.View(), hexhub.String())
		check(t, "Z7 or asks whether he might", w.MayPublish(w.db.View(), w.as("eve"), repository, jason.Name), isForbidden)

		time.Sleep(time.Hour)
		again := w.publish(t, "wes", jason, "1.0.0")
		if again.ID != first.ID || !again.InsertedAt.Equal(first.InsertedAt) {
			t.Errorf("published again with another id or time: %+v", again)
		}
		after, _ := catalog.Get(w.db.View(), jason)
		if got := w.owners(jason); got != "joe=full wes=maintainer" {
			t.Errorf("Z7 reverting changed the owners to %s", got)
		}
		if after.ID != before.ID || !after.InsertedAt.Equal(before.InsertedAt) {
			t.Errorf("reverting won a new window: %+v", after)
		}

		check(t, "revert again", w.Revert(ctx, w.as("joe"), jason, v("1.0.0")), "ok")
		time.Sleep(24 * time.Hour)
		check(t, "once the window is closed", w.tryPublish("joe", draft(jason, "1.0.0"), true), buried)
		check(t, "another version", w.tryPublish("joe", draft(jason, "1.0.1"), false), "ok")
		check(t, "the old one beside it", w.tryPublish("joe", draft(jason, "1.0.0"), true), buried)
	})
}

const dependedOn = "name you cannot delete this package because other packages depend on it"

func TestDependedOnPackageStays(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "joe", jason, "1.1.0")
	w.publish(t, "joe", jason, "1.2.0", needs("jason"))
	w.publish(t, "wes", tool, "1.0.0", needs("jason"))
	if got := slices.Collect(catalog.Dependants(w.db.View(), jason)); len(got) != 1 || got[0].Ref() != tool {
		t.Errorf("dependants are %v", got)
	}
	check(t, "one of several", w.Revert(ctx, w.as("joe"), jason, v("1.0.0")), "ok")
	check(t, "another", w.Revert(ctx, w.as("joe"), jason, v("1.1.0")), "ok")
	check(t, "the last", w.Revert(ctx, w.as("joe"), jason, v("1.2.0")), dependedOn)
	if got := w.versions(jason); got != "1.2.0" {
		t.Errorf("versions are %s", got)
	}
}

// An administrator removes what nobody else may any more, with a reason, and nobody publishes that version again.
func TestAdministratorsRemoveAtAnyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		root := access.SystemActor("test")
		for _, ver := range []string{"1.0.0", "1.1.0"} {
			w.publish(t, "joe", jason, ver)
			w.publish(t, "wes", tool, ver, needs("jason"))
		}
		time.Sleep(1000 * time.Hour)
		check(t, "without a reason", w.Remove(ctx, root, jason, v("1.0.0")), "reason must be given, in 3 to 300 letters: the audit log keeps it")
		because := func(a access.Actor) access.Actor {
			a, err := a.Because("malware")
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		check(t, "an owner", w.Remove(ctx, because(w.as("joe")), jason, v("1.0.0")), isForbidden)
		check(t, "an owner, as owners do", w.Revert(ctx, w.as("joe"), jason, v("1.0.0")), lateRevert)
		check(t, "a private one of an immutable repository", w.Remove(ctx, because(root), tool, v("1.0.0")), "ok")
		check(t, "a public one", w.Remove(ctx, because(root), jason, v("1.0.0")), "ok")
		check(t, "the last that others depend on", w.Remove(ctx, because(root), jason, v("1.1.0")), dependedOn)
		check(t, "their last", w.Remove(ctx, because(root), tool, v("1.1.0")), "ok")
		check(t, "then the last", w.Remove(ctx, because(root), jason, v("1.1.0")), "ok")
		check(t, "the same version anew", w.tryPublish("joe", draft(jason, "1.0.0"), true), buried)
		check(t, "another", w.tryPublish("joe", draft(jason, "1.2.0"), true), "ok")
		if got := w.owners(jason); got != "joe=full" {
			t.Errorf("it is owned by %s", got)
		}
	})
}

// Whoever comes first, nobody is left to depend on what an administrator has removed, either.
func TestDependantAndRemovalNeverPass(t *testing.T) {
	log := store.NewMemory()
	w, elsewhere := openWorld(t, log, hexhub), openWorld(t, log, hexhub)
	w.put(t, func(tx *store.Tx) {
		r, _ := org.Repositories.Get(tx, hexhub.String())
		r.Windows = false
		org.Repositories.Put(tx, r)
	})
	root, err := access.SystemActor("test").Because("malware")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		dep := catalog.Ref{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("dep_%d", i))}
		user := catalog.Ref{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("user_%d", i))}
		w.publish(t, "joe", dep, "1.0.0")
		var wg sync.WaitGroup
		wg.Go(func() {
			if got := said(w.Remove(t.Context(), root, dep, v("1.0.0"))); got != "ok" && got != dependedOn {
				t.Errorf("remove: %s", got)
			}
		})
		wg.Go(func() {
			check(t, "publish a dependant", elsewhere.tryPublish("eve", draft(user, "1.0.0", needs(dep.Name.String())), false), "ok")
		})
		wg.Wait()
		if err := w.db.WaitFor(t.Context(), elsewhere.db.Revision()); err != nil {
			t.Fatal(err)
		}
		view := w.db.View()
		rel, _ := catalog.GetRelease(view, user, v("1.0.0"))
		need := rel.Requirements[0].Ref()
		if _, ok := catalog.Get(view, need); !ok && need.Repository == hexhub {
			t.Fatalf("%s needs %s, which is gone", user, need)
		}
	}
}

// Whoever comes first, nobody is left to depend on what is gone.
func TestDependantAndRevertNeverPass(t *testing.T) {
	log := store.NewMemory()
	w, elsewhere := openWorld(t, log, hexhub), openWorld(t, log, hexhub)
	for i := range 100 {
		dep := catalog.Ref{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("dep_%d", i))}
		user := catalog.Ref{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("user_%d", i))}
		w.publish(t, "joe", dep, "1.0.0")
		var wg sync.WaitGroup
		wg.Go(func() {
			if got := said(w.Revert(t.Context(), w.as("joe"), dep, v("1.0.0"))); got != "ok" && got != dependedOn {
				t.Errorf("revert: %s", got)
			}
		})
		wg.Go(func() {
			check(t, "publish a dependant", elsewhere.tryPublish("eve", draft(user, "1.0.0", needs(dep.Name.String())), false), "ok")
		})
		wg.Wait()
		if err := w.db.WaitFor(t.Context(), elsewhere.db.Revision()); err != nil {
			t.Fatal(err)
		}
		view := w.db.View()
		rel, _ := catalog.GetRelease(view, user, v("1.0.0"))
		need := rel.Requirements[0].Ref()
		if _, ok := catalog.Get(view, need); !ok && need.Repository == hexhub {
			t.Fatalf("%s needs %s, which is gone", user, need)
		}
	}
}

func TestPublishAndRevertOfTheLastNeverInterleave(t *testing.T) {
	log := store.NewMemory()
	w, elsewhere := openWorld(t, log, hexhub), openWorld(t, log, hexhub)
	for i := range 100 {
		ref := catalog.Ref{Repository: hexhub, Name: name.MustPackage(fmt.Sprintf("package_%d", i))}
		w.publish(t, "joe", ref, "1.0.0")
		var wg sync.WaitGroup
		wg.Go(func() { check(t, "revert", w.Revert(t.Context(), w.as("joe"), ref, v("1.0.0")), "ok") })
		wg.Go(func() { check(t, "publish", elsewhere.tryPublish("joe", draft(ref, "1.1.0"), false), "ok") })
		wg.Wait()
		if err := w.db.WaitFor(t.Context(), elsewhere.db.Revision()); err != nil {
			t.Fatal(err)
		}
		p, ok := catalog.Get(w.db.View(), ref)
		if !ok || p.Summary.Latest != v("1.1.0") || w.versions(ref) != "1.1.0" || w.owners(ref) != "joe=full" {
			t.Fatalf("%s is there: %v, with %s, %+v", ref, ok, w.versions(ref), p)
		}
	}
}

// T38: documentation belongs to a release that is there, and to its owners.
func TestDocsNeedARelease(t *testing.T) {
	w := newWorld(t)
	mark := func(who, ver string, has bool) error {
		asked := catalog.MayMarkDocs(w.db.View(), w.as(who), jason, v(ver))
		var docs *catalog.Docs
		if has {
			docs = &catalog.Docs{Hash: tarball.Sum{2}, Size: 9}
		}
		err := w.db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := catalog.MarkDocsTx(tx, w.as(who), jason, v(ver), docs, time.Now())
			return err
		})
		if has && (asked == nil) != (err == nil) {
			t.Errorf("documentation of %s by %s: asked before %v, then %v", ver, who, asked, err)
		}
		return err
	}
	check(t, "T38 before there is a package", mark("joe", "1.0.0", true), isNotFound)
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "joe", jason, "1.1.0")
	check(t, "T38 before the release exists", mark("joe", "2.0.0", true), isNotFound)
	check(t, "T38 someone else's", mark("eve", "1.0.0", true), isForbidden)
	check(t, "one's own", mark("joe", "1.0.0", true), "ok")
	if rel, _ := catalog.GetRelease(w.db.View(), jason, v("1.0.0")); !rel.HasDocs() {
		t.Error("not marked")
	}
	check(t, "taken back", mark("joe", "1.0.0", false), "ok")
	check(t, "taken back again", mark("joe", "1.0.0", false), isNotFound)
	check(t, "revert", w.Revert(t.Context(), w.as("joe"), jason, v("1.0.0")), "ok")
	check(t, "T38 after revert", mark("joe", "1.0.0", true), isNotFound)
	if got, want := w.actions(t, audit.PackageRef("hexhub", "jason")), "release.publish release.publish docs.publish docs.revert release.revert"; got != want {
		t.Errorf("audit log has %s, want %s", got, want)
	}
}

// What documentation was replaced, taken back or reverted with its release stays for thirty days, and what a
// release names for ever.
func TestOldDocsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.publish(t, "bob", gear, "1.0.0")
		w.publish(t, "bob", gear, "2.0.0")
		mark := func(ver string, hash byte) {
			t.Helper()
			var docs *catalog.Docs
			if hash > 0 {
				docs = &catalog.Docs{Hash: tarball.Sum{hash}, Size: 9, UpdatedAt: time.Now()}
			}
			w.put(t, func(tx *store.Tx) {
				if _, err := catalog.MarkDocsTx(tx, w.as("bob"), gear, v(ver), docs, time.Now()); err != nil {
					t.Error(err)
				}
			})
		}
		const replaced, back, reverted, current = 1, 2, 3, 4
		mark("1.0.0", replaced)
		mark("1.0.0", replaced) // the same again
		mark("1.0.0", back)
		mark("1.0.0", 0)
		mark("1.0.0", current)
		mark("2.0.0", reverted)
		check(t, "revert", w.Revert(t.Context(), w.as("bob"), gear, v("2.0.0")), "ok")
		named := func() string {
			var out []byte
			for sum := range catalog.Blobs(w.db.View(), time.Now()) {
				if sum[0] <= current && sum[1] == 0 {
					out = append(out, '0'+sum[0])
				}
			}
			slices.Sort(out)
			return string(out)
		}
		if got := named(); got != "1234" {
			t.Errorf("kept are %s", got)
		}
		time.Sleep(catalog.Grace + time.Second)
		if err := w.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := named(); got != "4" {
			t.Errorf("kept after %s are %s", catalog.Grace, got)
		}
	})
}

// What is told of the window is what Revert keeps to.
func TestRevertibleUntilIsTheLastMoment(t *testing.T) {
	born := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	public, private := org.Repository{Public: true, Windows: true}, org.Repository{Windows: true}
	for _, c := range []struct {
		name       string
		repository org.Repository
		published  time.Duration // after the package's first release
		want       time.Duration // likewise; 0 for ever, -1 for never
	}{
		{"the first day of a package", public, time.Hour, 24 * time.Hour},
		{"an hour later", public, 48 * time.Hour, 49 * time.Hour},
		{"around midnight", public, 23*time.Hour + 30*time.Minute, 24*time.Hour + 30*time.Minute},
		{"private", private, 48 * time.Hour, 0},
		{"immutable", org.Repository{Public: true}, 0, -1},
	} {
		p := catalog.Package{InsertedAt: born}
		r := catalog.Release{InsertedAt: born.Add(c.published)}
		until, ok := catalog.RevertibleUntil(c.repository, p, r, r.InsertedAt)
		switch {
		case c.want < 0:
			if ok {
				t.Errorf("%s: until %v, want never", c.name, until)
			}
			continue
		case c.want == 0:
			if !ok || !until.IsZero() {
				t.Errorf("%s: until %v (%t), want for ever", c.name, until, ok)
			}
			continue
		}
		_, late := catalog.RevertibleUntil(c.repository, p, r, until.Add(time.Second))
		_, intime := catalog.RevertibleUntil(c.repository, p, r, until)
		if until != born.Add(c.want) || !ok || !intime || late {
			t.Errorf("%s: until %v, then %t, a second later %t; want until %v", c.name, until, intime, late, born.Add(c.want))
		}
	}
}
