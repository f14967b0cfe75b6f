package ui

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// keysCookie is there while single keys are to do nothing.
const keysCookie = "hexhub-keys"

// SetKeys keeps in the browser whether single keys do something.
func (u *Web) SetKeys(w http.ResponseWriter, on bool) {
	if on {
		u.DropCookie(w, keysCookie)
		return
	}
	u.SetCookie(w, keysCookie, "off", 365*24*time.Hour)
}

// Has reports whether the site has a page at a path, in which variables stand as in patterns.
func (u *Web) Has(path string) bool {
	return slices.ContainsFunc(u.routes, func(pattern string) bool {
		return strings.TrimSuffix(strings.TrimPrefix(pattern, http.MethodGet+" "), "{$}") == path
	})
}
