package search

import (
	"math"
	"slices"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

// An Entry is a package as it is found. It never changes.
type Entry struct {
	catalog.Package
	Version version.Version // the newest, a stable one preferred
	App     string          // of the version
	Retired bool            // the version is
	Docs    bool            // some version has documentation

	squeezed        string   // the name without underscores
	tools, licenses []uint32 // by their labels
}

func (x *Index) entry(v *store.View, p catalog.Package) *Entry {
	e := &Entry{
		Package: p, Version: p.Summary.Newest(), squeezed: squeeze(p.Name.String()),
		tools: x.labels.of(p.Summary.BuildTools), licenses: x.labels.of(p.Meta.Licenses),
	}
	newest, _ := catalog.GetRelease(v, p.Ref(), e.Version)
	e.App, e.Retired, e.Docs = newest.App, newest.Retirement != nil, newest.HasDocs()
	if !e.Docs && !p.DocsUpdatedAt.IsZero() {
		e.Docs = slices.ContainsFunc(catalog.Releases(v, p.Ref()), catalog.Release.HasDocs)
	}
	return e
}

// Description returns the package's own words, or nothing.
func (e *Entry) Description() string {
	if e.Meta.Description == nil {
		return ""
	}
	return *e.Meta.Description
}

// Downloads are how often a package was downloaded.
type Downloads struct {
	Week   int64 // the seven days that end today
	Recent int64 // the 90 days that end with yesterday
	All    int64 // ever
	points float64
}

func newDownloads(total stats.DownloadTotal, day stats.Date) Downloads {
	recent := total.Views(day).Recent
	return Downloads{total.Week(day), recent, total.Total, popularity * math.Log10(1+float64(recent))}
}
