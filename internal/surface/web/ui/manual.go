package ui

import (
	"strings"

	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
)

// PlaceURL is where a place in documentation is shown, in its version, as bright as the visitor has the site: the two
// share no cookie.
func PlaceURL(at docs.Addresses, h docsearch.Hit, t Theme) string {
	page, anchor, anchored := strings.Cut(h.Item.Ref, "#")
	address := at.At(h.Ref, h.Version, page)
	if (t == Light || t == Dark) && !strings.Contains(page, "?") {
		address += "?theme=" + string(t)
	}
	if anchored {
		address += "#" + anchor
	}
	return address
}
