package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	semver "hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
	"hexhub/internal/node"
)

// A worldMaker makes up a registry whose sizes and shapes are like those of hex.pm: a few packages have
// hundreds of releases and most have some, everybody needs the same few hundred packages, and texts are
// as long as people write them. The same seed makes the same world, but for ids and times.
type worldMaker struct {
	node     *node.Node
	rand     *rand.Rand
	now      time.Time
	packages int
	releases int
	sums     tarball.Sums // of the one tarball that all releases share
	size     int64
	owners   []account.User
}

// batch is how many releases are written at once; each is two rows of at most a thousand.
const batch = 400

// ownersPer is how many packages an owner has, on average.
const ownersPer = 10

// make writes the world and tells how far it is.
func (w *worldMaker) make(ctx context.Context, tell func(n int)) error {
	if err := w.putTarball(ctx); err != nil {
		return err
	}
	if err := w.putUsers(ctx); err != nil {
		return err
	}
	var waiting []imported
	rows := 0
	flush := func() error {
		err := w.node.DB.Update(ctx, func(tx *store.Tx) error {
			for _, x := range waiting {
				catalog.ImportTx(tx, x.pkg, x.releases, x.metas)
			}
			return nil
		})
		tell(rows)
		waiting, rows = nil, 0
		return err
	}
	for i, n := range w.shares() {
		x := w.pkg(i, n)
		for len(x.releases) > 0 {
			part := x.cut(batch - rows)
			waiting, rows = append(waiting, part), rows+len(part.releases)
			if rows < batch && len(waiting) < batch/8 {
				continue
			}
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return w.node.Stats.Flush(ctx)
}

// putTarball stores the package that stands behind every release.
func (w *worldMaker) putTarball(ctx context.Context) error {
	var b bytes.Buffer
	description := "The one tarball of a made-up registry."
	sums, err := tarball.Write(&b, tarball.Metadata{
		Name: "bench", Version: "1.0.0", App: "bench", Description: &description, Licenses: []string{"Apache-2.0"}, BuildTools: []string{"mix"},
	}, []tarball.Source{{Path: "mix.exs", Content: []byte("defmodule Bench.MixProject do\n  use Mix.Project\nend\n")}})
	if err != nil {
		return fmt.Errorf("make the tarball: %w", err)
	}
	w.sums, w.size = sums, int64(b.Len())
	_, _, err = w.node.Blobs.Put(ctx, &b)
	return err
}

func (w *worldMaker) putUsers(ctx context.Context) error {
	for range max(1, w.packages/ownersPer) {
		n := len(w.owners)
		u := account.User{ID: id.New(), Username: name.MustUser(fmt.Sprintf("bench%d", n)), FullName: w.words(2), InsertedAt: w.now, UpdatedAt: w.now}
		u.Emails = []account.Email{{Address: fmt.Sprintf("bench%d@example.com", n), Verified: true, Primary: true, Public: true, AddedAt: w.now}}
		w.owners = append(w.owners, u)
	}
	for start := 0; start < len(w.owners); start += batch / 2 {
		part := w.owners[start:min(start+batch/2, len(w.owners))]
		err := w.node.DB.Update(ctx, func(tx *store.Tx) error {
			for _, u := range part {
				account.Users.Put(tx, u)
				account.Names.Put(tx, account.Holder{Name: u.Username.String(), Ref: audit.UserRef(u.ID), Since: w.now})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shares says how many releases each package has: they fall off as in nature, and add up.
func (w *worldMaker) shares() []int {
	shares := make([]int, w.packages)
	var sum float64
	for i := range shares {
		sum += 1 / math.Pow(float64(i+20), 0.7)
	}
	left := w.releases - w.packages
	for i := range shares {
		extra := int(float64(w.releases-w.packages) / sum / math.Pow(float64(i+20), 0.7))
		extra = min(extra, left)
		shares[i], left = 1+extra, left-extra
	}
	for i := 0; left > 0 && len(shares) > 0; i, left = i+1, left-1 {
		shares[i%len(shares)]++
	}
	return shares
}

// An imported is what is written of a package at once.
type imported struct {
	pkg      catalog.Package
	releases []catalog.Release
	metas    []catalog.ReleaseMeta
}

// cut takes at most n releases away, as a part of their own.
func (x *imported) cut(n int) imported {
	n = min(n, len(x.releases))
	part := imported{x.pkg, x.releases[:n], x.metas[:n]}
	x.releases, x.metas = x.releases[n:], x.metas[n:]
	return part
}

func packageName(i int) name.Package {
	return name.MustPackage(fmt.Sprintf("%s_%s_%d", syllables[i%len(syllables)], syllables[i/len(syllables)%len(syllables)], i))
}

func (w *worldMaker) pkg(i, n int) imported {
	repository := name.MustRepository(w.node.Config.RepositoryName)
	description := w.words(12)
	p := catalog.Package{
		ID: id.New(), Repository: repository, Name: packageName(i),
		Owners: []catalog.Owner{{UserID: w.owners[w.rand.IntN(len(w.owners))].ID, Level: access.Full}},
		Meta: catalog.Meta{
			Description: &description, Licenses: []string{"Apache-2.0"},
			Links: map[string]string{"GitHub": "https://github.com/" + w.words(1) + "/" + packageName(i).String(), "Changelog": "https://hexdocs.pm/" + packageName(i).String() + "/changelog.html"},
		},
		InsertedAt: w.now.Add(-time.Duration(n) * 7 * 24 * time.Hour), UpdatedAt: w.now,
	}
	x := imported{pkg: p}
	requirements := w.requirements(i, repository)
	for k := range n {
		x.add(w, k, requirements)
	}
	return x
}

func (x *imported) add(w *worldMaker, k int, requirements []catalog.Requirement) {
	p := x.pkg
	at := p.InsertedAt.Add(time.Duration(k) * 7 * 24 * time.Hour).Truncate(time.Microsecond)
	r := catalog.Release{
		ID: id.New(), Repository: p.Repository, Package: p.Name, Version: semver.MustParse(fmt.Sprintf("%d.%d.%d", k/50, k/5%10, k%5)),
		Inner: w.sums.Inner, Outer: w.sums.Outer, Size: w.size, App: p.Name.String(), BuildTools: []string{"mix"}, Elixir: "~> 1.15",
		Requirements: requirements, Publisher: p.Owners[0].UserID, InsertedAt: at, UpdatedAt: at,
	}
	if w.rand.IntN(100) == 0 {
		r.Retirement = &catalog.Retirement{Reason: catalog.Deprecated, Message: "use a newer version"}
	}
	m := tarball.Metadata{
		Name: p.Name.String(), Version: r.Version.String(), App: r.App, Description: p.Meta.Description, Licenses: p.Meta.Licenses,
		Links: p.Meta.Links, BuildTools: r.BuildTools, Elixir: r.Elixir,
	}
	for _, q := range requirements {
		m.Requirements = append(m.Requirements, tarball.Requirement{Name: q.Package.String(), App: q.App, Requirement: q.Requirement, Optional: q.Optional})
	}
	x.releases = append(x.releases, r)
	x.metas = append(x.metas, catalog.ReleaseMeta{Repository: r.Repository, Package: r.Package, Version: r.Version, Metadata: m, Unpacked: 10240})
	w.node.Stats.Count(stats.Ref{Repository: r.Repository, Package: r.Package, Version: r.Version})
}

// requirements are of packages that came before, mostly of the first few hundred.
func (w *worldMaker) requirements(i int, repository name.Repository) []catalog.Requirement {
	var out []catalog.Requirement
	seen := map[int]bool{}
	for range w.rand.IntN(6) {
		to := int(math.Pow(w.rand.Float64(), 4) * float64(i))
		if to == i || seen[to] {
			continue
		}
		seen[to] = true
		out = append(out, catalog.Requirement{
			Package: packageName(to), Repository: repository, Requirement: fmt.Sprintf("~> %d.%d", w.rand.IntN(3), w.rand.IntN(10)),
			App: packageName(to).String(), Optional: w.rand.IntN(5) == 0,
		})
	}
	return out
}

var syllables = strings.Fields("absinthe bamboo cowboy decimal ecto finch gettext hackney iex jason kafka logger money nimble oban phoenix quantum req swoosh tesla uuid vega wallaby xml yaml zigler")

func (w *worldMaker) words(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = syllables[w.rand.IntN(len(syllables))]
	}
	return strings.Join(out, " ")
}

// folderSize adds the sizes of all files below a folder.
func folderSize(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
