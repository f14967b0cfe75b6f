package docsearch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

// follow puts in and takes out what has changed since the last time, or looks at everything.
func (x *Index) follow(ctx context.Context) error {
	if err := x.load(); err != nil {
		return err
	}
	watch := x.db.View()
	for range catalog.All(watch) {
		break // one look, and the View remembers all of them
	}
	watch.Close()
	// What is read may be newer than what is watched. Then the index is stale already, and it will be read again.
	v := x.db.View()
	defer v.Close()
	refs := x.changed(v)
	for i, ref := range refs {
		x.setBehind(len(refs) - i)
		if err := x.settle(ctx, v, ref); err != nil {
			x.setBehind(0)
			return x.mend(ref, err)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.view, x.behind = watch, 0
	close(x.passed)
	x.passed = make(chan struct{})
	return nil
}

func (x *Index) setBehind(n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.behind = n
}

// changed are the packages to look at.
func (x *Index) changed(v *store.View) []catalog.Ref {
	var since store.Revision
	if x.view != nil {
		since = x.view.Revision()
	}
	refs, known := catalog.Changed(v, since)
	if x.view == nil || !known {
		refs = slices.Collect(maps.Keys(x.have)) // of which some may be gone
		for p := range catalog.All(v) {
			refs = append(refs, p.Ref())
		}
	}
	refs = slices.AppendSeq(refs, maps.Keys(x.missing))
	slices.SortFunc(refs, func(a, b catalog.Ref) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(refs)
}

// settle has the index show of a package what the rows say. What cannot be read now is tried again another time.
func (x *Index) settle(ctx context.Context, v *store.View, ref catalog.Ref) error {
	delete(x.missing, ref)
	want := x.wanted(v, ref)
	for _, was := range x.have[ref] {
		if !slices.ContainsFunc(want, func(w wanted) bool { return w.Version == was.Version }) {
			if err := x.take(was); err != nil {
				return err
			}
		}
	}
	for _, w := range want {
		if err := x.bring(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// A wanted release is one whose documentation is to be in the index.
type wanted struct {
	catalog.Release
	newest bool
}

// wanted are the newest releases of a package that have documentation. One of them is searched when nobody names a
// version: the highest stable one, or the highest.
func (x *Index) wanted(v *store.View, ref catalog.Ref) []wanted {
	var all []wanted
	newest := -1
	for _, r := range catalog.Releases(v, ref) {
		if !r.HasDocs() {
			continue
		}
		if newest < 0 || !r.Version.IsPre() || all[newest].Version.IsPre() {
			newest = len(all)
		}
		all = append(all, wanted{Release: r})
	}
	if newest < 0 {
		return nil
	}
	all[newest].newest = true
	from := min(max(len(all)-x.o.Versions, 0), newest)
	return all[from:]
}

// take takes a set out.
func (x *Index) take(was set) error {
	s, err := x.shard(was.Ref.Repository)
	if err != nil {
		return err
	}
	if err := s.remove(was); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(x.have[was.Ref]), func(s set) bool { return s.Version == was.Version })
	if x.have[was.Ref] = left; len(left) == 0 {
		delete(x.have, was.Ref)
	}
	return nil
}

// bring puts in what is not in the index as it should be.
func (x *Index) bring(ctx context.Context, w wanted) error {
	ref := w.Ref()
	was, _ := find(x.have[ref], w.Version)
	now := set{Ref: ref, Version: w.Version, Hash: w.Docs.Hash, Items: was.Items, Newest: w.newest, Form: form, Coverage: was.Coverage}
	if was == now {
		return nil
	}
	read, err := x.read(ctx, w.Release)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		x.o.Log.Warn("documentation cannot be searched yet", "package", ref.String(), "version", w.Version.String(), "err", err)
		x.missing[ref] = true
		return nil
	}
	s, err := x.shard(ref.Repository)
	if err != nil {
		return err
	}
	now.Items, now.Coverage = len(read.items), read.Coverage
	if err := s.put(was, now, read.items); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.keep(now)
	return nil
}

// keep notes that a set is in the index.
func (x *Index) keep(now set) {
	sets := slices.DeleteFunc(slices.Clone(x.have[now.Ref]), func(s set) bool { return s.Version == now.Version })
	sets = append(sets, now)
	slices.SortFunc(sets, func(a, b set) int { return a.Version.Compare(b.Version) })
	x.have[now.Ref] = sets
}

// shard returns the index of a repository, which is made if there is none.
func (x *Index) shard(repository name.Repository) (*shard, error) {
	if x.shards[repository] == nil {
		if err := x.loadShard(repository); err != nil {
			return nil, err
		}
	}
	return x.shards[repository], nil
}

// load opens the indexes that are in the folder, once.
func (x *Index) load() error {
	if x.shards != nil {
		return nil
	}
	folders, err := os.ReadDir(x.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the folder of indexes: %w", err)
	}
	x.mu.Lock()
	x.shards = map[name.Repository]*shard{}
	x.mu.Unlock()
	for _, f := range folders {
		repository, err := name.ParseRepository(f.Name())
		if err != nil {
			continue
		}
		if err := x.loadShard(repository); err != nil {
			return err
		}
	}
	return nil
}

// loadShard opens the index of a repository. That reads all of it, and whoever searches meanwhile does not wait for it.
func (x *Index) loadShard(repository name.Repository) error {
	s, sets, err := openShard(filepath.Join(x.dir, repository.String()))
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.shards[repository] = s
	for _, one := range sets {
		x.keep(one)
	}
	return nil
}

// mend makes the index of a repository anew if it was found to be damaged, and has everything looked at again.
func (x *Index) mend(ref catalog.Ref, err error) error {
	if !errors.Is(err, errDamaged) {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.o.Log.Warn("an index of documentation is made anew", "repository", ref.Repository.String(), "err", err)
	if s := x.shards[ref.Repository]; s != nil {
		_ = end(s.Index) // it is damaged
	}
	delete(x.shards, ref.Repository)
	maps.DeleteFunc(x.have, func(r catalog.Ref, _ []set) bool { return r.Repository == ref.Repository })
	x.view = nil
	return os.RemoveAll(filepath.Join(x.dir, ref.Repository.String()))
}
