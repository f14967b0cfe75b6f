package dochost_test

import (
	"net/http"
	"strings"
	"testing"
)

const plainPage = `<!doctype html><html><body bgcolor=white><h1>Module</h1></body></html>`

// newBarred is a registry in whose plain documentation a page of the first version is gone in the second.
func newBarred(t *testing.T) (h *docsHub, base string) {
	t.Helper()
	h = newHub(t)
	h.upload("plug", "1.0.0", "index.html", plainPage, "old.html", plainPage, "both.html", plainPage)
	h.upload("plug", "1.1.0", "index.html", plainPage, "both.html", plainPage)
	return h, strings.Replace(h.URL, "127.0.0.1", "plug.docs.localhost", 1)
}

// The menu of the bar leads to the page of another version, and to the version's first page where it has no such page.
func TestBarLeadsToTheFrontWhereThePageIsGone(t *testing.T) {
	h, base := newBarred(t)
	plug := h.at("plug")
	for page, leads := range map[string]string{"/1.0.0/old.html": "/1.1.0/", "/1.0.0/both.html": "/1.1.0/both.html", "/1.0.0/old.html?theme=dark": "/1.1.0/?theme=dark"} {
		_, behind, _ := strings.Cut(string(plug.Get(page).Expect(t, 200).Body), `target="_top" href="`+base+"/1.1.0/")
		link, _, _ := strings.Cut(behind, `"`)
		a := plug.Get("/1.1.0/"+strings.ReplaceAll(link, "&amp;", "&")).Expect(t, http.StatusFound)
		if got := a.Header.Get("Location"); got != base+leads {
			t.Errorf("from %s the menu leads by %s to %s, want %s", page, link, got, leads)
		}
	}
	// From a frame it leads to where the frames come from.
	plug.Header.Set("Sec-Fetch-Dest", "frame")
	if a := plug.Get("/1.0.0/both.html").Expect(t, 200); !strings.Contains(string(a.Body), `href="`+base+`/1.1.0/"`) {
		t.Errorf("%s", a.Body)
	}
}

// Bar and notices are as dark as the address says, and lead on to what is.
func TestBarAndNoticesFollowTheTheme(t *testing.T) {
	h, base := newBarred(t)
	plug := h.at("plug")
	for query, want := range map[string]string{"": "<hexhub-bar>", "?theme=dark": `<hexhub-bar data-theme="dark">`, "?theme=light": `<hexhub-bar data-theme="light">`, "?theme=x%22": "<hexhub-bar>"} {
		if a := plug.Get("/1.0.0/"+query).Expect(t, 200); !strings.Contains(string(a.Body), want) {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
	a := plug.Get("/1.1.0/old.html?theme=dark").Expect(t, 404)
	for _, want := range []string{`<html lang="en" data-theme="dark">`, base + `/1.0.0/old.html?theme=dark"`} {
		if !strings.Contains(string(a.Body), want) {
			t.Errorf("a notice lacks %s: %s", want, a.Body)
		}
	}
}
