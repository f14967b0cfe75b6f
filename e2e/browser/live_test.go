package browser

import (
	"net/http"
	"testing"

	"hexhub/internal/hubtest"
)

// What is published while one looks comes into the page, and takes from the reader neither his words, nor his place in
// them, nor what he has folded out.
func TestPagesChangeUnderTheReader(t *testing.T) {
	s := newSite(t)
	for path, shows := range map[string]string{
		"/":                 `document.querySelector('#just-published a[href^="/packages/fresh"]')`,
		"/packages/decimal": `document.querySelector("main h1").parentElement.textContent.includes("1.2.0")`,
	} {
		h := newHand(t, s, "anonymous", path)
		h.wait("the page is live", `document.querySelector("#live[data-state=on]")`)
		h.wait("what changes pages was not needed", `!performance.getEntriesByType("resource").some((e) => e.name.includes("/morph."))`)
		search := `(document.querySelector("main [role=combobox]") ?? ` + box + `)`
		h.wait("the hand is in a search box", `(`+search+`.focus(), true)`)
		h.press("dec")
		h.wait("suggestions are out", `document.getElementById("suggestions")`)

		owner := s.As("joe/all")
		if path == "/" {
			owner.Publish(hubtest.Tarball(t, "fresh", "1.0.0")).Expect(t, http.StatusCreated)
		} else {
			owner.Publish(hubtest.Tarball(t, "decimal", "1.2.0")).Expect(t, http.StatusCreated)
		}
		h.wait("what was published is there", shows)
		h.wait("what changes pages was fetched", `performance.getEntriesByType("resource").some((e) => e.name.includes("/morph."))`)
		h.wait("focus and words are as they were", search+` === document.activeElement && `+search+`.value === "dec" && `+search+`.selectionStart === 3`)
		h.wait("suggestions are out still", `document.getElementById("suggestions")`)
	}
}
