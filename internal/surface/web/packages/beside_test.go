package packages_test

import (
	"strings"
	"testing"
)

// What can be told of packages stands side by side, and can be pasted elsewhere.
func TestPackagesAreComparedSideBySide(t *testing.T) {
	s := newSite(t)
	s.fetched("jason", "0.4.2", 7)
	p := s.page(200, "/compare?p=decimal&p=jason&p=decimal&p=", visit{})
	table := words(p.one(t, "table", "", ""))
	for _, want := range []string{"decimal jason Newest version 1.2.0 0.4.2", "Versions 5 1", "Downloads, ever 0 7", "Dependencies 1 0", "Licence MIT", "Owners jose, sam eva"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q: %s", want, table)
		}
	}
	if got := words(p.one(t, "pre", "id", "markdown")); !strings.Contains(got, "| Newest version | 1.2.0 | 0.4.2 |") {
		t.Errorf("in Markdown it is %s", got)
	}
	if got := attr(p.one(t, "a", "aria-label", "Leave out jason"), "href"); got != "/compare?p=decimal" {
		t.Errorf("without jason it is %s", got)
	}
	if !strings.Contains(s.page(200, "/packages/decimal", visit{}).raw, `href="/compare?p=decimal"`) {
		t.Error("the page of a package does not lead there")
	}
	if got := words(s.page(200, "/compare?p=a&p=b&p=c&p=d&p=e&p=f", visit{}).one(t, "main", "", "")); !strings.Contains(got, "2 more are named in the address") {
		t.Errorf("of six packages is told %s", got)
	}
}

// L2: beside others, too, a private package is none for those who may not read it.
func TestL2PrivatePackagesAreComparedAsAbsentOnes(t *testing.T) {
	s := newSite(t)
	asked := func(name, who string) string {
		return strings.NewReplacer("guild/"+name, "NAME", "guild%2F"+name, "NAME").Replace(s.page(200, "/compare?p=decimal&p=guild/"+name, visit{as: who}).raw)
	}
	for _, who := range []string{"", "sam"} {
		if private, none := asked("vault", who), asked("vaults", who); private != none {
			t.Errorf("%q can tell them apart:\n%s\n%s", who, private, none)
		}
	}
	if got := asked("vault", "eva"); strings.Contains(got, "not here, or private") {
		t.Error("a member does not see what he may read")
	}
}

// D9: what somebody writes into an address stays text, in the table and in Markdown.
func TestD9ComparedWordsStayText(t *testing.T) {
	s := newWorld(t, "user jose\npackage hub/odd owner=jose\nrelease hub/odd 1.0.0\n")
	p := s.page(200, "/compare?p=odd&p=%22%3E%3Csvg/onload=x%3E&p=a%7C%5Bx%5D(javascript:y)", visit{})
	if len(p.all("svg", "onload", "x")) != 0 {
		t.Error("an address became an element")
	}
	for line := range strings.Lines(words(p.one(t, "pre", "id", "markdown"))) {
		if strings.Contains(line, "<s") || strings.Contains(line, "a|[x]") {
			t.Errorf("in Markdown a text is more than that: %s", line)
		}
	}
}
