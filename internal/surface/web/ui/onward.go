package ui

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// Home is where people go on to when nothing else was wanted.
const Home = "/dashboard"

// destinations are the pages that somebody can be sent on to, once he is known, with what they are called
// on the way there. Those that end in a slash stand for all below them.
var destinations = []struct{ path, words string }{
	{Home, ""},
	{Home + "/", ""},
	{"/admin", "the administration"},
	{"/admin/", "the administration"},
	{"/packages/", "the package"},
	{"/docs-access", "the documentation"},
	{"/invites", "your invitation"},
	{"/oauth/device", "the program that you want to connect"},
	{"/oauth/device/authorize", "the program that you want to connect"},
	{"/oauth/authorize", "the program that asks for access"},
}

// Onward reads where to go on to, and what that is called, if anything. What is no page of ours that can be
// gone on to is the user's home.
func Onward(text string) (page, words string) {
	local := Local(text)
	bare, _, _ := strings.Cut(local, "?")
	for _, d := range destinations {
		if bare == d.path || strings.HasSuffix(d.path, "/") && strings.HasPrefix(bare, d.path) {
			return local, d.words
		}
	}
	return Home, ""
}

// PageOf is the page that a request is of: where to go on to once what it lacked is there. A form's result is no
// page, but the page above it is which the form stands on.
func (u *Web) PageOf(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return (&url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}).String()
	}
	for at := r.URL.Path; len(at) > 1; at = path.Dir(at) {
		if _, pattern := u.mux.Handler(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: at}}); pattern != "/" && pattern != "" {
			return at
		}
	}
	return Home
}

// With returns an address with where to go on to from there.
func With(address, onward string) string {
	if onward == "" || onward == Home {
		return address
	}
	return address + "?" + url.Values{"return": {onward}}.Encode()
}

// GoTo sends the browser to another page of the site. The path is ours, or has been through Onward. No cache may keep where
// one was sent: another would be sent elsewhere, or nowhere.
func GoTo(w http.ResponseWriter, page string) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", page)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
