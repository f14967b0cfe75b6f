// Package gallery shows the components that pages are made of, each with what it is for, in both themes: those that pages
// share, and those that packages of pages keep to themselves and hand out as specimens.
//
// It is for who builds pages, and part of the program only if that is built with the tag demo. It knows no rows.
package gallery

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"

	"hexhub/internal/feature/connect"
	"hexhub/internal/kernel/markup"
	"hexhub/internal/surface/web/admin"
	"hexhub/internal/surface/web/dash"
	"hexhub/internal/surface/web/find"
	"hexhub/internal/surface/web/packages"
	"hexhub/internal/surface/web/palette"
	"hexhub/internal/surface/web/ui"
	"hexhub/internal/surface/web/ui/keys"
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

// themes are those in which each specimen is shown.
var themes = []ui.Theme{ui.Light, ui.Dark}

func (p page) specimens() []ui.Specimen {
	at := p.now.Add(-3 * time.Hour)
	same := func(c templ.Component) func(string) templ.Component {
		return func(string) templ.Component { return c }
	}
	shared := []ui.Specimen{
		{Name: "Hero", Use: "The top of a page that greets.", Show: same(ui.Hero("Packages, on our own machines.", "Releases are signed, and clients check every byte."))},
		{Name: "Head", Use: "The heading of a page, with what can be done to it as a whole.", Show: same(head())},
		{Name: "Crumbs", Use: "The way to a page from above.", Show: same(ui.Crumbs([]ui.Step{{Path: "/packages", Words: "Packages"}, {Words: "decimal"}}))},
		{Name: "Tabs", Use: "The parts of what a page is about. Some say how many are there.", Show: same(ui.Tabs("Parts", []ui.Tab{
			{Path: Path, Words: "Readme", Current: true}, ui.Counted(Path, "Versions", 42), ui.Counted(Path, "Dependents", 1203),
		}))},
		{Name: "Stats", Use: "What matters at a glance.", Show: same(stats(at))},
		{Name: "Columns", Use: "Content with a column at its side.", Show: same(ui.Columns(note()))},
		{Name: "Sided", Use: "Content beside the navigation to its neighbours.", Show: same(ui.Sided("Docs", ui.Open([]ui.Group{{Words: "Begin", Tabs: []ui.Tab{{Path: Path, Words: "Quick start"}, ui.Counted("/docs", "Search", 3)}}}, Path)))},
		{Name: "Icon", Use: "Icons stand beside words that say the same, and the sign of the product beside its name.", Show: same(icons())},
		{Name: "Chip", Use: "A word or two about what stands beside it.", Show: same(chips())},
		{Name: "Band", Use: "The state of the whole page, worst first.", Show: same(bands())},
		{Name: "Note", Use: "A remark that stands out from the text.", Show: same(note())},
		{Name: "Card", Use: "A piece of a page that stands for itself.", Show: same(card())},
		{Name: "Empty", Use: "Where something could be: what, why it is not, and what to do.", Show: same(empty())},
		{Name: "Rows", Use: "Things, with what can be done to each.", Show: same(rows(at))},
		{Name: "PackageRows", Use: "Packages as lists show them.", Show: func(theme string) templ.Component { return packageRows(theme, at) }},
		{Name: "Log", Use: "Deeds of the audit log, in words.", Show: same(ui.Log([]ui.Entry{{Words: "Published decimal 2.1.0", Action: "release.publish", By: "eva", At: at}}, Path))},
		{Name: "Table", Use: "Rows under heads, which scroll within themselves.", Show: func(theme string) templ.Component { return table(theme, at) }},
		{Name: "Ledger", Use: "A table of many rows, whose columns keep their width while rows come in.", Show: func(theme string) templ.Component { return ledger(theme, at) }},
		{Name: "Pager", Use: "The other pages of a list.", Show: same(ui.Paging{Page: 7, Pages: 40, Link: func(int) string { return Path }}.Pager())},
		{Name: "Code", Use: "Text to copy.", Show: func(theme string) templ.Component { return ui.Code(theme+"-code", `{:decimal, "~> 2.1"}`) }},
		{Name: "Steps", Use: "What the users of one client do, with everything to copy.", Show: func(theme string) templ.Component {
			return ui.Steps(connect.Guide{Client: theme + "-steps", Steps: []connect.Step{{Say: "Name the registry once per machine.", Text: "mix hex.repo add acme https://hub.example.com/repo"}}})
		}},
		{Name: "Prose", Use: "What somebody wrote, made safe, and a table of its contents.", Show: same(prose())},
		{Name: "More", Use: "What one may want to see and need not.", Show: same(more())},
		{Name: "Same", Use: "How one does the same in a terminal.", Show: func(theme string) templ.Component {
			return ui.Same(theme+"-same", "hexhub cluster members")
		}},
		{Name: "Avatar", Use: "A sign for a name.", Show: same(avatars("eva", "adam", "acme", "joe", "robert", "mike"))},
		{Name: "Sparkline", Use: "How many there were, and the same in words.", Show: same(ui.Sparkline([]int64{3, 9, 4, 12, 15, 8, 21, 19, 30}, "121 downloads in nine days, 30 on the last"))},
		{Name: "Quorum", Use: "How many nodes it takes to write, and how many can be lost, beside the same in words.", Show: same(majorities())},
		{Name: "SearchBox", Use: "The large box that finds packages.", Show: same(ui.SearchBox("decimal", false))},
		{Name: "One", Use: "A page with one thing to do.", Show: same(one())},
		{Name: "Choices", Use: "Permissions to tick.", Show: same(ui.Choices("It may", "scopes", []ui.Choice{{Scope: "api:read", Words: "Read what you can read", Given: true}, {Scope: "api:write", Words: "Publish, and change packages"}}))},
		{Name: "Form", Use: "Fields with labels, hints, and what is wrong.", Show: func(theme string) templ.Component { return form(theme) }},
	}
	return slices.Concat(shared, find.Specimens(), palette.Specimens(), packages.Specimens(p.now), dash.Specimens(), keys.Specimens(), admin.Specimens(p.now))
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
