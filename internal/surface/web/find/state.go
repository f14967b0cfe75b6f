package find

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/search"
)

const perPage = 30

// A state is what the address of a list says. What it says twice, in a field and in the words that were typed,
// is in the field.
type state struct {
	Typed      string // without what the fields below say
	Tool       string
	License    string
	Depends    string
	Updated    string // one of the spans, or a date
	In         string // a repository
	Visibility string
	Docs       bool
	Retired    string
	Sort       string
	View       string
	Number     int // of the page, from 1

	search catalog.Search // of all of it
}

// A span is how long ago, for addresses and in words.
type span struct {
	word, words string
	days        int
}

var spans = []span{
	{"week", "in the last week", 7}, {"month", "in the last month", 30}, {"year", "in the last year", 365},
}

// The view of a list that is not that of rows.
const table = "table"

func parseState(q url.Values) state {
	s := state{
		Tool: q.Get("tool"), License: q.Get("license"), Depends: q.Get("depends"), Updated: q.Get("updated"),
		In: q.Get("repository"), Visibility: q.Get("visibility"), Docs: q.Get("docs") != "",
		Retired: q.Get("retired"), Sort: q.Get("sort"), View: q.Get("view"),
		search: catalog.ParseSearch(q.Get("search")),
	}
	s.Number, _ = strconv.Atoi(q.Get("page")) // garbage is zero, which means the first
	s.Number = max(s.Number, 1)
	if s.View != table {
		s.View = ""
	}
	typed := s.search
	typed.BuildTool, typed.Depends, typed.UpdatedAfter = "", "", nil
	s.Typed = typed.String()
	s.Tool = cmp.Or(s.Tool, s.search.BuildTool)
	s.Depends = cmp.Or(strings.TrimSpace(s.Depends), s.search.Depends)
	if s.Updated == "" && s.search.UpdatedAfter != nil {
		s.Updated = s.search.UpdatedAfter.Format(time.RFC3339)
	}
	s.search.BuildTool, s.search.Depends, s.search.UpdatedAfter = s.Tool, s.Depends, after(s.Updated, time.Now())
	if s.search.UpdatedAfter == nil {
		s.Updated = ""
	}
	return s
}

// after returns from when on a package was updated, or nil if the text says nothing.
func after(updated string, now time.Time) *time.Time {
	for _, span := range spans {
		if span.word == updated {
			return new(now.AddDate(0, 0, -span.days))
		}
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, updated); err == nil {
			return new(t.UTC())
		}
	}
	return nil
}

// query is what the search room is asked.
func (s state) query(in []org.Repository) search.Query {
	q := search.Query{
		In: in, Search: s.search, License: s.License, Docs: s.Docs, Retired: search.Retired(s.Retired),
		Visibility: search.Visibility(s.Visibility), Sort: catalog.Sort(s.Sort), Page: s.Number, PerPage: perPage,
	}
	if s.In != "" {
		at := slices.IndexFunc(in, func(r org.Repository) bool { return r.Name.String() == s.In })
		if at < 0 {
			q.In = nil // there is none, or none that he may know of
		} else {
			q.Repository = in[at].Name
		}
	}
	return q
}

// filtered reports whether the list is narrowed by more than what was typed.
func (s state) filtered() bool { return s.unfiltered().link() != s.first().link() }

func (s state) unfiltered() state {
	return parseState(url.Values{"search": {s.Typed}, "sort": {s.Sort}, "view": {s.View}})
}

func (s state) first() state {
	s.Number = 1
	return s
}

// values are what the address says, without what goes without saying.
func (s state) values() url.Values {
	q := url.Values{}
	for _, field := range s.fields() {
		if field.value != "" {
			q.Set(field.name, field.value)
		}
	}
	if s.Number > 1 {
		q.Set("page", strconv.Itoa(s.Number))
	}
	return q
}

type field struct{ name, value string }

func (s state) fields() []field {
	docs := ""
	if s.Docs {
		docs = "yes"
	}
	return []field{
		{"search", s.Typed},
		{"tool", s.Tool},
		{"license", s.License},
		{"depends", s.Depends},
		{"updated", s.Updated},
		{"repository", s.In},
		{"visibility", s.Visibility},
		{"docs", docs},
		{"retired", s.Retired},
		{"sort", s.Sort},
		{"view", s.View},
	}
}

// link is the address of the list.
func (s state) link() string { return address("/packages", s.values()) }

func address(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// page is the address of another page of the list.
func (s state) page(n int) string {
	s.Number = n
	return s.link()
}

// with is the address of the list with one field changed, from its first page on.
func (s state) with(name, value string) string {
	q := s.first().values()
	q.Set(name, value)
	if value == "" {
		q.Del(name)
	}
	return address("/packages", q)
}

// A chip is something that narrows the list, with the way to the list without it.
type chip struct{ words, without string }

func (s state) chips() []chip {
	var chips []chip
	add := func(field, value, words string) {
		if value != "" {
			chips = append(chips, chip{words, s.with(field, "")})
		}
	}
	add("search", s.Typed, "“"+s.Typed+"”")
	add("tool", s.Tool, "built with "+s.Tool)
	add("license", s.License, s.License)
	add("depends", s.Depends, "depends on "+s.Depends)
	add("updated", s.Updated, "updated "+s.since())
	add("repository", s.In, "in "+s.In)
	add("visibility", s.Visibility, s.Visibility)
	if s.Docs {
		add("docs", "yes", "with documentation")
	}
	switch search.Retired(s.Retired) {
	case search.OnlyRetired:
		add("retired", s.Retired, "retired")
	case search.NotRetired:
		add("retired", s.Retired, "not retired")
	}
	return chips
}

func (s state) since() string {
	for _, span := range spans {
		if span.word == s.Updated {
			return span.words
		}
	}
	return "since " + strings.TrimSuffix(s.Updated, "T00:00:00Z")
}

// sorts are the orders to choose from. That by relevance needs something typed.
func (s state) sorts() []field {
	sorts := []field{
		{string(catalog.ByRecentDownloads), "Recent downloads"},
		{string(catalog.ByTotalDownloads), "Total downloads"},
		{string(catalog.ByName), "Name"},
		{string(catalog.ByInserted), "Newest"},
		{string(catalog.ByUpdated), "Recently updated"},
	}
	if s.search.Free != "" {
		sorts = append([]field{{string(search.Relevance), "Relevance"}}, sorts...)
	}
	return sorts
}

// sorted returns the order that the list is in.
func (s state) sorted() field {
	sorts := s.sorts()
	for _, o := range sorts {
		if o.name == s.Sort {
			return o
		}
	}
	if s.Sort == "" || s.Sort == string(search.Relevance) {
		return sorts[0]
	}
	return field{s.Sort, "Name"} // what is no order
}
