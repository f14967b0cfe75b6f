package dochost

import (
	"fmt"
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

	// alone is what other pages may do: no more than use what lies beside them. Nobody else is to hear that they are
	// read, let alone what is in them: not by a picture, not by a form, not by a name that is looked up.
	alone = "default-src %[1]s data: blob: 'unsafe-inline' 'unsafe-eval'; object-src 'none'; base-uri %[1]s; form-action %[1]s"

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
	if a.private {
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Robots-Tag", "noindex")
		h.Set("X-Dns-Prefetch-Control", "off")
	}
	h.Set("Content-Security-Policy", a.policy(all))
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if a.own || a.private && a.ticket == "" {
		return
	}
	// In the box a page is of no origin, so even its own fonts and files are another's. They are everybody's anyway, or
	// of whoever knows the ticket.
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*")
}

// policy says what pages may use, and who may frame them. In the box they share an origin with others, whose files are
// not theirs.
func (a *asked) policy(all origin.Origins) string {
	source, bounds := a.base+"/", boxed
	if a.own {
		source, bounds = "'self'", "; frame-ancestors 'self'"
		if !a.private {
			bounds += " " + all.String() // ExDoc's pages show bits of each other, and of the documentation they link to, in frames
		}
	}
	if a.external {
		return open + bounds
	}
	return fmt.Sprintf(alone, source) + bounds
}

// hashed is a name that says what is in the file, as ExDoc makes them.
var hashed = regexp.MustCompile(`-[0-9A-Z]{8}\.(js|css|woff2|svg)$`)

// keep says how long a file may be kept: not at all without asking, for documentation can be replaced, unless its name
// says what is in it.
func (a *asked) keep(file string) string {
	if !a.private && strings.HasPrefix(path.Dir(file)+"/", "dist/") && hashed.MatchString(file) {
		return "public, max-age=604800, immutable"
	}
	return a.kept()
}
