package docsearch

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Query asks for a run of places.
type Query struct {
	// In are the repositories to look in. The caller has made sure that the viewer may read them: nothing of any other
	// has any influence.
	In []org.Repository

	Typed  string
	Only   []Pin // the packages to look into; nil means the newest documentation of all
	Titles bool  // look into titles alone, where each of the last words typed may be the beginning of one; see mostBegun

	From, Size int // places to pass over, and to return; see MostDeep
}

// MostDeep is how many places can be seen of one search.
const MostDeep = 1000

// A Pin names a package to look into.
type Pin struct {
	Repository name.Repository // zero means whichever has it, the first in Query.In
	Package    name.Package
	Version    version.Version // zero means the newest
}

// Found is what a query found.
type Found struct {
	Hits  []Hit
	Total int
	Scope []Scope // of Query.Only, in its order
}

// A Scope tells which documentation is searched for a Pin.
type Scope struct {
	Pin
	Ref      catalog.Ref
	Searched version.Version // zero if there is no documentation, as far as the viewer may know
}

// A Hit is a place that was found.
type Hit struct {
	Ref     catalog.Ref
	Version version.Version
	Public  bool
	Item
	Name    []Span // the title, in which is marked what was typed
	Excerpt []Span // of the text
}

// Find returns what the query asks for. Of what the rows of the View no longer name it returns nothing.
func (x *Index) Find(ctx context.Context, v *store.View, q Query) (Found, error) {
	scope, keys := x.scope(q)
	found := Found{Scope: scope}
	words := typedWords(q.Typed)
	shards := x.open(q.In)
	if len(words) == 0 || len(shards) == 0 || q.Only != nil && len(keys) == 0 {
		return found, nil
	}
	q.From = min(max(q.From, 0), MostDeep)
	sought, letters := q.apart(words)
	from, size := q.run(letters)
	req := bleve.NewSearchRequestOptions(q.ask(sought, letters, keys), size, from, false)
	req.Fields = []string{fieldBody}
	var res *bleve.SearchResult
	err := guard(func() (err error) {
		res, err = bleve.NewIndexAlias(shards...).SearchInContext(ctx, req)
		return err
	})
	if err == nil && res.Status != nil {
		err = statusError(res.Status)
	}
	if err != nil {
		return found, fault.Wrap(fault.Unavailable, err, "Documentation cannot be searched at this moment. Try again in a minute; the pages themselves are there.")
	}
	found.Total = int(min(res.Total, 1<<30)) //nolint:gosec // G115: bounded
	inOrder(res.Hits)
	t := newTyped(words)
	for _, m := range res.Hits {
		if hit, ok := x.hit(v, q, m, t); ok {
			found.Hits = append(found.Hits, hit)
		} else {
			found.Total--
		}
	}
	if len(letters) > 0 {
		found.narrow(letters, q.From, q.Size)
	}
	return found, nil
}

// inOrder gives those that are equally good the same order each time, which bleve does not.
func inOrder(hits search.DocumentMatchCollection) {
	slices.SortStableFunc(hits, func(a, b *search.DocumentMatch) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ID, b.ID))
	})
}

func statusError(s *bleve.SearchStatus) error {
	var all []error
	for _, err := range s.Errors {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// open returns the indexes of the repositories that have one.
func (x *Index) open(in []org.Repository) []bleve.Index {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var out []bleve.Index
	for _, repository := range in {
		if s := x.shards[repository.Name]; s != nil && !x.closed {
			out = append(out, s.Index)
		}
	}
	return out
}

// scope finds the sets that the query names.
func (x *Index) scope(q Query) (scope []Scope, keys []string) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, pin := range q.Only {
		s := Scope{Pin: pin}
		for _, repository := range q.In {
			if pin.Repository != (name.Repository{}) && pin.Repository != repository.Name {
				continue
			}
			ref := catalog.Ref{Repository: repository.Name, Name: pin.Package}
			if one, ok := nearest(x.have[ref], pin.Version); ok {
				s.Ref, s.Searched = ref, one.Version
				keys = append(keys, one.key())
				break
			}
		}
		scope = append(scope, s)
	}
	return scope, keys
}

// nearest is the set of a version, or of the highest below it, or of the lowest; of none that of the newest.
func nearest(sets []set, v version.Version) (set, bool) {
	if len(sets) == 0 {
		return set{}, false
	}
	at := slices.IndexFunc(sets, func(s set) bool { return s.Newest })
	if v != (version.Version{}) {
		for at = len(sets) - 1; at > 0 && sets[at].Version.Compare(v) > 0; {
			at--
		}
	}
	return sets[max(at, 0)], true
}

func find(sets []set, v version.Version) (set, bool) {
	if i := slices.IndexFunc(sets, func(s set) bool { return s.Version == v }); i >= 0 {
		return sets[i], true
	}
	return set{}, false
}

// The weights of the ways to be found, beside that of a word in a text.
const (
	inTitle    = 6
	begins     = 2
	called     = 30
	fewLetters = 2 // that begin a word: fewer begin too many
	mostBegun  = 3 // words of one search may be beginnings, for each of which the index is looked through
)

// ask is the query in bleve's terms. Letters are those that [Query.apart] tells apart.
func (q Query) ask(words, letters, keys []string) query.Query {
	b := bleve.NewBooleanQuery()
	for i, w := range words {
		b.AddMust(q.word(w, len(words)-i))
	}
	for _, l := range letters {
		b.AddShould(term(fieldTitle, l, inTitle))
	}
	// Of what is called so the whole weighs most, so that it stands before those that end in it.
	exact := strings.ToLower(strings.TrimSpace(q.Typed))
	b.AddShould(term(fieldName, exact, called))
	if keys == nil {
		b.AddFilter(term(fieldNewest, yes, 1))
		return b
	}
	var sets []query.Query
	for _, k := range keys {
		sets = append(sets, term(fieldSet, k, 1))
	}
	b.AddFilter(query.NewDisjunctionQuery(sets))
	return b
}

// word is the ways in which one word may be found, which is so far from the end: 1 is the last.
func (q Query) word(w string, fromEnd int) query.Query {
	ways := []query.Query{term(fieldTitle, w, inTitle)}
	if begun := fromEnd == 1 || q.Titles && fromEnd <= mostBegun; begun && len(w) >= fewLetters {
		p := query.NewPrefixQuery(w)
		p.SetField(fieldTitle)
		p.SetBoost(begins)
		ways = append(ways, p)
	}
	if !q.Titles {
		ways = append(ways, term(fieldText, catalog.Stem(w), 1))
	}
	return query.NewDisjunctionQuery(ways)
}

// hit is what is told of a match, unless the rows name its documentation no longer.
func (x *Index) hit(v *store.View, q Query, m *search.DocumentMatch, t typed) (h Hit, ok bool) {
	ref, ver, err := parseKey(m.ID)
	if err != nil {
		return h, false
	}
	x.mu.RLock()
	one, known := find(x.have[ref], ver)
	x.mu.RUnlock()
	r, there := catalog.GetRelease(v, ref, ver)
	if !known || !there || !r.HasDocs() || r.Docs.Hash != one.Hash {
		return h, false
	}
	h = Hit{Ref: ref, Version: ver}
	if body, _ := m.Fields[fieldBody].(string); json.Unmarshal([]byte(body), &h.Item) != nil {
		return h, false
	}
	at := slices.IndexFunc(q.In, func(r org.Repository) bool { return r.Name == ref.Repository })
	h.Public = at >= 0 && q.In[at].Public
	h.Name, h.Excerpt = t.marks(h.Title), t.excerpt(h.Text)
	return h, at >= 0
}
