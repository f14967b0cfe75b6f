// Package gallery shows the components that pages are made of, each with what it is for, in both themes.
//
// It is for who builds pages, and part of the program only if that is built with the tag demo. It knows no rows.
package gallery

import (
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"hexhub/internal/feature/connect"
	"hexhub/internal/kernel/markup"
	"hexhub/internal/surface/web/ui"
)

// Path is where the gallery is.
const Path = "/dev/ui"

// Register adds the gallery to the web site.
func Register(web *ui.Web) {
	web.Handle("GET "+Path, func(w http.ResponseWriter, r *http.Request) error {
		page := page{Page: web.Page(w, r, "Components"), now: time.Now()}
		page.NoIndex = true
		return web.Show(w, http.StatusOK, page.show())
	})
}

type page struct {
	ui.Page
	now time.Time
}

// A specimen is a component as it looks in use. What has an id gets one that begins with the theme's.
type specimen struct {
	name, use string
	show      func(theme string) templ.Component
}

// themes are those in which each specimen is shown.
var themes = []ui.Theme{ui.Light, ui.Dark}

func (p page) specimens() []specimen {
	at := p.now.Add(-3 * time.Hour)
	same := func(c templ.Component) func(string) templ.Component {
		return func(string) templ.Component { return c }
	}
	return []specimen{
		{"Hero", "The top of a page that greets.", same(ui.Hero("Packages, on our own machines.", "Releases are signed, and clients check every byte."))},
		{"Head", "The heading of a page, with what can be done to it as a whole.", same(head())},
		{"Crumbs", "The way to a page from above.", same(ui.Crumbs([]ui.Step{{Path: "/packages", Words: "Packages"}, {Words: "decimal"}}))},
		{"Tabs", "The parts of what a page is about. Some say how many are there.", same(ui.Tabs("Parts", []ui.Tab{
			{Path: Path, Words: "Readme", Current: true}, ui.Counted(Path, "Versions", 42), ui.Counted(Path, "Dependents", 1203),
		}))},
		{"Stats", "What matters at a glance.", same(stats(at))},
		{"Columns", "Content with a column at its side.", same(ui.Columns(note()))},
		{"Sided", "Content beside the navigation to its neighbours.", same(ui.Sided("Docs", ui.Open([]ui.Group{{Words: "Begin", Tabs: []ui.Tab{{Path: Path, Words: "Quick start"}, ui.Counted("/docs", "Search", 3)}}}, Path)))},
		{"Icon", "Icons stand beside words that say the same, and the sign of the product beside its name.", same(icons())},
		{"Chip", "A word or two about what stands beside it.", same(chips())},
		{"Band", "The state of the whole page, worst first.", same(bands())},
		{"Note", "A remark that stands out from the text.", same(note())},
		{"Card", "A piece of a page that stands for itself.", same(card())},
		{"Empty", "Where something could be: what, why it is not, and what to do.", same(empty())},
		{"Rows", "Things, with what can be done to each.", same(rows(at))},
		{"PackageRows", "Packages as lists show them.", func(theme string) templ.Component { return packages(theme, at) }},
		{"Log", "Deeds of the audit log, in words.", same(ui.Log([]ui.Entry{{Words: "Published decimal 2.1.0", Action: "release.publish", By: "eva", At: at}}, Path))},
		{"Table", "Rows under heads, which scroll within themselves.", func(theme string) templ.Component { return table(theme, at) }},
		{"Ledger", "A table of many rows, whose columns keep their width while rows come in.", func(theme string) templ.Component { return ledger(theme, at) }},
		{"Pager", "The other pages of a list.", same(ui.Paging{Page: 7, Pages: 40, Link: func(int) string { return Path }}.Pager())},
		{"Code", "Text to copy.", func(theme string) templ.Component { return ui.Code(theme+"-code", `{:decimal, "~> 2.1"}`) }},
		{"Steps", "What the users of one client do, with everything to copy.", func(theme string) templ.Component {
			return ui.Steps(connect.Guide{Client: theme + "-steps", Steps: []connect.Step{{Say: "Name the registry once per machine.", Text: "mix hex.repo add acme https://hub.example.com/repo"}}})
		}},
		{"Prose", "What somebody wrote, made safe, and a table of its contents.", same(prose())},
		{"More", "What one may want to see and need not.", same(more())},
		{"Same", "How one does the same in a terminal.", func(theme string) templ.Component {
			return ui.Same(theme+"-same", "hexhub cluster members")
		}},
		{"Avatar", "A sign for a name.", same(avatars("eva", "adam", "acme", "joe", "robert", "mike"))},
		{"Sparkline", "How many there were, and the same in words.", same(ui.Sparkline([]int64{3, 9, 4, 12, 15, 8, 21, 19, 30}, "121 downloads in nine days, 30 on the last"))},
		{"Quorum", "How many nodes it takes to write, and how many can be lost, beside the same in words.", same(majorities())},
		{"SearchBox", "The large box that finds packages.", same(ui.SearchBox("decimal", false))},
		{"One", "A page with one thing to do.", same(one())},
		{"Choices", "Permissions to tick.", same(ui.Choices("It may", "scopes", []ui.Choice{{Scope: "api:read", Words: "Read what you can read", Given: true}, {Scope: "api:write", Words: "Publish, and change packages"}}))},
		{"Form", "Fields with labels, hints, and what is wrong.", func(theme string) templ.Component { return form(theme) }},
	}
}

// readme is what somebody may write.
var readme = markup.Markdown([]byte("# Decimal\n\nNumbers of *any* precision.\n\n## Use it\n\n```elixir\nDecimal.add(\"0.1\", \"0.2\")\n```\n\n## Why\n\n> Money is exact.\n\n| kind | exact |\n|---|---|\n| float | no |\n"), markup.Options{})

// wrong is a form as it was sent, with something to mend.
func wrong(theme string) ui.Form {
	return ui.Form{
		ID: theme, Values: url.Values{"name": {"Phönix"}, "level": {"full"}, "reason": {"security"}},
		Errors: map[string]string{"name": "may have letters from a to z, digits and _"},
	}
}

// whole and torn are what becomes of five nodes and of three.
var (
	whole = ui.Quorum{Needed: 3, Seats: []ui.Seat{
		{Name: "hub-a1", Path: Path, Up: true, Leads: true, Votes: true},
		{Name: "hub-a2", Path: Path, Up: true, Votes: true},
		{Name: "hub-b1", Path: Path, Up: true, Votes: true},
		{Name: "hub-b2", Path: Path, Votes: true},
		{Name: "hub-c1", Path: Path, Up: true, Votes: true},
		{Name: "hub-new", Path: Path, Up: true},
	}}
	torn = ui.Quorum{Needed: 2, Seats: []ui.Seat{{Name: "n1", Path: Path, Up: true, Votes: true}, {Name: "n2", Path: Path, Votes: true}, {Name: "n3", Path: Path, Votes: true}}}
)
