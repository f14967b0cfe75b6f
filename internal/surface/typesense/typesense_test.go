package typesense_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/surface/typesense"
)

func parse(t *testing.T, query string) (typesense.Request, error) {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return typesense.Parse(q)
}

// What mix hex.search sends is understood.
func TestWhatMixAsksIsUnderstood(t *testing.T) {
	r, err := parse(t, "filter_by=package%3A%3D%5Bbar-0.1.0%2Celixir-1.18.0-rc.1%2Cno%20name%2Cguild%2Fdeck-2.0.0%5D&per_page=25&q=ecto+changeset&query_by=doc%2Ctitle&page=3")
	if err != nil || r.Typed != "ecto changeset" || r.Titles || r.Size != 25 || r.From != 50 {
		t.Fatalf("%+v, %v", r, err)
	}
	var pins []string
	for _, p := range r.Only {
		pins = append(pins, p.Repository.String()+"/"+p.Package.String()+" "+p.Version.String())
	}
	if got, want := strings.Join(pins, ", "), "/bar 0.1.0, /elixir 1.18.0-rc.1, guild/deck 2.0.0"; got != want {
		t.Errorf("looks into %s, want %s", got, want)
	}
	if r, err = parse(t, "q=x&filter_by=package:=[]"); err != nil || r.Only == nil {
		t.Errorf("an empty list: %+v, %v", r.Only, err)
	}
	for _, bad := range []string{"", "query_by=doc", "q=x&page=0", "q=x&page=9999999", "q=x&per_page=251", "q=x&per_page=ten", "q=x&filter_by=type:=module", "q=x&filter_by=package:=[a-1.0.0]%26%26type:=x"} {
		if _, err := parse(t, bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// What mix hex.search reads of the answer is there, and snippets are safe to show.
func TestAnswerIsWhatMixReads(t *testing.T) {
	r, err := parse(t, "q=x")
	if err != nil {
		t.Fatal(err)
	}
	hit := docsearch.Hit{
		Ref: catalog.Ref{Repository: name.MustRepository("hexhub"), Name: name.MustPackage("ecto")}, Version: version.MustParse("3.13.4"),
		Item:    docsearch.Item{Type: "function", Ref: "Ecto.Changeset.html#cast/4", Title: "Ecto.Changeset.cast/4", Text: "Casts."},
		Excerpt: []docsearch.Span{{Text: "<img>"}, {Text: "x", Mark: true}},
	}
	body, err := json.Marshal(r.Answer(docsearch.Found{Total: 1, Hits: []docsearch.Hit{hit}}, func(docsearch.Hit) string { return "https://docs" }))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Found int
		Hits  []struct {
			Document  map[string]string
			Highlight map[string]struct{ Snippet string }
		}
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	d := got.Hits[0].Document
	if got.Found != 1 || d["package"] != "ecto-3.13.4" || d["ref"] != "Ecto.Changeset.html#cast/4" || d["title"] != "Ecto.Changeset.cast/4" || d["doc"] != "Casts." {
		t.Errorf("%s", body)
	}
	if s := got.Hits[0].Highlight["doc"].Snippet; s != "&lt;img&gt;<mark>x</mark>" {
		t.Errorf("snippet %q", s)
	}
	empty, _ := json.Marshal(r.Answer(docsearch.Found{}, nil))
	if !strings.Contains(string(empty), `"found":0`) || !strings.Contains(string(empty), `"hits":[]`) {
		t.Errorf("%s", empty)
	}
}
