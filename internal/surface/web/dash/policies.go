package dash

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/trial"
	"hexhub/internal/surface/web/ui"
)

type policyLine struct {
	policy.Policy
	Chips []string
}

type policiesPage struct {
	orgPage
	Policies []policyLine
}

func (p *pages) policies(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	page := &policiesPage{orgPage: p.orgPage(w, r, v, o, "policies", "Policies")}
	for _, pol := range policy.Of(o.view, o.Name) {
		page.Policies = append(page.Policies, policyLine{pol, chips(pol)})
	}
	return p.web.Show(w, http.StatusOK, page.show())
}

// chips are a policy's rules in a few words.
func chips(p policy.Policy) []string {
	var all []string
	overrides := 0
	for _, t := range p.Repositories {
		if t.Cooldown != "" && t.Cooldown != "0" {
			all = append(all, "cool-down "+t.Cooldown)
		}
		if t.MinSeverity != "" {
			all = append(all, "advisories from "+string(t.MinSeverity))
		}
		if len(t.Retirements) > 0 {
			all = append(all, "retired")
		}
		overrides += len(t.Overrides)
	}
	switch overrides {
	case 0:
	case 1:
		all = append(all, "1 override")
	default:
		all = append(all, ui.Count(overrides)+" overrides")
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// subject is a repository that a policy has rules for, as the form shows them.
type subject struct {
	Repository, Words     string
	Offers                string // where to ask what an override may be about; empty where that is not known here
	Cooldown, MinSeverity string
	Retirements           []ui.Choice
	Severities            []ui.Option
	Overrides             []policy.OverrideDraft
}

type policyPage struct {
	orgPage
	Stored   policy.Policy // as it is laid down; zero for a new one
	By       string        // who changed it last; empty where that is not known
	Subjects []subject
	Trial    *trial.Outcome
	Usage    string
	Edit     bool
}

// Action is where the form goes.
func (p *policyPage) Action() string {
	if p.Stored.ID == "" {
		return p.Org.Path("policies/new")
	}
	return p.Org.Path("policies/" + p.Stored.Name)
}

// hitsShown is how many packages a preview names.
const hitsShown = 20

var visibilities = []ui.Option{
	{Value: string(policy.Private), Words: "Private", Hint: "For members."},
	{Value: string(policy.Public), Words: "Public", Hint: "For everybody, but without the rules for the organization's own packages."},
}

var severities = []ui.Option{{Words: "none"}, {Value: "low", Words: "low or graver"}, {Value: "medium", Words: "medium or graver"}, {Value: "high", Words: "high or graver"}, {Value: "critical", Words: "critical"}}

// policyPage shows a policy as the draft has it.
func (p *pages) policyPage(w http.ResponseWriter, r *http.Request, v ui.Visit, o place, stored policy.Policy, d policy.Draft) *policyPage {
	title := "New policy"
	if stored.ID != "" {
		title = stored.Name
	}
	page := &policyPage{orgPage: p.orgPage(w, r, v, o, "policies", title), Stored: stored, Edit: o.May(org.Admin)}
	page.Form.Values = url.Values{"name": {d.Name}, "description": {*d.Description}, "visibility": {*d.Visibility}}
	for _, n := range p.Policies.Subjects(o.Name) {
		page.Subjects = append(page.Subjects, p.subjectOf(o, n, *d.Repositories))
	}
	if stored.ID != "" {
		page.Usage = p.usage(stored)
	}
	if u, ok := account.Users.Get(o.view, stored.UpdatedBy); ok {
		page.By = u.Username.String()
	}
	return page
}

func (p *pages) subjectOf(o place, n name.Repository, drafts []policy.TabDraft) subject {
	s := subject{Repository: n.String(), Words: n.String()}
	if _, here := org.Repositories.Get(o.view, n.String()); here {
		s.Offers = o.Path("offers") + "?" + url.Values{"repository": {n.String()}}.Encode()
	}
	switch {
	case n == o.Name:
		s.Words += ": the organization's own packages"
	case n.String() == p.Registry.Repository:
		s.Words += ": packages of this server"
	case n.String() == "hexpm":
		s.Words += ": packages of hex.pm"
	}
	var tab policy.TabDraft
	if i := slices.IndexFunc(drafts, func(t policy.TabDraft) bool { return t.Repository == s.Repository }); i >= 0 {
		tab = drafts[i]
	}
	s.Cooldown, s.MinSeverity, s.Overrides = tab.Cooldown, tab.MinSeverity, tab.Overrides
	for _, reason := range policy.Reasons {
		s.Retirements = append(s.Retirements, ui.Choice{Scope: string(reason), Given: slices.Contains(tab.Retirements, string(reason))})
	}
	return s
}

// Rows are the overrides with some more to fill in.
func (s subject) Rows() []policy.OverrideDraft {
	return append(slices.Clone(s.Overrides), make([]policy.OverrideDraft, 2)...)
}

// usage is what to write into mix.exs.
func (p *pages) usage(pol policy.Policy) string {
	where := "repo"
	if p.Registry.Repository == "hexpm" {
		where = "org"
	}
	return fmt.Sprintf("def project do\n  [\n    hex: [policy: [%s: %q, name: %q]]\n  ]\nend", where, pol.Organization.String(), pol.Name)
}

// draftOfPolicy is a policy as its form shows it.
func draftOfPolicy(pol policy.Policy) policy.Draft {
	var tabs []policy.TabDraft
	for _, t := range pol.Repositories {
		d := policy.TabDraft{Repository: t.Repository.String(), Cooldown: t.Cooldown, MinSeverity: string(t.MinSeverity)}
		for _, reason := range t.Retirements {
			d.Retirements = append(d.Retirements, string(reason))
		}
		for _, over := range t.Overrides {
			d.Overrides = append(d.Overrides, policy.OverrideDraft{Action: string(over.Action), Package: over.Package.String(), Requirement: over.Requirement})
		}
		tabs = append(tabs, d)
	}
	visibility := string(pol.Visibility)
	if visibility == "" {
		visibility = string(policy.Private)
	}
	return policy.Draft{Name: pol.Name, Description: &pol.Description, Visibility: &visibility, Repositories: &tabs}
}

// draftOfForm reads the form of a policy. A repository without any rule has none, and a row without a package is
// no override.
func draftOfForm(form url.Values, subjects []name.Repository) policy.Draft {
	tabs := []policy.TabDraft{}
	for _, n := range subjects {
		of := func(field string) []string { return form[n.String()+"."+field] }
		t := policy.TabDraft{Repository: n.String(), Cooldown: strings.TrimSpace(form.Get(n.String() + ".cooldown")), MinSeverity: form.Get(n.String() + ".severity"), Retirements: of("retirement")}
		packages, actions, requirements := of("package"), of("action"), of("requirement")
		for i, pkg := range packages {
			if pkg = strings.TrimSpace(pkg); pkg != "" && i < len(actions) && i < len(requirements) {
				t.Overrides = append(t.Overrides, policy.OverrideDraft{Action: actions[i], Package: pkg, Requirement: strings.TrimSpace(requirements[i])})
			}
		}
		if t.Cooldown != "" || t.MinSeverity != "" || len(t.Retirements) > 0 || len(t.Overrides) > 0 {
			tabs = append(tabs, t)
		}
	}
	return policy.Draft{
		Name: form.Get("name"), Description: new(form.Get("description")), Visibility: new(form.Get("visibility")), Repositories: &tabs,
	}
}

func (p *pages) newPolicy(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	return p.web.Show(w, http.StatusOK, p.policyPage(w, r, v, o, policy.Policy{}, draftOfPolicy(policy.Policy{})).show())
}

func (p *pages) policy(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	stored, ok := policy.Get(o.view, o.Name, r.PathValue("policy"))
	if !ok {
		return errAbsent
	}
	page := p.policyPage(w, r, v, o, stored, draftOfPolicy(stored))
	page.Trial = new(trial.Run(o.view, v.Actor, stored, hitsShown, time.Now()))
	return p.web.Show(w, http.StatusOK, page.show())
}

func (p *pages) createPolicy(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	return p.savePolicy(w, r, v, o, policy.Policy{})
}

func (p *pages) changePolicy(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	stored, ok := policy.Get(o.view, o.Name, r.PathValue("policy"))
	if !ok {
		return errAbsent
	}
	return p.savePolicy(w, r, v, o, stored)
}

// savePolicy lays the policy of the form down, or shows what it would do if that is what was asked.
func (p *pages) savePolicy(w http.ResponseWriter, r *http.Request, v ui.Visit, o place, stored policy.Policy) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	d := draftOfForm(form, p.Policies.Subjects(o.Name))
	if stored.ID != "" {
		d.Name = stored.Name
	}
	preview := form.Get("do") == "preview"
	var tried policy.Policy
	switch {
	case preview:
		tried, err = p.Policies.Try(o.Name, d)
	case stored.ID == "":
		_, err = p.Policies.Create(r.Context(), v.Actor, o.Name, d)
	default:
		_, err = p.Policies.Update(r.Context(), v.Actor, o.Name, stored.Name, d)
	}
	if err != nil {
		page := p.policyPage(w, r, v, o, stored, d)
		return p.web.Refused(w, r, err, &page.Form, page.show, "name", "description", "visibility")
	}
	if preview {
		page := p.policyPage(w, r, v, o, stored, d)
		page.Trial = new(trial.Run(o.view, v.Actor, tried, hitsShown, time.Now()))
		return p.web.Show(w, http.StatusOK, page.show())
	}
	p.web.Flash(w, "policy-saved")
	return ui.GoTo(w, o.Path("policies/"+d.Name))
}

func (p *pages) deletePolicy(w http.ResponseWriter, r *http.Request, v ui.Visit, o place) error {
	if err := p.Policies.Delete(r.Context(), v.Actor, o.Name, r.PathValue("policy")); err != nil {
		return err
	}
	p.web.Flash(w, "policy-deleted")
	return ui.GoTo(w, o.Path("policies"))
}
