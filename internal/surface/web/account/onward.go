package account

import (
	"net/http"
	"net/url"
	"strings"

	"hexhub/internal/surface/web/ui"
)

// home is where people go on to when nothing else was wanted.
const home = "/account"

// destinations are the pages that somebody can be sent on to, once he is known, with what they are called
// on the way there. Those that end in a slash stand for all below them.
var destinations = []struct{ path, words string }{
	{"/account", ""},
	{"/account/", ""},
	{"/invitations", "your invitation"},
	{"/oauth/device", "the program that you want to connect"},
	{"/oauth/device/authorize", "the program that you want to connect"},
	{"/oauth/authorize", "the program that asks for access"},
}

// onward reads where to go on to, and what that is called, if anything. What is no page of ours that
// can be gone on to is the user's home.
func onward(text string) (path, words string) {
	local := ui.Local(text)
	bare, _, _ := strings.Cut(local, "?")
	for _, d := range destinations {
		if bare == d.path || strings.HasSuffix(d.path, "/") && strings.HasPrefix(bare, d.path) {
			return local, d.words
		}
	}
	return home, ""
}

// pageOf is the page that a request is of: where to go on to once what it lacked is there. A form's
// result is no page, but the page that the form is on is.
func pageOf(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return (&url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}).String()
	}
	if parts := strings.Split(r.URL.Path, "/"); strings.HasPrefix(r.URL.Path, home+"/") && len(parts) > 3 {
		return strings.Join(parts[:3], "/")
	}
	return r.URL.Path
}

// with returns an address with where to go on to from there.
func with(address, onward string) string {
	if onward == "" || onward == home {
		return address
	}
	return address + "?" + url.Values{"return": {onward}}.Encode()
}

// goTo sends the browser to another page of the site. The path is ours, or has been through onward.
func goTo(w http.ResponseWriter, path string) error {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
