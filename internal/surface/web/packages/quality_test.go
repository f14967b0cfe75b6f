package packages_test

import (
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
)

func TestTheQualityOfAVersionLeadsToWhereItIsMended(t *testing.T) {
	s := newSite(t)
	p := s.page(200, "/packages/decimal/quality", visit{})
	main := words(p.one(t, "main", "", ""))
	for _, want := range []string{"Quality of 1.2.0", "There is a changelog.", "There is no code in it.", "No version has."} {
		if !strings.Contains(main, want) {
			t.Errorf("the page lacks %q:\n%s", want, main)
		}
	}
	for check, to := range map[string]string{"docs": "/docs/publish-docs", "links": "/publish", "example": "/packages/decimal/1.2.0/files"} {
		if len((page{p.one(t, "li", "id", check), ""}).all("a", "href", to)) == 0 {
			t.Errorf("whoever lacks %s is not led to %s", check, to)
		}
	}
	p = s.page(200, "/packages/decimal", visit{})
	if got := words(p.one(t, "a", "href", "/packages/decimal/quality")); !strings.HasPrefix(got, "Quality ") || !strings.HasSuffix(got, "%") {
		t.Errorf("beside the name stands %q", got)
	}
	s.page(200, "/packages/decimal/1.0.0/quality", visit{})
}

// The score is the same on each tab and for each visitor, and another once a row that it is made of is another.
func TestTheScoreFollowsTheRows(t *testing.T) {
	s := newSite(t)
	score := func(path, as string) string {
		t.Helper()
		for _, a := range s.page(200, path, visit{as: as}).all("a", "href", "/packages/decimal/1.2.0/quality") {
			if w := words(a); strings.HasSuffix(w, "%") {
				return w
			}
		}
		t.Fatalf("%s shows no score", path)
		return ""
	}
	before := score("/packages/decimal/1.2.0", "")
	for _, tab := range []string{"", "/dependencies", "/changelog", "/files", "/quality"} {
		if got := score("/packages/decimal/1.2.0"+tab, "eva"); got != before {
			t.Errorf("on the tab %q it is %s, and %s before", tab, got, before)
		}
	}
	rows := catalog.Tables[1].(*store.Table[catalog.Release])
	err := s.db.Update(t.Context(), func(tx *store.Tx) error {
		r, _ := catalog.GetRelease(tx, catalog.Ref{Repository: name.MustRepository("hub"), Name: name.MustPackage("decimal")}, version.MustParse("1.2.0"))
		r.Retirement = &catalog.Retirement{Reason: catalog.Invalid}
		rows.Put(tx, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := score("/packages/decimal/1.2.0", ""); got == before {
		t.Errorf("a retired version has %s still", got)
	}
}

// That a machine tests a package is told by the badge of its README, or by a file that the machine reads.
func TestWhereAPackageIsTestedIsSeen(t *testing.T) {
	s := newWorld(t, `user jose
package hub/badge owner=jose
release hub/badge 1.0.0
package hub/file owner=jose
release hub/file 1.0.0
package hub/none owner=jose
release hub/none 1.0.0 elixir="~> 1.14.0"
-- badge-1.0.0/README.md --
[![CI](https://github.com/acme/badge/actions/workflows/ci.yml/badge.svg)](https://github.com/acme/badge/actions/workflows/ci.yml?query=branch%3Amain&x=1)
-- file-1.0.0/.github/workflows/ci.yml --
on: push
-- none-1.0.0/README.md --
Some [actions](https://github.com/acme/none) in [it](lib/none.ex).
`)
	for pkg, want := range map[string]string{"badge": "say where", "file": "say where", "none": "Neither the files nor the README tell."} {
		if got := words(s.page(200, "/packages/"+pkg+"/quality", visit{}).one(t, "li", "id", "tests")); !strings.Contains(got, want) {
			t.Errorf("of the tests of %s is told %s", pkg, got)
		}
	}
	if got := words(s.page(200, "/packages/none/quality", visit{}).one(t, "li", "id", "elixir")); !strings.Contains(got, "~> 1.14.0 and nothing that comes after it") {
		t.Errorf("of its Elixir is told %s", got)
	}
}

// Which versions of Erlang/OTP and of Gleam a package works with is told by what its build tool reads.
func TestToolchainsAreReadFromTheFiles(t *testing.T) {
	s := newWorld(t, `user jose
package hub/old owner=jose
release hub/old 1.0.0
package hub/new owner=jose
release hub/new 1.0.0
-- old-1.0.0/rebar.config --
{require_otp_vsn, "R16|17|18|<b>"}.
-- old-1.0.0/gleam.toml --
name = "old"
gleam = "~> 0.34"
-- new-1.0.0/rebar.config --
% for all
{minimum_otp_vsn, "26"}.
-- new-1.0.0/sub/gleam.toml --
gleam = "~> 0.1"
`)
	old, latest := s.page(200, "/packages/old/quality", visit{}), s.page(200, "/packages/new/quality", visit{})
	for id, want := range map[string]string{"otp": "It admits R16|17|18|<b> and nothing that comes after it.", "gleam": "It admits ~> 0.34 and nothing that comes after it."} {
		li := page{old.one(t, "li", "id", id), ""}
		if got := words(li.Node); !strings.Contains(got, want) || len(li.all("a", "href", "/publish")) == 0 {
			t.Errorf("of %s is told %s", id, got)
		}
	}
	if got := words(latest.one(t, "li", "id", "otp")); !strings.Contains(got, "It admits what comes after 26.") {
		t.Errorf("of what admits all is told %s", got)
	}
	if len(latest.all("li", "id", "gleam")) != 0 {
		t.Error("a file in a folder counts")
	}
}

// How many functions have a text is told by the documentation, on each node the same, whether or not it searches it.
func TestHowMuchIsDocumentedIsTold(t *testing.T) {
	s := newWorld(t, `user jose
package hub/plug owner=jose
release hub/plug 1.0.0
package hub/wisp owner=jose
release hub/wisp 1.0.0
-- wisp-1.0.0:docs/index.html --
<h1>Wisp</h1>
-- plug-1.0.0:docs/index.html --
<h1>Plug</h1>
-- plug-1.0.0:docs/dist/search_data-1.js --
searchData={"items":[{"type":"function","ref":"Plug.html#run/1","title":"Plug.run/1","doc":"Runs."},{"type":"macro","ref":"Plug.html#plug/1","title":"Plug.plug/1","doc":""}]}
`)
	if got := words(s.page(200, "/packages/plug/quality", visit{}).one(t, "li", "id", "functions")); !strings.Contains(got, "There is a text for 1 of 2 functions and macros.") {
		t.Errorf("of functions is told %s", got)
	}
	if got := words(s.page(200, "/packages/wisp/quality", visit{}).one(t, "li", "id", "functions")); !strings.Contains(got, "It is not counted") || !strings.Contains(got, "must read its code") {
		t.Errorf("of what does not say is told %s", got)
	}
}

func TestModelsAreToldWhereTheFactsAre(t *testing.T) {
	s := newSite(t)
	rec := s.ask("/packages/decimal/llms.txt", visit{})
	text := rec.Body.String()
	for _, want := range []string{
		"# decimal 1.2.0\n", "> Numbers '><svg/onload=x>\n", "https://hub.example.com/packages/decimal/1.2.0/files/README.md?view=raw", "- jason ~> 1.0\n", "under MIT",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if rec.Code != 200 || rec.Header().Get("Content-Type") != "text/plain; charset=utf-8" || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	if text := s.ask("/packages/decimal/1.1.0/llms.txt", visit{}).Body.String(); !strings.Contains(text, "is retired") {
		t.Errorf("nobody is told that a version is retired:\n%s", text)
	}
}

// What is told of a version is what its own tarball says, whichever was published last.
func TestEachVersionSpeaksForItself(t *testing.T) {
	s := newSite(t)
	for ver, want := range map[string]struct{ about, license, link string }{
		"1.2.0":      {"Numbers '><svg/onload=x>", "MIT", "There are no links."},
		"2.0.0-rc.1": {"More numbers", "Apache-2.0", "A link leads to it."},
	} {
		text := s.ask("/packages/decimal/"+ver+"/llms.txt", visit{}).Body.String()
		if !strings.Contains(text, "\n> "+want.about+"\n") || !strings.Contains(text, " under "+want.license+".") {
			t.Errorf("of %s models are told\n%s", ver, text)
		}
		p := s.page(200, "/packages/decimal/"+ver+"/quality", visit{})
		if got := words(p.one(t, "li", "id", "license")); !strings.Contains(got, want.license+", and its text is there.") && !strings.Contains(got, "There is no file with the text of the licence.") {
			t.Errorf("the licence of %s is judged by %q", ver, got)
		}
		if got := words(p.one(t, "li", "id", "links")); !strings.Contains(got, want.link) {
			t.Errorf("the links of %s are judged by %q", ver, got)
		}
		if got := attr(p.one(t, "meta", "name", "description"), "content"); got != want.about {
			t.Errorf("the page of %s is said to be about %q", ver, got)
		}
		if main := words(s.page(200, "/packages/decimal/"+ver, visit{}).one(t, "main", "", "")); !strings.Contains(main, "Licence "+want.license) {
			t.Errorf("the page of %s lacks its licence: %s", ver, main)
		}
	}
}
