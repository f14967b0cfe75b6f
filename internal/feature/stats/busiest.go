package stats

import (
	"cmp"
	"slices"

	"hexhub/hex/name"
	"hexhub/internal/kernel/store"
)

// Week returns the downloads of the seven days that end with today.
func (d DownloadTotal) Week(today Date) int64 { return d.Days.sum(today-6, today+1) }

// Month returns the downloads of the thirty days that end with today.
func (d DownloadTotal) Month(today Date) int64 { return d.Days.sum(today-29, today+1) }

// Series returns the downloads of each of so many days, the oldest first and the date given last.
func (d DownloadTotal) Series(last Date, days int) []int64 {
	out := make([]int64, days)
	first := last - Date(days) + 1
	for _, day := range d.Days {
		if day.Date >= first && day.Date <= last {
			out[day.Date-first] = day.Count
		}
	}
	return out
}

// Busiest returns the packages of a repository that were downloaded most this week, the most first and equals by
// name, at most n of them, and the downloads of all packages, ever. Rows of packages that are gone are among them.
func Busiest(v *store.View, repository name.Repository, n int) (busiest []DownloadTotal, all int64) {
	today := Today()
	for d := range byPackage.Prefix(v, repository.String()+"/") {
		all += d.Total
		week := d.Week(today)
		if week == 0 || len(busiest) == n && week <= busiest[n-1].Week(today) {
			continue // rows come by name: an equal that comes later stands behind
		}
		i, _ := slices.BinarySearchFunc(busiest, week, func(b DownloadTotal, week int64) int {
			return cmp.Or(cmp.Compare(week, b.Week(today)), -1)
		})
		if busiest = slices.Insert(busiest, i, d); len(busiest) > n {
			busiest = busiest[:n]
		}
	}
	return busiest, all
}
