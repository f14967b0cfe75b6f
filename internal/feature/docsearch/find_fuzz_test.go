package docsearch_test

import (
	"strings"
	"testing"

	"hexhub/internal/feature/docsearch"
)

// FuzzFind: whatever is typed is answered, and with nothing that the viewer may not read.
func FuzzFind(f *testing.F) {
	w := newWorld(f)
	w.document("plug 1.0.0", data("module Plug: The plug of the web.", "function Plug.run/3: Runs it, with options."))
	w.document("guild/vault 1.0.0", data("module Vault: The plug of the bath."))
	w.settle()
	for _, typed := range []string{"plug", "Plug.run/3", `"plug" AND +title:*`, "a*b?[c]{d}^2~", "\xff\x00", strings.Repeat("plug ", 100)} {
		f.Add(typed, true)
		f.Add(typed, false)
	}
	f.Fuzz(func(t *testing.T, typed string, titles bool) {
		v := w.db.View()
		defer v.Close()
		found, err := w.Find(t.Context(), v, docsearch.Query{In: public, Typed: typed, Titles: titles, Size: 20})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range found.Hits {
			var name strings.Builder
			for _, s := range h.Name {
				name.WriteString(s.Text)
			}
			if h.Ref.Repository != hexhub || name.String() != h.Title {
				t.Errorf("%q finds %s of %s, shown as %q", typed, h.Title, h.Ref, &name)
			}
		}
		if found.Total < len(found.Hits) || found.Total > 2 {
			t.Errorf("%q finds %d of %d", typed, len(found.Hits), found.Total)
		}
	})
}
