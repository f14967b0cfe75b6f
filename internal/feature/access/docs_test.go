package access_test

import (
	"testing"

	"hexhub/internal/feature/access"
)

// Documentation is fetched by whoever may fetch everything, and by keys that are for it alone.
func TestFetchingDocsTakesFetchingOrAKeyForDocs(t *testing.T) {
	w, actors, things := matrixWorld(t)
	for who, actor := range actors {
		for _, thing := range things {
			files := letter(t, access.May(w.db.View(), actor, access.Fetch, thing))
			docs := letter(t, access.May(w.db.View(), actor, access.FetchDocs, thing))
			if who == "fay-docs:acme2" && thing.Repository.Name == acme {
				files = '.' // and so they are not, for this key
			}
			if docs != files {
				t.Errorf("%s, %s/%s: files %c, documentation %c", who, thing.Repository.Name, thing.Package, files, docs)
			}
		}
	}
	stranger := w.key(access.OfUser(w.users["fay"].ID), "docs:acme2")
	w.must(w.orgs.RemoveMember(t.Context(), operator, acme, w.users["fay"].ID))
	if got := letter(t, access.May(w.db.View(), stranger, access.FetchDocs, things[2])); got != 'n' {
		t.Errorf("a key for documentation of a member who left: %c, want n", got)
	}
}
