package api

import (
	"cmp"
	"net/url"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

// presentRelease is a release as its publisher sees it, with null for what nobody can know yet.
func (a *api) presentRelease(v *store.View, r catalog.Release) object {
	o := object{
		"version": r.Version.String(), "checksum": r.Outer.String(), "has_docs": r.HasDocs(),
		"inserted_at": moment(r.InsertedAt), "updated_at": moment(r.UpdatedAt),
		"package_url": a.packageURL(r.Ref()), "url": a.releaseURL(r.Ref(), r.Version),
		"html_url": a.packagePage(r.Ref(), r.Version.String()), "docs_html_url": nil,
		"requirements": presentRequirements(r), "configs": a.presentConfigs(r),
		"meta":       object{"app": r.App, "build_tools": texts(r.BuildTools), "elixir": nullEmpty(r.Elixir)},
		"retirement": nil, "publisher": nil, "downloads": nil,
	}
	if r.HasDocs() {
		o["docs_html_url"] = a.Pages.Release(r)
	}
	if r.Retirement != nil {
		o["retirement"] = presentRetirement(*r.Retirement)
	}
	if u, ok := account.Users.Get(v, r.Publisher); ok {
		o["publisher"] = a.presentMinimal(u)
	}
	return o
}

// presentWholeRelease adds what is asked of a release that is out.
func (a *api) presentWholeRelease(v *store.View, r catalog.Release, query url.Values) object {
	o := a.presentRelease(v, r)
	row, _ := stats.Release(v, r.Repository, r.Package, r.Version)
	o["downloads"] = series(row, query)
	o["security_advisories"] = list{}
	return o
}

// presentRequirements shows the repository of a dependency only if it is another one. The rest is always
// there: gleam demands it in JSON.
func presentRequirements(r catalog.Release) object {
	out := object{}
	for _, q := range r.Requirements {
		o := object{"app": q.App, "requirement": q.Requirement, "optional": q.Optional}
		if q.Repository != r.Repository {
			o["repository"] = q.Repository.String()
		}
		out[q.Package.String()] = o
	}
	return out
}

// series are the downloads of a release: their sum, or by day or month, between two dates. Without dates
// the sum goes back to the beginning; single days are kept for three months.
func series(row stats.DownloadTotal, query url.Values) any {
	after, errAfter := stats.ParseDate(query.Get("downloads_after"))
	before, errBefore := stats.ParseDate(query.Get("downloads_before"))
	unit := query.Get("downloads")
	if unit != "day" && unit != "month" && errAfter != nil && errBefore != nil {
		return row.Total
	}
	var sum int64
	var names []string
	counts := map[string]int64{}
	for _, d := range row.Days {
		if errAfter == nil && d.Date < after || errBefore == nil && d.Date > before {
			continue
		}
		sum += d.Count
		name := d.Date.String()
		if unit == "month" {
			name = name[:len("YYYY-MM")]
		}
		if counts[name] == 0 {
			names = append(names, name)
		}
		counts[name] += d.Count
	}
	if unit != "day" && unit != "month" {
		return sum
	}
	out := list{}
	for _, name := range names {
		out = append(out, list{name, counts[name]})
	}
	return out
}

// nullEmpty is a text, or null for the empty one.
func nullEmpty[T cmp.Ordered](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}
