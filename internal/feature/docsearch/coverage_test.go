package docsearch_test

import (
	"testing"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docsearch"
)

// Functions with and without a text are told apart, also where the text begins with a heading; what else there is does
// not count, and of documentation that says nothing of functions nothing is said.
func TestDocumentedFunctionsAreCounted(t *testing.T) {
	w := newWorld(t)
	elixir := data(
		"module Ecto: All of it.", "function Ecto.cast/4: Casts.", "function Ecto.put/2: ", "macro Ecto.from/2: ", "macro How - to - Ecto.from/2: It reads.",
		"macro Why - Ecto.from/2: It is short.", "function Ecto.-/2: Takes away.", "function Ecto.last/0: ", "function Notes - Ecto.first/0: Of another.", "type Ecto.t/0: ", "extras Start: Here.",
	)
	w.document("ecto 1.0.0", elixir)
	w.document("wisp 1.0.0", map[string]string{"index.html": "x", "search-data.json": `{"items":[{"type":"function","parentTitle":"wisp","title":"ok","doc":"","ref":"wisp.html#ok"}]}`})
	w.document("plug 1.0.0", map[string]string{"plug.html": docsearch.EDocModule, "overview-summary.html": "<h1>Plug</h1>"})
	w.document("glow 1.0.0", map[string]string{"glow.html": docsearch.GleamModule, "search_data.json": `{"items":[{"type":"function","parentTitle":"glow","title":"add","doc":"pub fn add() -> Int","ref":"glow.html#add"}]}`})
	w.settle()
	check := func(x *docsearch.Index) {
		t.Helper()
		for release, want := range map[string]docsearch.Coverage{"ecto 1.0.0": {Functions: 5, Told: 3}, "wisp 1.0.0": {}, "ecto 2.0.0": {}, "plug 1.0.0": {Functions: 3, Told: 1}, "glow 1.0.0": {Functions: 3, Told: 2}} {
			ref, v := parse(release)
			r, _ := catalog.GetRelease(w.db.View(), ref, v)
			if got, err := x.Coverage(t.Context(), r); got != want || err != nil {
				t.Errorf("of %s is told %+v, %v", release, got, err)
			}
		}
	}
	check(w.Index)
	w.restart(func() {})
	check(w.Index)
	check(docsearch.New(w.db, w.blobs, t.TempDir(), docsearch.Options{})) // which has searched nothing
	ref, v := parse("ecto 1.0.0")
	r, _ := catalog.GetRelease(w.db.View(), ref, v)
	r.Docs = w.archive(data("module Other: x"))
	if got, err := w.Coverage(t.Context(), r); got.Functions != 0 || err != nil {
		t.Errorf("of other documentation is told %+v, %v", got, err)
	}
}
