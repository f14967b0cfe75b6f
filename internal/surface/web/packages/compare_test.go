package packages_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// diffWorld has two versions of a package, and of one that only eva may read.
const diffWorld = `
user jose
user eva
user otto
org guild admin=eva

package hub/plug owner=jose
release hub/plug 1.0.0 requires="decimal ~> 1.0, mime ~> 1.0" elixir="~> 1.14"
release hub/plug 1.1.0-rc.1
release hub/plug 1.1.0 requires="decimal ~> 1.2" optional="jason ~> 1.0" elixir="~> 1.15"
package hub/decimal owner=jose
release hub/decimal 1.2.0
package guild/vault
release guild/vault 1.0.0
release guild/vault 1.1.0
-- plug-1.0.0/lib/plug.ex --
defmodule Plug do
  def call(conn, opts), do: conn
end
-- plug-1.0.0/lib/old.ex --
one
two
three
four
five
six
-- plug-1.1.0-rc.1/lib/plug.ex --
defmodule Plug do
end
-- plug-1.1.0/lib/plug.ex --
defmodule Plug do
  def call(conn, _options), do: conn <svg/onload=x>
end
-- plug-1.1.0/lib/new.ex --
one
two
three
four
five
six
-- plug-1.1.0/lib/added "><b>.ex --
x = 1
`

func (p page) has(text string) bool { return strings.Contains(p.raw, text) }

func TestADiffShowsWhatWasChanged(t *testing.T) {
	p := newWorld(t, diffWorld).page(200, "/diff/plug/1.0.0..1.1.0", visit{})
	main := words(p.one(t, "main", "", ""))
	for _, want := range []string{
		"plug from 1.0.0 → to 1.1.0", "3 files changed, 2 lines added, 1 line removed", "decimal ~> 1.0 ~> 1.2", "mime ~> 1.0 not required", "jason not required ~> 1.0 (optional)",
		"Elixir ~> 1.14 ~> 1.15", "lib/old.ex → lib/new.ex", "renamed", "It has another name, and no other line.", `lib/added "><b>.ex added`,
	} {
		if !strings.Contains(main, want) {
			t.Errorf("the page lacks %q:\n%s", want, main)
		}
	}
	if got := words(p.one(t, "del", "", "")); got != "def call(conn, opts ), do: conn" {
		t.Errorf("removed: %q", got)
	}
	if len(p.all("mark", "", "")) == 0 || len(p.all("svg", "onload", "x")) != 0 || len(p.all("meta", "name", "robots")) != 1 {
		t.Error("words are not marked, or a file's text became an element, or robots may remember the page")
	}
	if got := attr(p.one(t, "section", "aria-label", "lib/plug.ex"), "id"); !p.has(`href="#`+got+`R2"`) || !p.has(`id="`+got+`L2"`) {
		t.Error("lines have no links")
	}
}

// What does not say which versions leads to what does.
func TestDiffsThatDoNotSayTheirVersions(t *testing.T) {
	s := newWorld(t, diffWorld)
	for _, c := range []struct{ path, want string }{
		{"/diff/plug", "/diff/plug/1.0.0..1.1.0"},
		{"/diff/plug?from=1.1.0&to=1.0.0", "/diff/plug/1.1.0..1.0.0"},
		{"/diff/plug?from=1.0.0&to=", "/diff/plug/1.0.0..1.1.0"},
		{"/diff/plug?from=1.0.0&to=1.1.0-rc.1&whitespace=ignore", "/diff/plug/1.0.0..1.1.0-rc.1?whitespace=ignore"},
		{"/diff/plug/1.0.0..", "/diff/plug/1.0.0..1.1.0"},
		{"/diff/hub/plug/1.0.0..", "/diff/plug/1.0.0..1.1.0"},
		{"/diff/decimal", "/packages/decimal/versions"},
		{"/diff/guild/vault/1.0.0..", "/diff/guild/vault/1.0.0..1.1.0"},
	} {
		rec := s.ask(c.path, visit{as: "eva"})
		if got := rec.Header().Get("Location"); rec.Code != http.StatusSeeOther || got != c.want {
			t.Errorf("%s: %d to %q, want %q", c.path, rec.Code, got, c.want)
		}
	}
	for _, path := range []string{
		"/diff/plug/..1.0.0", "/diff/plug/1.0.0..9.9.9", "/diff/plug/1.0.0...1.1.0", "/diff/plug/1.0.0", "/diff/plug?from=9.9.9&to=1.0.0",
		"/diff/a/b/c", "/diff/1.0.0..1.1.0", "/diff/plug/1.0.0..1.1.0?file=../../etc/passwd", "/diff/plug%2f1.0.0..1.1.0",
	} {
		if rec := s.ask(path, visit{}); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestAFileOfADiffHasAPage(t *testing.T) {
	s := newWorld(t, diffWorld)
	p := s.page(200, "/diff/plug/1.0.0..1.1.0?file=lib/plug.ex", visit{})
	if len(p.all("details", "open", "")) != 1 || len(p.all("ins", "", "")) != 1 {
		t.Error("not the one file is shown")
	}
	p = s.page(200, "/diff/plug/1.0.0..1.1.0?file=lib/plug.ex&from=2", visit{})
	if main := words(p.one(t, "main", "", "")); len(p.all("del", "", "")) != 0 || !strings.Contains(main, "From row 3 of 4") {
		t.Errorf("the rest of the file:\n%s", main)
	}
	p = s.page(200, "/diff/plug/1.0.0..1.1.0?file=lib/plug.ex&from=-9", visit{})
	if len(p.all("ins", "", "")) != 1 {
		t.Error("nonsense is not the beginning")
	}
}

// Of many files the first are shown, and the others lie behind links.
func TestManyFilesAreShownInPart(t *testing.T) {
	var b strings.Builder
	b.WriteString("user jose\npackage hub/many owner=jose\nrelease hub/many 1.0.0\nrelease hub/many 1.0.1\n-- many-1.0.0/a --\na\n")
	for i := range 130 {
		fmt.Fprintf(&b, "-- many-1.0.1/lib/f%03d --\n1\n2\n", i)
	}
	s := newWorld(t, b.String())
	p := s.page(200, "/diff/many/1.0.0..1.0.1", visit{})
	links := p.all("a", "rel", "nofollow")
	if n := len(p.all("section", "", "")); n != 100 || len(links) != 90 {
		t.Fatalf("%d files, %d behind links", n, len(links))
	}
	if to := attr(links[0], "href"); to != "/diff/many/1.0.0..1.0.1?file=lib%2Ff009" {
		t.Errorf("a file lies behind %s", to)
	}
	p = s.page(200, "/diff/many/1.0.0..1.0.1?page=2", visit{})
	if n := len(p.all("section", "", "")); n != 31 {
		t.Errorf("%d files on the second page", n)
	}
}

// The tree leads to each file that differs, on whichever page it is.
func TestTheTreeOfADiffHasAllItsFiles(t *testing.T) {
	var b strings.Builder
	b.WriteString("user jose\npackage hub/many owner=jose\nrelease hub/many 1.0.0\nrelease hub/many 1.0.1\n")
	for i := range 130 {
		fmt.Fprintf(&b, "-- many-1.0.1/lib/f%03d --\n1\n", i)
	}
	s := newWorld(t, b.String())
	const at, last = "/diff/many/1.0.0..1.0.1", "lib/f129"
	id := attr(s.page(200, at+"?page=2&whitespace=ignore", visit{}).one(t, "section", "aria-label", last), "id")
	for path, want := range map[string]string{at: at + "?page=2#" + id, at + "?page=2": "#" + id, at + "?whitespace=ignore": at + "?page=2&whitespace=ignore#" + id} {
		tree := page{s.page(200, path, visit{}).one(t, "nav", "aria-label", "Changed files"), ""}
		if files, last := tree.all("a", "", ""), tree.all("a", "href", want); len(files) < 130 || len(last) != 1 {
			t.Errorf("of %s the tree has %d files, and %d links to %s", path, len(files), len(last), want)
		}
	}
}

// Of what is not compared line by line both files are there as they are.
func TestFilesThatAreNotComparedAreLinked(t *testing.T) {
	large := strings.Repeat("x = 1\n", 100_000)
	s := newWorld(t, "user jose\npackage hub/art owner=jose\nrelease hub/art 1.0.0\nrelease hub/art 1.1.0\n"+
		"-- art-1.0.0/a b.bin --\na\x00\n-- art-1.0.0/large.ex --\n"+large+"-- art-1.0.0/text --\n1\n"+
		"-- art-1.1.0/a b.bin --\nb\x00\n-- art-1.1.0/large.ex --\n"+large+"y\n-- art-1.1.0/text --\n2\n-- art-1.1.0/new.bin --\n\x00\n")
	p := s.page(200, "/diff/art/1.0.0..1.1.0", visit{})
	before, after := "/packages/art/1.0.0/files/", "/packages/art/1.1.0/files/"
	for file, want := range map[string][]string{
		"a b.bin": {before + "a%20b.bin", after + "a%20b.bin"}, "large.ex": {before + "large.ex", after + "large.ex"}, "new.bin": {after + "new.bin"}, "text": nil,
	} {
		links := page{p.one(t, "section", "aria-label", file), ""}.all("a", "rel", "nofollow")
		if len(links) != len(want) {
			t.Errorf("%s has %d links, want %d", file, len(links), len(want))
			continue
		}
		for i, a := range links {
			if to := attr(a, "href"); to != want[i]+"?view=raw" || s.ask(to, visit{}).Code != http.StatusOK {
				t.Errorf("%s is linked as %s, want %s", file, to, want[i])
			}
		}
	}
}

// L4, Z2: what a visitor may not read is compared for him like what is not there, byte for byte.
func TestL4DiffsOfPrivatePackagesLookAbsent(t *testing.T) {
	s := newWorld(t, diffWorld)
	for _, tail := range []string{"", "/1.0.0..1.1.0", "/1.0.0..", "/1.0.0..1.1.0?file=README.md", "?from=1.0.0&to=1.1.0", "/9.9.9..1.0.0"} {
		for _, as := range []string{"", "otto"} {
			private, absent := s.ask("/diff/guild/vault"+tail, visit{as: as}), s.ask("/diff/guild/other"+tail, visit{as: as})
			if private.Code != 404 || strings.ReplaceAll(private.Body.String(), "/vault", "/other") != absent.Body.String() {
				t.Errorf("%s for %q: %d, and it differs from what is absent", tail, as, private.Code)
			}
		}
	}
	if rec := s.ask("/diff/guild/vault/1.0.0..1.1.0", visit{as: "eva"}); rec.Code != 200 || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("a member is answered %d, %s", rec.Code, rec.Header().Get("Cache-Control"))
	}
}

// D10: whoever has too much compared is told so, and when to try again; what is known he still sees.
func TestD10TooManyDiffsAreRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString("user jose\npackage hub/many owner=jose\n")
	for i := range 50 {
		fmt.Fprintf(&b, "release hub/many 1.0.%d\n", i)
	}
	s := newWorld(t, b.String())
	refused := 0
	for i := range 49 {
		rec := s.ask(fmt.Sprintf("/diff/many/1.0.0..1.0.%d", i+1), visit{})
		if rec.Code == http.StatusTooManyRequests && rec.Header().Get("Retry-After") != "" {
			refused++
		} else if rec.Code != 200 {
			t.Fatalf("%d: %s", rec.Code, rec.Body)
		}
	}
	if refused < 9 {
		t.Errorf("%d of 49 were refused", refused)
	}
	if rec := s.ask("/diff/many/1.0.0..1.0.1", visit{}); rec.Code != 200 {
		t.Errorf("what was compared before: %d", rec.Code)
	}
}

func TestVersionsCanBeChosenToBeCompared(t *testing.T) {
	s := newWorld(t, diffWorld)
	p := s.page(200, "/packages/plug/versions", visit{})
	form := page{p.one(t, "form", "action", "/diff/plug"), ""}
	chosen := func(name string) string {
		for _, o := range (page{form.one(t, "select", "name", name), ""}).all("option", "selected", "") {
			for _, a := range o.Attr {
				if a.Key == "selected" {
					return attr(o, "value")
				}
			}
		}
		return ""
	}
	if from, to := chosen("from"), chosen("to"); from != "1.0.0" || to != "1.1.0" {
		t.Errorf("from %s to %s are chosen", from, to)
	}
	if p := s.page(200, "/packages/decimal/versions", visit{}); len(p.all("form", "action", "/diff/decimal")) != 0 {
		t.Error("one version alone can be compared")
	}
}

// L4: packages that may not be read, are not there, or are no packages, are told of alike.
func TestSeveralDiffsOnOnePage(t *testing.T) {
	s := newWorld(t, diffWorld)
	ask := "/diffs?diffs[]=plug:1.0.0:1.1.0&diffs[]=guild/vault:1.0.0:1.1.0&diffs[]=decimal:9.9.9:1.2.0&diffs[]=%22%3E%3Csvg/onload=x%3E&diffs[]=plug:1.0.0&diffs[]=guild/none:1.0.0:1.1.0"
	p := s.page(200, ask, visit{as: "otto"})
	if n := strings.Count(words(p.one(t, "main", "", "")), "There is no such package or version here"); n != 4 {
		t.Errorf("%d are not here", n)
	}
	for _, want := range []string{"3 files changed, 2 lines added, 1 line removed", "mime no longer; it was ~> 1.0", "decimal ~> 1.2, before ~> 1.0"} {
		if strings.Count(words(p.one(t, "main", "", "")), want) != 2 {
			t.Errorf("the page lacks %q:\n%s", want, words(p.one(t, "main", "", "")))
		}
	}
	if len(p.all("svg", "onload", "x")) != 0 {
		t.Error("what was asked for became an element")
	}
	if n := strings.Count(words(s.page(200, ask, visit{as: "eva"}).one(t, "main", "", "")), "There is no such package"); n != 3 {
		t.Errorf("for a member %d are not here", n)
	}
	if main := words(s.page(200, "/diffs", visit{}).one(t, "main", "", "")); !strings.Contains(main, "No packages are named") {
		t.Error(main)
	}
}

// What was compared before is on the page however much is named, also when memory has it no more, and is not counted.
func TestManyDiffsAreReadFromTheDisk(t *testing.T) {
	var b strings.Builder
	b.WriteString("user jose\npackage hub/many owner=jose\n")
	for i := range 40 {
		fmt.Fprintf(&b, "release hub/many 1.0.%d\n", i)
	}
	ask := "/diffs?"
	for i := range 39 {
		ask += fmt.Sprintf("diffs[]=many:1.0.0:1.0.%d&", i+1)
	}
	s := newWorld(t, b.String())
	made := func() int { return strings.Count(words(s.page(200, ask, visit{}).one(t, "main", "", "")), "changed") }
	for want := 10; want <= 20; want += 10 { // after which he has to wait for a minute
		if got := made(); got != want {
			t.Fatalf("%d are made, want %d", got, want)
		}
	}
	s.restart()
	if got := made(); got != 30 {
		t.Errorf("%d are shown after a restart, want 20 that are written and 10 that are made", got)
	}
}

// D10: a page with many comparisons makes few of them.
func TestD10OnlySomeOfManyDiffsAreMade(t *testing.T) {
	var b strings.Builder
	b.WriteString("user jose\npackage hub/many owner=jose\n")
	for i := range 40 {
		fmt.Fprintf(&b, "release hub/many 1.0.%d\n", i)
	}
	ask := "/diffs?"
	for i := range 120 {
		ask += fmt.Sprintf("diffs[]=many:1.0.0:1.0.%d&", i)
	}
	s := newWorld(t, b.String())
	main := words(s.page(200, ask, visit{}).one(t, "main", "", ""))
	if made, later, none := strings.Count(main, "changed"), strings.Count(main, "compared when you open it"), strings.Count(main, "There is no such"); made > 10 || later < 30 || none != 60 || !strings.Contains(main, "20 more are named") {
		t.Errorf("%d were made, %d are to come, %d are not here", made, later, none)
	}
}
