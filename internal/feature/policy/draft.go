package policy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/kernel/fault"
)

// A Draft is what somebody wants a policy to be, in his own words. What is nil stays as it is.
type Draft struct {
	Name         string
	Description  *string
	Visibility   *string
	Repositories *[]TabDraft
}

// A TabDraft is a tab to be. Texts that are empty and lists that are nil make no rule.
type TabDraft struct {
	Repository  string
	Cooldown    string
	MinSeverity string
	Retirements []string
	Overrides   []OverrideDraft
}

// An OverrideDraft is an override to be.
type OverrideDraft struct{ Action, Package, Requirement string }

// The bounds of a policy.
const (
	minName, maxName = 3, 64
	maxDescription   = 500      // characters
	maxRules         = 64 << 10 // bytes of all rules, as rows keep them
	maxPolicies      = 100      // of an organization
)

var (
	nameFormat = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]*[a-z0-9]$`)
	cooldown   = regexp.MustCompile(`^(0|[0-9]{1,5}(d|w|mo))$`)

	// hex.pm has pages of these names in the place of policies.
	reservedNames = []string{"new", "package-suggestions", "version-suggestions"}
)

func checkName(text string) string {
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "can't be blank"
	case n < minName:
		return fmt.Sprintf("should be at least %d character(s)", minName)
	case n > maxName:
		return fmt.Sprintf("should be at most %d character(s)", maxName)
	case !nameFormat.MatchString(text):
		return "has invalid format"
	case slices.Contains(reservedNames, text):
		return "is reserved"
	}
	return ""
}

func checkDescription(text string) string {
	switch {
	case utf8.RuneCountInString(text) > maxDescription:
		return fmt.Sprintf("should be at most %d character(s)", maxDescription)
	case !utf8.ValidString(text), strings.ContainsFunc(text, deceptive):
		return "has invalid format"
	}
	return ""
}

// deceptive reports characters that a terminal or a page would not show as what they are.
func deceptive(r rune) bool {
	return r != '\n' && unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// A checker reads drafts for one organization.
type checker struct{ organization, home name.Repository }

// apply makes p what the draft says, and returns by field what is wrong with it.
func (c checker) apply(d Draft, p *Policy) fault.Fields {
	wrong := fault.Fields{}
	note := func(field, why string) {
		if why != "" {
			wrong[field] = why
		}
	}
	if d.Description != nil {
		p.Description = strings.TrimSpace(*d.Description)
		note("description", checkDescription(p.Description))
	}
	if d.Visibility != nil {
		p.Visibility = Visibility(*d.Visibility)
	}
	switch p.Visibility {
	case Public, Private:
	case "":
		note("visibility", "can't be blank")
	default:
		note("visibility", "is invalid")
	}
	if d.Repositories != nil {
		tabs, bad := c.tabs(*d.Repositories)
		p.Repositories = tabs
		if len(bad) > 0 {
			wrong["repositories"] = bad
		} else if rules, _ := json.Marshal(tabs); len(rules) > maxRules {
			note("repositories", fmt.Sprintf("should be at most %d bytes in all", maxRules))
		}
	}
	return wrong
}

// mayHave lists the repositories for which the organization can have rules, in the order of their tabs:
// the default one, what its clients know as hex.pm, and its own.
func (c checker) mayHave() []name.Repository {
	return slices.Compact([]name.Repository{c.home, name.MustRepository("hexpm"), c.organization})
}

// tabs reads tabs. What is wrong is told by repository.
func (c checker) tabs(drafts []TabDraft) ([]Tab, fault.Fields) {
	allowed, bad := c.mayHave(), fault.Fields{}
	var tabs []Tab
	for _, d := range drafts {
		i := slices.IndexFunc(allowed, func(n name.Repository) bool { return n.String() == d.Repository })
		switch {
		case d.Repository == "":
			bad["repository"] = "can't be blank"
			continue
		case i < 0:
			bad[label(d.Repository, "repository")] = "must be one of " + join(allowed)
			continue
		case slices.ContainsFunc(tabs, func(t Tab) bool { return t.Repository == allowed[i] }):
			bad[d.Repository] = "is listed more than once"
			continue
		}
		tab, wrong := d.tab(allowed[i])
		if len(wrong) > 0 {
			bad[d.Repository] = wrong
		}
		tabs = append(tabs, tab)
	}
	slices.SortFunc(tabs, func(a, b Tab) int { return slices.Index(allowed, a.Repository) - slices.Index(allowed, b.Repository) })
	return tabs, bad
}

// label is a stranger's text as the name of a field, or another if it is none that one would show.
func label(text, other string) string {
	if text == "" || len(text) > maxLabel || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }) {
		return other
	}
	return text
}

const maxLabel = 128 // bytes

func join(names []name.Repository) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = n.String()
	}
	return strings.Join(texts, ", ")
}

func (d TabDraft) tab(repository name.Repository) (Tab, fault.Fields) {
	t, wrong := Tab{Repository: repository, Cooldown: d.Cooldown, MinSeverity: Severity(d.MinSeverity)}, fault.Fields{}
	if d.Cooldown != "" && !cooldown.MatchString(d.Cooldown) {
		wrong["cooldown"] = "is invalid"
	}
	if d.MinSeverity != "" && !slices.Contains(Severities, t.MinSeverity) {
		wrong["advisory_min_severity"] = "is invalid"
	}
	for _, text := range d.Retirements {
		if !slices.Contains(Reasons, Reason(text)) {
			wrong["retirement_reasons"] = "contains invalid reasons"
		}
	}
	for _, r := range Reasons {
		if slices.Contains(d.Retirements, string(r)) {
			t.Retirements = append(t.Retirements, r)
		}
	}
	overrides, bad := overrides(d.Overrides)
	if t.Overrides = overrides; len(bad) > 0 {
		wrong["overrides"] = bad
	}
	return t, wrong
}

// overrides reads overrides. What is wrong is told by package.
func overrides(drafts []OverrideDraft) ([]Override, fault.Fields) {
	var out []Override
	seen, bad := map[string]bool{}, fault.Fields{}
	for _, d := range drafts {
		o, wrong := d.override()
		at := label(d.Package, "package")
		switch {
		case d.Package == "":
			bad[at] = "can't be blank"
		case seen[d.Package]:
			bad[at] = "is listed more than once"
		case len(wrong) > 0:
			bad[at] = wrong
		}
		seen[d.Package] = true
		out = append(out, o)
	}
	return out, bad
}

func (d OverrideDraft) override() (Override, fault.Fields) {
	o, wrong := Override{Action: Action(d.Action), Requirement: strings.TrimSpace(d.Requirement)}, fault.Fields{}
	switch {
	case d.Action == "":
		wrong["action"] = "can't be blank"
	case !slices.Contains(Actions, o.Action):
		wrong["action"] = "is invalid"
	}
	var err error
	if o.Package, err = name.ParsePackage(d.Package); err != nil {
		wrong["package"] = err.Error()
	}
	if o.Requirement != "" {
		if _, err := version.ParseRequirement(o.Requirement); err != nil {
			wrong["requirement"] = "is invalid"
		}
	}
	return o, wrong
}
