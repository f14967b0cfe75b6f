// Package stats counts downloads.
//
// It knows the names under which something was downloaded, days, and sums. It refuses to know what a
// package is, whether it still exists, who downloaded it, or what counts as a download: the repository
// surface calls [Counter.Count] when it has served one.
//
// Counting happens in memory and never waits for the log. Every few seconds [Counter.Run] adds what was
// counted to rows that all nodes share, each addition exactly once, however often it has to be tried. A
// node that dies loses what it counted since the last time; a sum that was shown never shrinks.
package stats

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/kernel/store"
)

// Kept is for how many days a row remembers single days, today included. Totals are for ever.
const Kept = 92

// A DownloadTotal is how often a release, or all releases of a package, were downloaded.
type DownloadTotal struct {
	Repository name.Repository `json:"repository"`
	Package    name.Package    `json:"package"`
	Version    version.Version `json:"version,omitzero"` // zero in a package's row
	Total      int64           `json:"total"`
	Days       Days            `json:"days"` // the last Kept days
}

func (d DownloadTotal) key() string {
	if d.Version == (version.Version{}) {
		return packageKey(d.Repository, d.Package)
	}
	return releaseKey(d.Repository, d.Package, d.Version)
}

func packageKey(repository name.Repository, pkg name.Package) string {
	return store.Path(repository.String(), pkg.String())
}

func releaseKey(repository name.Repository, pkg name.Package, v version.Version) string {
	return store.Path(repository.String(), pkg.String(), v.String())
}

// A flushed row names the batch that a node has added last, so that it is not added again when the
// answer to the commit was lost.
type flushed struct {
	Node  string `json:"node"`
	Batch string `json:"batch"`
}

// Packages and their releases have a table each: lists are sorted by the first, which is much the smaller.
var (
	byPackage = store.NewTable("download-total", DownloadTotal.key)
	byRelease = store.NewTable("download-release", DownloadTotal.key)
	batches   = store.NewTable("download-batch", func(f flushed) string { return store.Path(f.Node) })
)

// Tables are the tables of this package.
var Tables = store.Schema{byPackage, byRelease, batches}

// Views are the sums that Hex shows of a package. All but the last end with yesterday.
type Views struct {
	Day    int64 // yesterday
	Week   int64 // 7 days
	Recent int64 // 90 days
	All    int64 // ever, today included
}

// Downloads returns the sums of a package; they are zero when it was never downloaded.
func Downloads(r store.Reader, repository name.Repository, pkg name.Package) Views {
	row, _ := byPackage.Get(r, packageKey(repository, pkg))
	return row.Views(Today())
}

// Views returns the sums as of a day.
func (d DownloadTotal) Views(today Date) Views {
	return Views{
		Day:    d.Days.sum(today-1, today),
		Week:   d.Days.sum(today-7, today),
		Recent: d.recent(today),
		All:    d.Total,
	}
}

func (d DownloadTotal) recent(today Date) int64 { return d.Days.sum(today-90, today) }

// Package returns the row of a package, and false when it was never downloaded.
func Package(r store.Reader, repository name.Repository, pkg name.Package) (DownloadTotal, bool) {
	return byPackage.Get(r, packageKey(repository, pkg))
}

// Release returns the row of a release, and false when it was never downloaded.
func Release(r store.Reader, repository name.Repository, pkg name.Package, v version.Version) (DownloadTotal, bool) {
	return byRelease.Get(r, releaseKey(repository, pkg, v))
}

// Each yields the rows of all packages that were ever downloaded, by repository and name.
func Each(v *store.View) iter.Seq[DownloadTotal] { return byPackage.All(v) }

// Recent returns the downloads of the 90 days up to yesterday of every package in the repository that
// has any row.
func Recent(v *store.View, repository name.Repository) map[name.Package]int64 {
	today := Today()
	return collect(v, repository, func(d DownloadTotal) int64 { return d.recent(today) })
}

// Total is Recent for all time.
func Total(v *store.View, repository name.Repository) map[name.Package]int64 {
	return collect(v, repository, func(d DownloadTotal) int64 { return d.Total })
}

func collect(v *store.View, repository name.Repository, count func(DownloadTotal) int64) map[name.Package]int64 {
	counts := map[name.Package]int64{}
	for d := range byPackage.Prefix(v, repository.String()+"/") {
		counts[d.Package] = count(d)
	}
	return counts
}

// A Date is a day in UTC, counted from 1970-01-01.
type Date int32

const day = 24 * 60 * 60 // seconds

// DateOf returns the day of t in UTC.
func DateOf(t time.Time) Date { return Date(t.Unix() / day) }

// Today returns the present day in UTC.
func Today() Date { return DateOf(time.Now()) }

// ParseDate reads a date in the form of ISO 8601.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	return DateOf(t), err
}

// Time returns the beginning of the day.
func (d Date) Time() time.Time { return time.Unix(int64(d)*day, 0).UTC() }

// String returns the date in the form of ISO 8601.
func (d Date) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText implements encoding.TextMarshaler.
func (d Date) MarshalText() ([]byte, error) { return d.Time().AppendFormat(nil, time.DateOnly), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

// A Day is the downloads of one day.
type Day struct {
	Date  Date
	Count int64
}

// Days are the days that had downloads, ascending. Their JSON is an object of counts by date.
type Days []Day

// sum adds the days from first until before end.
func (d Days) sum(first, end Date) int64 {
	var n int64
	for _, day := range slices.Backward(d) {
		if day.Date < first {
			break
		}
		if day.Date < end {
			n += day.Count
		}
	}
	return n
}

// plus returns a copy with n more on the date, and without the days before first.
func (d Days) plus(date Date, n int64, first Date) Days {
	sum := make(Days, 0, len(d)+1)
	for _, day := range d {
		if day.Date >= first {
			sum = append(sum, day)
		}
	}
	i, found := slices.BinarySearchFunc(sum, date, func(day Day, date Date) int { return cmp.Compare(day.Date, date) })
	switch {
	case found:
		sum[i].Count += n
	case date >= first:
		sum = slices.Insert(sum, i, Day{date, n})
	}
	return sum
}
