package dochost_test

import (
	"net/http"
	"strings"
	"testing"
)

// L2: the host of documentation answers searches as Typesense does, in what everybody may read; what is private is found
// by nobody. Who opens it as mix hex.search does is led to the page.
func TestL2HostSearchesWhatIsPublic(t *testing.T) {
	h := newHub(t)
	h.upload("plug", "1.1.0", "index.html", "<p>two", "dist/search_data-1.js", `searchData={"items":[{"type":"module","ref":"Plug.html","title":"Plug","doc":"Carrots."}]}`)
	if err := h.Manuals.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	shared := h.at("")
	for query, want := range map[string]string{
		"/?q=carrots&query_by=doc,title":                                      `"package":"plug-1.1.0"`,
		"/?q=carrots&query_by=doc,title&filter_by=package:=[plug-1.1.0]":      `"found":1`,
		"/?q=vault&query_by=doc,title":                                        `"found":0`,
		"/?q=vault&query_by=doc,title&filter_by=package:=[guild/vault-1.0.0]": `"found":0`,
	} {
		if a := shared.Get(query).Expect(t, http.StatusOK); !strings.Contains(string(a.Body), want) {
			t.Errorf("%s: %s, want %s in it", query, a.Body, want)
		}
	}
	if a := shared.Get("/?query_by=doc").Expect(t, http.StatusBadRequest); !strings.Contains(string(a.Body), `"message":`) {
		t.Errorf("without words: %s", a.Body)
	}
}
