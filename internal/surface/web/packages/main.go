package packages

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/stats"
	"hexhub/internal/surface/web/ui"
)

// mainView is the first tab: what the package is, how one gets it, and its README.
type mainView struct {
	view
	Views stats.Views
	Days  []int64 // downloads of the last month
}

const month = 30 // days that are drawn

func (p *pages) main(w http.ResponseWriter, r *http.Request, s *subject) error {
	v := mainView{view: p.view(w, r, s, ""), Views: stats.Downloads(s.view, s.Repository.Name, s.Package.Name)}
	row, _ := stats.Package(s.view, s.Repository.Name, s.Package.Name)
	v.Days = lately(row.Days, stats.Today())
	return p.web.Show(w, http.StatusOK, v.show())
}

// lately are the downloads of each of the days up to yesterday.
func lately(days stats.Days, today stats.Date) []int64 {
	counts := make([]int64, month)
	for _, d := range days {
		if i := int(d.Date-today) + month; i >= 0 && i < month {
			counts[i] = d.Count
		}
	}
	return counts
}

// An owner is somebody whose package it is.
type owner struct {
	Name, Path string
	Full       bool
}

// owners are those of the package who are still there, those with all rights first.
func (s *subject) owners() []owner {
	var all []owner
	for _, o := range s.Package.Owners {
		if o.UserID == "" {
			all = append(all, owner{o.Org.String(), "/orgs/" + o.Org.String(), o.Level == access.Full})
		} else if u, ok := account.Users.Get(s.view, o.UserID); ok && u.Active() {
			all = append(all, owner{u.Username.String(), "/users/" + u.Username.String(), o.Level == access.Full})
		}
	}
	slices.SortFunc(all, func(a, b owner) int {
		if a.Full != b.Full {
			return map[bool]int{true: -1, false: 1}[a.Full]
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return all
}

// links are those that the package names, as far as they lead to pages of the web.
func links(m catalog.Meta) []ui.Step {
	var all []ui.Step
	for words, to := range m.Links {
		u, err := url.Parse(to)
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil {
			all = append(all, ui.Step{Path: u.String(), Words: words})
		}
	}
	slices.SortFunc(all, func(a, b ui.Step) int { return cmp.Compare(strings.ToLower(a.Words), strings.ToLower(b.Words)) })
	return all
}

// purl is the package URL of the release, by which scanners name it.
func (s *subject) purl() string {
	path := s.Package.Name.String()
	if !s.Repository.Default() {
		path = s.Repository.Name.String() + "/" + path
	}
	return "pkg:hex/" + path + "@" + s.Release.Version.String()
}
