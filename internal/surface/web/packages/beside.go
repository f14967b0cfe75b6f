package packages

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/feature/stats"
	"hexhub/internal/surface/web/ui"
)

// Bounds of a page with packages side by side.
const (
	mostBeside  = 4
	longestName = 200 // letters of what is asked for
)

// besideView is the facts of some packages side by side, as far as the visitor may read them.
type besideView struct {
	ui.Page
	Asked []string // as the address has them
	More  int      // that are left out
	Rows  []fact
	Here  []bool   // for each, whether it is here for the visitor
	Paths []string // of each; empty if it is not here
}

// A fact is what one row says of each package.
type fact struct {
	Words  string
	Values []value
}

// A value is what is so of one package.
type value struct {
	Text string
	Path string    // of what says more; empty for nothing
	Days []int64   // to be drawn; nil for nothing
	At   time.Time // said in place of the text, unless it is zero
}

// beside shows packages that the address names as NAME or REPOSITORY/NAME. One that the visitor may not read is shown as
// one that is not there.
func (p *pages) beside(w http.ResponseWriter, r *http.Request) error {
	v := &besideView{Page: p.web.Page(w, r, "Compare packages")}
	v.Section, v.NoIndex = "/packages", true
	v.Asked, v.More = besides(r.URL.Query()["p"])
	for i, text := range v.Asked {
		s := p.called(r, text)
		v.Here = append(v.Here, s != nil)
		v.Paths = append(v.Paths, "")
		if s != nil {
			v.Paths[i] = s.Base()
			v.add(i, p.factsOf(r, s))
		}
	}
	return p.web.Show(w, http.StatusOK, v.show())
}

// besides are the packages that are asked for, each once, and how many there are beyond those.
func besides(all []string) (asked []string, more int) {
	for _, text := range all {
		text = strings.TrimSpace(text)
		if text == "" || len(text) > longestName || slices.Contains(asked, text) {
			continue
		}
		if len(asked) == mostBeside {
			more++
			continue
		}
		asked = append(asked, text)
	}
	return asked, more
}

// called is the package of that name, or nil if it is not here for who asks.
func (p *pages) called(r *http.Request, text string) *subject {
	a := address{Name: text}
	if repository, name, within := strings.Cut(text, "/"); within {
		a.Repository, a.Name = repository, name
	}
	s, err := p.about(r, a)
	if err != nil {
		return nil
	}
	s.Meta = p.meta(r.Context(), s)
	return s
}

// add writes the facts of one package into its column.
func (v *besideView) add(column int, facts []fact) {
	for i, f := range facts {
		if len(v.Rows) <= i {
			v.Rows = append(v.Rows, fact{f.Words, make([]value, len(v.Asked))})
		}
		v.Rows[i].Values[column] = f.Values[0]
	}
}

// factsOf are the facts of a package, always the same ones in the same order.
func (p *pages) factsOf(r *http.Request, s *subject) []fact {
	return slices.Concat(s.versionFacts(), s.useFacts(), p.makeFacts(r, s))
}

func one(words string, v value) fact { return fact{words, []value{v}} }

// versionFacts tell of its versions.
func (s *subject) versionFacts() []fact {
	newest := s.Release.Version.String()
	if s.Release.Retirement != nil {
		newest += ", retired"
	}
	return []fact{
		one("Newest version", value{Text: newest, Path: s.At(s.Release.Version)}),
		one("Published", value{At: s.Release.InsertedAt}),
		one("First published", value{At: s.Package.InsertedAt}),
		one("Versions", value{Text: ui.Count(len(s.Releases)), Path: s.Base() + "/versions"}),
	}
}

// useFacts tell who uses it, and what comes along with it.
func (s *subject) useFacts() []fact {
	today := stats.Today()
	row, _ := stats.Package(s.view, s.Repository.Name, s.Package.Name)
	needs := ui.Count(len(s.Release.Requirements))
	if all := s.resolution().All(); all > len(s.Release.Requirements) {
		needs += " (" + ui.Count(all) + " in all)"
	}
	return []fact{
		one("Downloads, 7 days", value{Text: ui.Count(int(row.Week(today))), Days: row.Series(today, month)}),
		one("Downloads, ever", value{Text: ui.Count(int(row.Total))}),
		one("Dependents", value{Text: ui.Count(s.sight.CountDependents(s.Package.Ref())), Path: s.Base() + "/dependents"}),
		one("Dependencies", value{Text: needs, Path: s.Base() + "/dependencies"}),
	}
}

// makeFacts tell how it is made, and by whom.
func (p *pages) makeFacts(r *http.Request, s *subject) []fact {
	docs, quality := value{Text: "none"}, value{Text: "not known now"}
	if r, ok := s.documented(); ok {
		docs = value{Text: "of " + r.Version.String(), Path: p.Docs.Release(r)}
	}
	if report, ok := p.judge(r, s); ok {
		quality = value{Text: strconv.Itoa(report.Score()) + " %", Path: s.Base() + "/quality"}
	}
	var owners []string
	for _, o := range s.owners() {
		owners = append(owners, o.Name)
	}
	return []fact{
		one("Documentation", docs),
		one("Quality", quality),
		one("Licence", value{Text: orNone(strings.Join(s.Meta.Licenses, ", "))}),
		one("Size", value{Text: ui.Size(s.Release.Size)}),
		one("Build tools", value{Text: orNone(strings.Join(s.Release.BuildTools, ", "))}),
		one("Elixir", value{Text: orNone(s.Release.Elixir)}),
		one("Owners", value{Text: orNone(strings.Join(owners, ", "))}),
	}
}

func orNone(text string) string {
	if text == "" {
		return "none given"
	}
	return text
}

// without is the address of the page without one of the packages.
func (v *besideView) without(text string) string {
	rest := slices.DeleteFunc(slices.Clone(v.Asked), func(other string) bool { return other == text })
	return "/compare?" + url.Values{"p": rest}.Encode()
}

// markdown is the table to paste elsewhere.
func (v *besideView) markdown() string {
	var b strings.Builder
	line := func(head string, cells []string) {
		b.WriteString("| " + head)
		for _, c := range cells {
			b.WriteString(" | " + cell(c))
		}
		b.WriteString(" |\n")
	}
	line("", v.Asked)
	b.WriteString("|" + strings.Repeat("---|", len(v.Asked)+1) + "\n")
	for _, f := range v.Rows {
		var cells []string
		for _, x := range f.Values {
			cells = append(cells, x.said())
		}
		line(f.Words, cells)
	}
	return b.String()
}

// said is the value in words.
func (x value) said() string {
	if x.At.IsZero() {
		return x.Text
	}
	return ui.Date(x.At)
}

// cell is a text as tables in Markdown have it: in one line, and with nothing that ends the cell or is more than text.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "[", `\[`, "`", "\\`").Replace(oneLine(text))
}
