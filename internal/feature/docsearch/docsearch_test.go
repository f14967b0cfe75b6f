package docsearch_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/docsearch"
)

func TestPlacesAreFound(t *testing.T) {
	w := newWorld(t)
	w.document("ecto 1.0.0", data(
		"module Ecto.Changeset: Changesets allow filtering, casting and validation of data.",
		"function Ecto.Changeset.cast/4: Applies the given params as changes.",
		"function Ecto.Changeset.cast_assoc/3: Casts the given association with the changeset parameters.",
		"type Ecto.Changeset.t/0: The type.",
		"extras Getting started: How to parse data. First `cast` it.",
	))
	w.document("live 1.0.0", data(
		"module Phoenix.LiveView: Rich, real-time experiences. Parsing is not done here.",
		"function Phoenix.LiveView.assign/3: Adds a key.",
	))
	w.settle()
	for _, c := range []struct{ typed, want string }{
		{"cast/4", "Ecto.Changeset.cast/4"},
		{"cast", "Ecto.Changeset.cast/4, Ecto.Changeset.cast_assoc/3, Getting started, Ecto.Changeset"},
		{"ecto changeset cast_assoc", "Ecto.Changeset.cast_assoc/3"},
		{"liveview", "Phoenix.LiveView, Phoenix.LiveView.assign/3"},
		{"live view assi", "Phoenix.LiveView.assign/3"},
		{"parsing", "Getting started, Phoenix.LiveView"},
		{"parsing elephants", ""},
		{"elephants", ""},
		{"", ""},
		{"!?.", ""},
	} {
		if got := w.finds(public, c.typed); got != c.want {
			t.Errorf("%q finds %s\nwant %s", c.typed, got, c.want)
		}
	}
	if got := w.finds(public, "Ecto.Changeset"); !strings.HasPrefix(got, "Ecto.Changeset, ") || strings.Count(got, ", ") != 3 {
		t.Errorf("the module and three of its functions are %s", got)
	}
}

// A letter beside words narrows what they find, as if it were the beginning of a word; what is called so the whole comes first.
func TestALetterBeginsAWordOfATitle(t *testing.T) {
	w := newWorld(t)
	w.document("plug 1.0.0", data(
		"module Plug: It.", "module Plug.Conn: It.", "function Plug.call/2: It.", "function Plug.run/3: It.", "function Plug.c/0: It.", "module Cow: It.",
	))
	w.settle()
	for _, c := range []struct {
		typed      string
		from, size int
		want       string
	}{
		{"plug c", 0, 9, "Plug.c/0, Plug.Conn, Plug.call/2"},
		{"c plug", 0, 9, "Plug.c/0, Plug.Conn, Plug.call/2"},
		{"plug c", 1, 1, "Plug.Conn"},
		{"plug c", 5, 5, ""},
		{"plug r 3", 0, 9, "Plug.run/3"},
		{"plug z", 0, 9, ""},
		{"c", 0, 9, "Plug.c/0"},
	} {
		found := w.find(docsearch.Query{In: public, Typed: c.typed, Titles: true, From: c.from, Size: c.size})
		var got []string
		for _, h := range found.Hits {
			got = append(got, h.Title)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%q finds %q from %d on, want %s", c.typed, got, c.from, c.want)
		}
	}
}

// The last three words may be beginnings where titles are looked into: each costs a look through the index.
func TestFewWordsOfATitleAreBegun(t *testing.T) {
	w := newWorld(t)
	w.document("plug 1.0.0", data("page Getting started with secure cookies: It."))
	w.settle()
	for typed, want := range map[string]int{"start sec cook": 1, "getting start sec cook": 1, "gett start sec cook": 0} {
		if got := w.find(docsearch.Query{In: public, Typed: typed, Titles: true, Size: 9}).Total; got != want {
			t.Errorf("%q finds %d, want %d", typed, got, want)
		}
	}
}

// Marks stand where the words are, and a text is shown where the first of them is.
func TestFoundWordsAreMarked(t *testing.T) {
	w := newWorld(t)
	w.document("ecto 1.0.0", data("function Ecto.cast/4: "+strings.Repeat("Nothing of interest is told here. ", 20)+"Then it `parses` all <script>."))
	w.settle()
	found := w.find(docsearch.Query{In: public, Typed: "ecto parsing"})
	if len(found.Hits) != 1 {
		t.Fatal(found)
	}
	var name, text strings.Builder
	for _, s := range found.Hits[0].Name {
		name.WriteString(marked(s))
	}
	for _, s := range found.Hits[0].Excerpt {
		text.WriteString(marked(s))
	}
	if got, want := name.String(), "[Ecto].cast/4"; got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	if got := text.String(); !strings.HasPrefix(got, "… ") || !strings.HasSuffix(got, "Then it [parses] all <script>.") || len(got) > 300 {
		t.Errorf("excerpt %q", got)
	}
}

func marked(s docsearch.Span) string {
	if s.Mark {
		return "[" + s.Text + "]"
	}
	return s.Text
}

// What is shown follows the rows: documentation that comes, is replaced or goes, and packages that are deleted.
func TestIndexFollowsTheRows(t *testing.T) {
	w := newWorld(t)
	w.document("plug 1.0.0", data("module Plug: Carrots.", "module Plug.Old: Carrots."))
	w.settle()
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "Plug, Plug.Old"},
		{func() { w.document("plug 1.0.0", data("module Plug: Carrots.")) }, "Plug"},
		{func() { w.document("plug 1.1.0", data("module Plug.New: Carrots.")) }, "Plug.New"},
		{func() { w.document("plug 2.0.0-rc.1", data("module Plug.Next: Carrots.")) }, "Plug.New"},
		{func() { w.document("plug 1.1.0", nil) }, "Plug"},
		{func() { w.document("plug 1.0.0", nil) }, "Plug.Next"},
		{func() { w.document("plug 2.0.0-rc.1", nil) }, ""},
		{func() { w.document("cow 1.0.0", data("module Cow: Carrots.")) }, "Cow"},
		{func() { w.delete("cow 1.0.0") }, ""},
	} {
		step.do()
		w.settle()
		if got := w.finds(public, "carrots"); got != step.want {
			t.Errorf("found %q, want %q", got, step.want)
		}
	}
	if n := w.Numbers(); n != (docsearch.Numbers{}) {
		t.Errorf("left behind: %+v", n)
	}
}

// Who names packages searches those, at the version he names or near it.
func TestPinnedVersionsAreSearched(t *testing.T) {
	w := newWorld(t)
	for _, v := range []string{"1.0.0", "1.2.0", "2.0.0"} {
		w.document("plug "+v, data("module Plug "+v+": Carrots."))
	}
	w.document("cow 1.0.0", data("module Cow: Carrots."))
	w.document("guild/deck 1.0.0", data("module Deck: Carrots."))
	w.settle()
	pin := func(text string) docsearch.Pin {
		pkg, v, _ := strings.Cut(text, " ")
		p := docsearch.Pin{}
		if in, rest, ok := strings.Cut(pkg, "/"); ok {
			p.Repository, pkg = name.MustRepository(in), rest
		}
		p.Package = name.MustPackage(pkg)
		if v != "" {
			p.Version = version.MustParse(v)
		}
		return p
	}
	for _, c := range []struct{ pin, searched, found string }{
		{"plug", "2.0.0", "Plug 2.0.0"},
		{"plug 1.2.0", "1.2.0", "Plug 1.2.0"},
		{"plug 1.9.0", "1.2.0", "Plug 1.2.0"},
		{"plug 0.1.0", "1.0.0", "Plug 1.0.0"},
		{"plug 9.0.0", "2.0.0", "Plug 2.0.0"},
		{"deck", "1.0.0", "Deck"},
		{"guild/deck", "1.0.0", "Deck"},
		{"hexhub/deck", "", ""},
		{"horse", "", ""},
	} {
		found := w.find(docsearch.Query{In: members, Typed: "carrots", Only: []docsearch.Pin{pin(c.pin)}})
		if got := found.Scope[0].Searched.String(); got != c.searched || titles(found) != c.found {
			t.Errorf("%s: searched %q and found %q, want %q and %q", c.pin, got, titles(found), c.searched, c.found)
		}
	}
	both := w.find(docsearch.Query{In: members, Typed: "carrots", Only: []docsearch.Pin{pin("plug 1.0.0"), pin("cow")}})
	if both.Total != 2 || len(both.Hits) != 2 {
		t.Errorf("two packages: %+v", both)
	}
}

// L2: what is in a repository that somebody may not read changes nothing in what he finds: neither hits nor counts nor
// order, nor what is said of a package that he names.
func TestL2PrivateDocumentationIsNoOracle(t *testing.T) {
	w := newWorld(t)
	here := []string{"module Alpha: Carrots, carrots, carrots with potatoes.", "module Beta: Potatoes, potatoes, potatoes with carrots."}
	for n := range 20 {
		here = append(here, fmt.Sprintf("module Field%d: Potatoes.", n))
	}
	w.document("plug 1.0.0", data(here...))
	w.settle()
	ask := func() (all []docsearch.Found) {
		only := []docsearch.Pin{{Package: name.MustPackage("plug")}, {Package: name.MustPackage("vault")}, {Repository: guild, Package: name.MustPackage("vault")}}
		for _, q := range []docsearch.Query{{Size: 9}, {Size: 1}, {From: 1, Size: 1}, {Size: 9, Titles: true}, {Size: 9, Only: only}, {Size: 1, Only: only}} {
			q.In, q.Typed = public, "carrots potatoes"
			all = append(all, w.find(q))
		}
		return all
	}
	before := ask()
	if got := titles(before[0]); got != "Alpha, Beta" {
		t.Fatalf("the rarer word does not weigh more: %s", got)
	}
	there := []string{"module Vault.Canary: Swordfish carrots potatoes.", "module Carrots.Potatoes: Carrots potatoes."}
	for n := range 200 { // by which carrots would be the more common
		there = append(there, fmt.Sprintf("module Vault%d: Carrots.", n))
	}
	w.document("guild/vault 1.0.0", data(there...))
	w.document("guild/vault 1.1.0", data(there...))
	w.settle()
	if after := ask(); !reflect.DeepEqual(before, after) {
		t.Errorf("what is private changes what others find:\n%+v\n%+v", before, after)
	}
	if got := w.finds(public, "swordfish"); got != "" {
		t.Errorf("a stranger finds %s", got)
	}
	if got := w.finds(members, "swordfish"); got != "Vault.Canary" {
		t.Errorf("a member finds %s", got)
	}
}

// L3: what was deleted or taken back is not told, even while the index has not come to it.
func TestL3DeletedDocumentationIsNotTold(t *testing.T) {
	w := newWorld(t)
	w.document("plug 1.0.0", data("module Plug: Carrots."))
	w.settle()
	w.stop() // so that nothing follows; what is open stays so for the search
	w.start()
	w.settle()
	v := w.db.View()
	w.document("plug 1.0.0", nil)
	now := w.db.View()
	found, err := w.Find(t.Context(), now, docsearch.Query{In: public, Typed: "carrots", Size: 10})
	if err != nil || len(found.Hits) != 0 || found.Total != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	v.Close()
	now.Close()
}

// What was put in is there after a restart without being read again, and what changed meanwhile is made up for.
func TestIndexOutlivesTheProcess(t *testing.T) {
	w := newWorld(t)
	w.document("plug 1.0.0", data("module Plug: Carrots."))
	w.document("cow 1.0.0", data("module Cow: Carrots."))
	w.settle()
	w.restart(func() {
		w.document("cow 1.0.0", nil)
		w.document("ecto 1.0.0", data("module Ecto: Carrots."))
	})
	if got := w.finds(public, "carrots"); got != "Ecto, Plug" && got != "Plug, Ecto" {
		t.Errorf("found %s", got)
	}
}

// damages are what befalls a file, each in every eighth of it.
var damages = map[string]func(path string, eighth int64){
	"cut": func(path string, eighth int64) {
		if info, err := os.Stat(path); err == nil {
			_ = os.Truncate(path, info.Size()*eighth/8)
		}
	},
	"gone": func(path string, _ int64) { _ = os.Remove(path) },
	"garbage": func(path string, eighth int64) {
		if b, err := os.ReadFile(path); err == nil {
			at := int64(len(b)) * eighth / 8
			copy(b[at:], bytes.Repeat([]byte("garbage"), len(b)/8/7))
			_ = os.WriteFile(path, b, 0o600)
		}
	},
	"a bit": func(path string, eighth int64) {
		if b, err := os.ReadFile(path); err == nil {
			b[int64(len(b))*eighth/8] ^= 1
			_ = os.WriteFile(path, b, 0o600)
		}
	},
}

// An index that is damaged is made anew, and ends no process.
func TestDamagedIndexIsMadeAnew(t *testing.T) {
	for name, damage := range damages {
		for _, pattern := range []string{"index_meta.json", "store/root.bolt", "store/*.zap"} {
			t.Run(name+" "+filepath.Base(pattern), func(t *testing.T) {
				w := newWorld(t)
				w.document("plug 1.0.0", data("module Plug: Carrots."))
				w.settle()
				for eighth := range int64(8) {
					w.restart(func() { // so that what is in memory comes to lie in files
						files, err := filepath.Glob(filepath.Join(w.dir, "hexhub", pattern))
						if err != nil || len(files) == 0 {
							t.Fatalf("no file %s to damage: %v", pattern, err)
						}
						for _, f := range files {
							damage(f, eighth)
						}
					})
					if got := w.finds(public, "carrots"); got != "Plug" {
						t.Errorf("found %q after the eighth %d", got, eighth)
					}
				}
			})
		}
	}
}

// Documentation that is not here yet is tried again, and holds up nothing else.
func TestMissingArchivesHoldUpNothing(t *testing.T) {
	w := newWorld(t)
	files := data("module Lost: Carrots.")
	w.document("lost 1.0.0", files)
	w.settle()
	if got := w.finds(public, "carrots"); got != "Lost" {
		t.Errorf("found %q", got)
	}
	w.document("plug 1.0.0", map[string]string{"index.html": "<title>Plug</title><p>Carrots.</p>"})
	w.settle()
	if got := w.finds(public, "carrots"); got != "Lost, Plug" && got != "Plug, Lost" {
		t.Errorf("found %q", got)
	}
}
