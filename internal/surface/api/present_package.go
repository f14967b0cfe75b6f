package api

import (
	"fmt"
	"slices"
	"strings"

	"hexhub/hex/version"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/store"
)

func (a *api) packageURL(ref catalog.Ref) string {
	if ref.Repository == a.Default {
		return a.link("api", "packages", ref.Name.String())
	}
	return a.link("api", "repos", ref.Repository.String(), "packages", ref.Name.String())
}

func (a *api) releaseURL(ref catalog.Ref, v version.Version) string {
	return a.packageURL(ref) + "/releases/" + v.String()
}

// packagePage is the address of a package, or with a version of a release, for people.
func (a *api) packagePage(ref catalog.Ref, v ...string) string {
	path := []string{"packages"}
	if ref.Repository != a.Default {
		path = append(path, ref.Repository.String())
	}
	return a.link(append(append(path, ref.Name.String()), v...)...)
}

// presentPackage is a package with its releases, which are given in ascending order and shown in
// descending order. There is at least one.
func (a *api) presentPackage(v *store.View, p catalog.Package, releases []catalog.Release) object {
	latest := releases[len(releases)-1]
	o := object{
		"repository": p.Repository.String(), "name": p.Name.String(),
		"inserted_at": moment(p.InsertedAt), "updated_at": moment(p.UpdatedAt),
		"url": a.packageURL(p.Ref()), "html_url": a.packagePage(p.Ref()), "docs_html_url": nil,
		"latest_version": latest.Version.String(), "latest_stable_version": nil,
		"meta":      presentMeta(p.Meta),
		"downloads": presentDownloads(stats.Downloads(v, p.Repository, p.Name)),
	}
	shown, retirements := list{}, object{}
	for _, r := range slices.Backward(releases) {
		shown = append(shown, object{
			"version": r.Version.String(), "url": a.releaseURL(p.Ref(), r.Version),
			"has_docs": r.HasDocs(), "inserted_at": moment(r.InsertedAt),
		})
		if r.Retirement != nil {
			retirements[r.Version.String()] = presentRetirement(*r.Retirement)
		}
		if o["latest_stable_version"] == nil && !r.Version.IsPre() {
			o["latest_stable_version"], latest = r.Version.String(), r
		}
	}
	if _, ok := docs.Among(releases).Latest(); ok {
		o["docs_html_url"] = a.Pages.Package(p.Ref())
	}
	o["releases"], o["retirements"] = shown, retirements
	o["configs"] = a.presentConfigs(latest)
	return o
}

// presentWholePackage adds what is shown only of a package by itself.
func (a *api) presentWholePackage(v *store.View, p catalog.Package, releases []catalog.Release) object {
	o := a.presentPackage(v, p, releases)
	owners := list{}
	for _, owner := range p.Owners {
		if u, ok := account.Users.Get(v, owner.UserID); ok {
			owners = append(owners, a.presentMinimal(u))
		} else if owner.UserID == "" {
			owners = append(owners, a.presentOrgAsUser(owner.Org))
		}
	}
	o["owners"] = sortedBy(owners, "username")
	o["security_advisories"] = list{}
	return o
}

// sortedBy sorts objects by a text that each of them has.
func sortedBy(l list, key string) list {
	slices.SortFunc(l, func(x, y any) int {
		return strings.Compare(x.(object)[key].(string), y.(object)[key].(string))
	})
	return l
}

// presentMeta shows lists and texts that are always there: rebar3 crashes on a description that is null.
func presentMeta(m catalog.Meta) object {
	description := ""
	if m.Description != nil {
		description = *m.Description
	}
	links := object{}
	for label, url := range m.Links {
		links[label] = url
	}
	return object{"description": description, "licenses": texts(m.Licenses), "links": links, "maintainers": texts(m.Maintainers)}
}

func texts(in []string) list {
	out := list{}
	for _, s := range in {
		out = append(out, s)
	}
	return out
}

func presentRetirement(r catalog.Retirement) object {
	o := object{"reason": string(r.Reason)}
	omitEmpty(o, "message", r.Message)
	return o
}

func presentDownloads(v stats.Views) object {
	o := object{}
	for view, n := range map[string]int64{"day": v.Day, "week": v.Week, "recent": v.Recent, "all": v.All} {
		if n > 0 {
			o[view] = n
		}
	}
	return o
}

// presentConfigs says how to depend on a release, in the words of each build tool.
func (a *api) presentConfigs(r catalog.Release) object {
	d := connect.Dependency{Package: r.Package.String(), App: r.App, Version: r.Version}
	if r.Repository != a.Default {
		d.Option = fmt.Sprintf("organization: %q", r.Repository)
	}
	return object{"mix.exs": d.Mix(), "rebar.config": d.Rebar(), "erlang.mk": d.ErlangMk()}
}
