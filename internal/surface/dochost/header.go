package dochost

import (
	"net/http"
	"path"
	"regexp"
	"strings"

	"hexhub/internal/kernel/origin"
)

const (
	// open is what pages that everybody may read may do: nearly all that they like, for there is nothing to be had. They
	// use scripts and fonts of others, and some write their own scripts into the page.
	open = "default-src 'self' https: data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri 'self'"

	// boxed takes from a page the origin that it shares with others: what they keep, and above all the site's cookies.
	// Where it leads to is not in the box.
	boxed = "; sandbox allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads"
)

// protect tells browsers how to keep the pages of the package away from all others. No page ever gets a service worker
// for more than its own folder.
func (a *asked) protect(h http.Header, all origin.Origins) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	if a.own {
		// ExDoc's pages show bits of each other, and of the documentation they link to, in frames.
		h.Set("Content-Security-Policy", open+"; frame-ancestors 'self' "+all.String())
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		return
	}
	// In the box a page is of no origin, so even its own fonts and files are another's. They are everybody's anyway.
	h.Set("Content-Security-Policy", open+boxed)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*")
}

// hashed is a name that says what is in the file, as ExDoc makes them.
var hashed = regexp.MustCompile(`-[0-9A-Z]{8}\.(js|css|woff2|svg)$`)

// keep says how long a file may be kept: not at all without asking, for documentation can be replaced, unless its name
// says what is in it.
func (a *asked) keep(file string) string {
	if strings.HasPrefix(path.Dir(file)+"/", "dist/") && hashed.MatchString(file) {
		return "public, max-age=604800, immutable"
	}
	return "public, no-cache"
}
