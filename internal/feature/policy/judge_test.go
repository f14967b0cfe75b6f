package policy_test

import (
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/policy"
)

// P9: what an editor is shown beforehand is what clients do.
func TestP9ReleasesAreJudgedAsClientsDo(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	release := func(age time.Duration, retired policy.Reason, severity policy.Severity) policy.Candidate {
		return policy.Candidate{
			Package: name.MustPackage("decimal"), Version: version.MustParse("2.1.0"), PublishedAt: at.Add(-age), Retired: retired, Severity: severity,
		}
	}
	const day = 24 * time.Hour
	rules := policy.Tab{Cooldown: "1w", MinSeverity: "high", Retirements: []policy.Reason{"security", "invalid"}}
	with := func(action policy.Action, pkg, requirement string) policy.Tab {
		t := rules
		t.Overrides = []policy.Override{{Action: action, Package: name.MustPackage(pkg), Requirement: requirement}}
		return t
	}
	for what, c := range map[string]struct {
		tab  policy.Tab
		c    policy.Candidate
		want policy.Cause
	}{
		"no rules":                    {policy.Tab{}, release(0, "security", "critical"), ""},
		"old enough":                  {rules, release(7*day, "", ""), ""},
		"too young":                   {rules, release(7*day-1, "", ""), policy.Young},
		"of unknown age":              {rules, policy.Candidate{Package: name.MustPackage("decimal")}, ""},
		"retired for what is listed":  {rules, release(30*day, "security", ""), policy.Retired},
		"retired for something else":  {rules, release(30*day, "renamed", ""), ""},
		"an advisory as grave":        {rules, release(30*day, "", "high"), policy.Grave},
		"an advisory less grave":      {rules, release(30*day, "", "medium"), ""},
		"several causes":              {rules, release(0, "security", "critical"), policy.Grave},
		"denied by name":              {with("deny", "decimal", ""), release(30*day, "", ""), policy.Denied},
		"another is denied":           {with("deny", "poison", ""), release(30*day, "", ""), ""},
		"denied version":              {with("deny", "decimal", "~> 2.1"), release(30*day, "", ""), policy.Denied},
		"another version is denied":   {with("deny", "decimal", "~> 1.0"), release(30*day, "", ""), ""},
		"allowed in spite of its age": {with("allow", "decimal", "== 2.1.0"), release(0, "security", "critical"), ""},
		"another version is allowed":  {with("allow", "decimal", "== 2.1.1"), release(0, "", ""), policy.Young},
	} {
		if got := c.tab.Judge(c.c, at); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

func TestCooldownsAreTimes(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "0": 0, "7d": 168 * time.Hour, "2w": 336 * time.Hour, "1mo": 720 * time.Hour, "d": 0, "7x": 0, "w2": 0} {
		if got := policy.Wait(text); got != want {
			t.Errorf("%q = %s, want %s", text, got, want)
		}
	}
}

func TestDraftsAreTriedWithoutBeingKept(t *testing.T) {
	w := newWorld(t)
	p, err := w.Try(guild, draft("strict", policy.TabDraft{Repository: "hexhub", Cooldown: "7d"}))
	if err != nil || len(p.Repositories) != 1 || p.Repositories[0].Cooldown != "7d" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := w.Try(guild, draft("strict", policy.TabDraft{Repository: "hexhub", Cooldown: "soon"})); err == nil {
		t.Error("a bad draft is tried")
	}
	if all := policy.Of(w.db.View(), guild); len(all) != 0 {
		t.Errorf("kept %v", all)
	}
}
