package find

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"hexhub/internal/feature/org"
	"hexhub/internal/feature/search"
	"hexhub/internal/surface/web/ui"
)

// listPage is the list of packages.
type listPage struct {
	ui.Page
	state
	Rows      []ui.PackageRow
	Close     []ui.PackageRow
	Found     search.Found
	All       int  // packages that the viewer may read
	Elsewhere int  // packages found if nothing but what was typed narrowed the list
	Members   bool // the viewer may read private packages
	Many      bool // and several repositories
}

// recount is after how long a list that is open is counted again; with any change would be with each publishing.
const recount = 5 * time.Second

func (f *find) list(w http.ResponseWriter, r *http.Request) error {
	s := parseState(r.URL.Query())
	v := f.DB.View()
	in := f.readable(f.web.View(r), r)
	ui.Again(r, recount)
	q := s.query(in)
	q.Count = true
	p := &listPage{Page: f.web.Page(w, r, title(s)), state: s, Found: f.Search.Find(q)}
	p.Query, p.Section = s.Typed, "/packages"
	p.About = "All packages of " + p.Repository + ": search them, and narrow the list by what they are built with, their licence and what they depend on."
	p.Canonical, p.NoIndex = "/packages", s.link() != "/packages"
	p.Rows, p.Close = f.rows(v, p.Found.Hits, s.search.Free), f.rows(v, p.Found.Close, "")
	p.Members, p.Many = hasPrivate(in), len(in) > 1
	if p.Found.Total == 0 {
		p.All = f.Search.Find(search.Query{In: in}).Total
		if s.filtered() {
			p.Elsewhere = f.Search.Find(s.unfiltered().query(in)).Total
		}
	}
	if pages := ui.Pages(p.Found.Total, perPage); s.Number > 1 && s.Number > pages {
		http.Redirect(w, r, s.page(max(pages, 1)), http.StatusSeeOther)
		return nil
	}
	return f.web.Show(w, http.StatusOK, p.show())
}

func title(s state) string {
	if s.Typed != "" {
		return s.Typed + " · Packages"
	}
	return "Packages"
}

func hasPrivate(in []org.Repository) bool {
	for _, r := range in {
		if !r.Public {
			return true
		}
	}
	return false
}

// paging is where the page stands.
func (p *listPage) paging() ui.Paging {
	return ui.Paging{Page: p.Number, Pages: ui.Pages(p.Found.Total, perPage), Link: p.page}
}

// counted says how many packages there are, in words.
func (p *listPage) counted() string {
	n := p.Found.Total
	if n == 1 {
		return "1 package"
	}
	words := ui.Count(n) + " packages"
	if first := (p.Number-1)*perPage + 1; n > perPage {
		words += fmt.Sprintf(", %s to %s shown", ui.Count(first), ui.Count(min(first+perPage-1, n)))
	}
	return words
}

// listJSON is the list for scripts.
type listJSON struct {
	Total    int           `json:"total"`
	Page     int           `json:"page"`
	Pages    int           `json:"pages"`
	Packages []packageJSON `json:"packages"`
	Close    []string      `json:"close,omitempty"` // names that may have been meant
}

type packageJSON struct {
	Name        string    `json:"name"`
	Repository  string    `json:"repository"`
	Version     string    `json:"version"`
	Description string    `json:"description"`
	Licenses    []string  `json:"licenses"`
	BuildTools  []string  `json:"build_tools"`
	Downloads   downloads `json:"downloads"`
	Private     bool      `json:"private"`
	Retired     bool      `json:"retired"`
	HasDocs     bool      `json:"has_docs"`
	InsertedAt  time.Time `json:"inserted_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	URL         string    `json:"html_url"`
}

type downloads struct {
	Week   int64 `json:"week"`
	Recent int64 `json:"recent"`
	All    int64 `json:"all"`
}

func (f *find) listJSON(w http.ResponseWriter, r *http.Request) error {
	s := parseState(r.URL.Query())
	found := f.Search.Find(s.query(f.readable(f.DB.View(), r)))
	list := listJSON{Total: found.Total, Page: s.Number, Pages: ui.Pages(found.Total, perPage), Packages: f.describe(found.Hits)}
	for _, h := range found.Close {
		list.Close = append(list.Close, h.Name.String())
	}
	return f.sendJSON(w, r, "application/json", list)
}

// describe is rows for scripts.
func (f *find) describe(hits []search.Hit) []packageJSON {
	out := []packageJSON{}
	for _, h := range hits {
		out = append(out, packageJSON{
			Name: h.Name.String(), Repository: h.Repository.String(), Version: h.Version.String(), Description: h.Description(),
			Licenses: orEmpty(h.Meta.Licenses), BuildTools: orEmpty(h.Summary.BuildTools),
			Downloads: downloads{h.Downloads.Week, h.Downloads.Recent, h.Downloads.All},
			Private:   !h.Public, Retired: h.Retired, HasDocs: h.Docs,
			InsertedAt: h.InsertedAt, UpdatedAt: h.UpdatedAt, URL: f.URL + f.path(h),
		})
	}
	return out
}

func orEmpty(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// path is where a package is shown.
func (f *find) path(h search.Hit) string { return f.row(h).Path() }

// sendJSON answers with a document. What is shown to a member is kept nowhere.
func (f *find) sendJSON(w http.ResponseWriter, r *http.Request, kind string, document any) error {
	body, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("write a list: %w", err)
	}
	f.head(w, r, kind)
	_, _ = w.Write(append(body, '\n')) // who went away does not miss it
	return nil
}

func (f *find) head(w http.ResponseWriter, r *http.Request, kind string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	if _, _, known := f.web.Visitor(r); known {
		w.Header().Set("Cache-Control", "no-store")
	}
}

// isEmpty reports whether there is nothing to search.
func (p *listPage) isEmpty() bool { return p.Found.Total == 0 && p.All == 0 }

// exact is how many rows of the page have the name that was typed.
func (p *listPage) exact() int {
	if p.Number > 1 {
		return 0
	}
	return min(p.Found.Exact, len(p.Rows))
}

// isDated reports whether the list is narrowed to what was updated after a day.
func (s state) isDated() bool {
	return s.Updated != "" && !slices.ContainsFunc(spans, func(span span) bool { return span.word == s.Updated })
}

// shown are the choices of a filter, the one that is chosen among them.
func shown(choices []search.Choice, chosen string) []search.Choice {
	const most = 6
	out := choices[:min(most, len(choices))]
	if chosen != "" && !slices.ContainsFunc(out, func(c search.Choice) bool { return c.Value == chosen }) {
		n := 0
		if at := slices.IndexFunc(choices, func(c search.Choice) bool { return c.Value == chosen }); at >= 0 {
			n = choices[at].Count
		}
		out = append(slices.Clone(out), search.Choice{Value: chosen, Count: n})
	}
	return out
}

func (p *listPage) visibilities() []search.Choice {
	return []search.Choice{
		{Value: string(search.Public), Count: p.Found.Choices.Public},
		{Value: string(search.Private), Count: p.Found.Choices.Private},
	}
}

// missing says what there is none of.
func (p *listPage) missing() string {
	switch {
	case p.search.Free == "":
		return "No package has all of that."
	case p.filtered():
		return "No package matches “" + p.search.Free + "” with these filters."
	}
	return "No package matches “" + p.search.Free + "”."
}
