package packages

import (
	"cmp"
	"slices"

	"hexhub/hex/version"
	"hexhub/internal/feature/stats"
	"hexhub/internal/surface/web/ui"
)

// A tally is how often a version was downloaded, or several together.
type tally struct {
	Version           version.Version // zero for several
	Week, Month, Ever int64           // the days end with today
}

func tallyOf(row stats.DownloadTotal, today stats.Date) tally {
	return tally{row.Version, row.Week(today), row.Month(today), row.Total}
}

// downloads are those of a package: by version, and by day.
type downloads struct {
	Whole  tally
	By     map[version.Version]tally
	Days   []int64 // those of the last month, today's last
	Today  stats.Date
	Most   []tally // the versions that were downloaded most, the most first
	Others tally   // the rest of them
	Behind int     // how many those are
}

// mostTold is of how many versions a table tells how often they were downloaded.
const mostTold = 8

// downloads are those of the package by versions that are still there.
func (s *subject) downloads() downloads {
	today := stats.Today()
	row, _ := stats.Package(s.view, s.Repository.Name, s.Package.Name)
	d := downloads{Whole: tallyOf(row, today), By: map[version.Version]tally{}, Days: row.Series(today, month), Today: today}
	for _, r := range s.Releases {
		row, _ := stats.Release(s.view, r.Repository, r.Package, r.Version)
		row.Version = r.Version // of one that nobody has fetched, too
		d.By[r.Version] = tallyOf(row, today)
		d.Most = append(d.Most, d.By[r.Version])
	}
	slices.SortFunc(d.Most, func(a, b tally) int {
		return cmp.Or(cmp.Compare(b.Month, a.Month), cmp.Compare(b.Ever, a.Ever), b.Version.Compare(a.Version))
	})
	for len(d.Most) > mostTold {
		last := len(d.Most) - 1
		d.Others, d.Behind, d.Most = d.Others.and(d.Most[last]), d.Behind+1, d.Most[:last]
	}
	return d
}

// and is both together.
func (t tally) and(o tally) tally {
	return tally{Week: t.Week + o.Week, Month: t.Month + o.Month, Ever: t.Ever + o.Ever}
}

// words say what the drawing of the days shows.
func (d downloads) words() string {
	return ui.Count(int(d.Whole.Month)) + " downloads in thirty days, " + ui.Count(int(d.Whole.Ever)) + " in all"
}

// words say how often the version was downloaded.
func (t tally) words() string {
	said := ui.Count(int(t.Ever)) + " downloads"
	if t.Ever == 1 {
		said = "1 download"
	}
	if t.Week > 0 {
		said += ", " + ui.Count(int(t.Week)) + " this week"
	}
	return said
}
