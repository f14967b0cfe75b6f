package dash

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// A usage is what an organization holds, and how much of it is fetched.
type usage struct {
	Packages, Releases, Members, Keys int
	Bytes                             int64 // of all tarballs
	Week, All                         int64 // downloads
}

func usageOf(v *store.View, o org.Organization) usage {
	u := usage{Members: len(o.Members), Keys: len(access.KeysOf(v, access.OfOrg(o.Name)))}
	for pkg := range catalog.In(v, o.Name) {
		u.Packages++
		sums := stats.Downloads(v, pkg.Repository, pkg.Name)
		u.Week, u.All = u.Week+sums.Week, u.All+sums.All
	}
	for rel := range catalog.ReleasesIn(v, o.Name) {
		u.Releases++
		u.Bytes += rel.Size
	}
	return u
}

type repositoryPage struct {
	orgPage
	Usage  usage
	Guides []connect.Guide
	Rule   string // how long new keys live at most, as the command line takes it; empty for ever
}

func (p *pages) repositoryPage(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) *repositoryPage {
	return &repositoryPage{
		orgPage: p.orgPage(w, r, v, o, "repository", "Repository"), Usage: usageOf(o.view, o.Organization),
		Guides: connect.OfOrganization(p.Registry, o.Name.String()), Rule: age(o.KeyMaxAge),
	}
}

func (p *pages) repository(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	page := p.repositoryPage(w, r, v, o)
	page.Form.Values = url.Values{"key_max_age": {page.Rule}}
	return p.web.Show(w, http.StatusOK, page.show())
}

// setRule says how long new keys for the repository live at most.
func (p *pages) setRule(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	most, err := parseRule(form.Get("key_max_age"))
	if err == nil {
		err = p.still(v, o, org.Admin).SetKeyMaxAge(r.Context(), v.Actor.By(), o.Name, most)
	}
	if err != nil {
		page := p.repositoryPage(w, r, v, o)
		page.Form.Values = form
		return p.web.Refused(w, r, err, &page.Form, page.show, "key_max_age")
	}
	p.web.Flash(w, "org-rule")
	return ui.GoTo(w, o.Path("repository"))
}

// parseRule reads an age; nothing and 0 mean for ever.
func parseRule(text string) (time.Duration, error) {
	most, err := access.ParseMaxAge(cmp.Or(strings.TrimSpace(text), "0"))
	if err != nil {
		return 0, fault.Field("must be an age such as 90d or 12h, or nothing for ever", "key_max_age")
	}
	return most, nil
}

// age writes a rule as it is typed.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return ""
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return d.String()
}

// command sets the rule in a terminal.
func (p *repositoryPage) command() string { return ruleCommand(p.Org.Name, p.Rule) }

func ruleCommand(n name.Repository, rule string) string {
	if rule == "" {
		rule = "90d"
	}
	return "hexhub org set " + n.String() + " --key-max-age " + rule
}
