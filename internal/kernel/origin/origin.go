// Package origin says at which address the documentation of a package is shown, and which package an address is of.
//
// Documentation is HTML and scripts of strangers, so browsers must keep it apart from the site, and that of one package
// from that of another. They do so by origin: scheme, host and port. There are three forms, the safest first: an origin
// for each package, one for all of them beside the site's, and a path of the site itself. In the last two, and for the
// few names that make no label of a host, the one who serves has to put pages into a sandbox; [Place.Own] tells.
//
// The package knows addresses and nothing else: neither which packages there are nor who may read them.
package origin

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"hexhub/hex/name"
)

// Path is where documentation is shown on the site itself when it has no host of its own; else what lies there leads to
// the right place.
const Path = "/docs-view"

// Origins are all addresses of documentation on one server. They are made by [Parse] or [Beside].
type Origins struct {
	scheme string
	host   string // without the star, with the port if there is one
	star   bool   // each package has a label before host
	path   string // before the name; empty on a host of its own
}

var errForm = errors.New("is not where documentation can be shown; write it like https://*.docs.example.com, or https://docs.example.com if only one name can be had")

// Parse reads the form https://*.docs.example.com, or https://docs.example.com.
func Parse(text string) (Origins, error) {
	host, star := text, false
	scheme, rest, ok := strings.Cut(text, "://")
	if ok {
		rest, star = strings.CutPrefix(strings.TrimSuffix(rest, "/"), "*.")
		host = rest
	}
	u, err := url.Parse(scheme + "://" + host)
	if !ok || err != nil || scheme != "http" && scheme != "https" || u.Host != host || u.Hostname() == "" || strings.Contains(host, "*") {
		return Origins{}, fmt.Errorf("%q %w", text, errForm)
	}
	if _, err := netip.ParseAddr(u.Hostname()); star && err == nil {
		return Origins{}, fmt.Errorf("%q has labels before an IP address, which has none", text)
	}
	return Origins{scheme: scheme, host: strings.ToLower(host), star: star}, nil
}

// Beside returns what is used when nobody said: of a site on this very machine the names below docs.localhost, which
// browsers take for this machine as well; of another a path of the site.
func Beside(site string) Origins {
	u, err := url.Parse(site)
	if err != nil {
		return Origins{path: Path}
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err == nil && ip.IsLoopback() || u.Hostname() == "localhost" {
		host := "docs.localhost"
		if u.Port() != "" {
			host = net.JoinHostPort(host, u.Port())
		}
		return Origins{scheme: u.Scheme, host: host, star: true}
	}
	return Origins{scheme: u.Scheme, host: u.Host, path: Path}
}

// String returns the form in the words of the setting, or the address of the path.
func (o Origins) String() string {
	if o.star {
		return o.scheme + "://*." + o.host
	}
	return o.scheme + "://" + o.host + o.path
}

// OnSite reports whether documentation is shown on the site's own origin.
func (o Origins) OnSite() bool { return o.path != "" }

// Secure reports whether it is shown over TLS.
func (o Origins) Secure() bool { return o.scheme == "https" }

// A Place is the package that an address is of, as far as the address can tell: neither need be there.
type Place struct {
	Repository name.Repository // the zero one is the default repository
	Name       name.Package
}

// Own returns the origin, such as https://plug.docs.example.com, that belongs to the package alone. Where none does, its
// pages are to be shown in a sandbox.
func (o Origins) Own(p Place) (string, bool) {
	label, ok := p.label()
	if !o.star || !ok {
		return "", false
	}
	return o.scheme + "://" + label + "." + o.host, true
}

// Base is the address of a package's documentation, without a trailing slash.
func (o Origins) Base(p Place) string {
	if own, ok := o.Own(p); ok {
		return own
	}
	return o.scheme + "://" + o.host + o.path + p.path()
}

// Origin is that of a package's documentation, be it its own or one that it shares.
func (o Origins) Origin(p Place) string {
	if own, ok := o.Own(p); ok {
		return own
	}
	return o.scheme + "://" + o.host
}

// path is that of a package on an origin it shares.
func (p Place) path() string {
	if p.Repository == (name.Repository{}) {
		return "/" + p.Name.String()
	}
	return "/@" + p.Repository.String() + "/" + p.Name.String()
}

const mostLabel = 63 // bytes of one label of a host's name

// label is the package as part of a host's name, in which there are no underscores. No two packages have the same: that
// of the default repository has no two dashes in a row, any other has them once, between repository and name.
func (p Place) label() (string, bool) {
	pkg, ok := dashed(p.Name.String())
	if !ok || p.Repository == (name.Repository{}) {
		return pkg, ok
	}
	org, ok := dashed(p.Repository.String())
	label := org + "--" + pkg
	return label, ok && len(label) <= mostLabel
}

// dashed has dashes for underscores, and fails for what would be no label or another's.
func dashed(s string) (string, bool) {
	s = strings.ReplaceAll(s, "_", "-")
	return s, s != "" && s[0] != '-' && s[len(s)-1] != '-' && !strings.Contains(s, "--") && len(s) <= mostLabel
}

// placeOf reads a label; what it says is none makes no place.
func placeOf(label string) (p Place, ok bool) {
	org, pkg, scoped := strings.Cut(label, "--")
	if !scoped {
		org, pkg = "", label
	}
	var err error
	if p.Name, err = name.ParsePackage(strings.ReplaceAll(pkg, "-", "_")); err != nil {
		return Place{}, false
	}
	if scoped {
		if p.Repository, err = name.ParseRepository(strings.ReplaceAll(org, "-", "_")); err != nil {
			return Place{}, false
		}
	}
	again, ok := p.label()
	return p, ok && again == label
}

// Serves reports whether a request to the host, which may have a port, is for documentation by its host alone.
func (o Origins) Serves(host string) bool {
	mine := bare(o.host)
	host = bare(host)
	return o.path == "" && (host == mine || o.star && strings.HasSuffix(host, "."+mine))
}

// bare is a host's name without port and in small letters.
func bare(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// Of returns the package that a request is for, and what its path has behind it, which begins with a slash or is empty.
// The path is the one that was sent to a host that [Origins.Serves], or lies below [Path] on the site, without that.
func (o Origins) Of(host, path string) (p Place, rest string, ok bool) {
	if label, ok := strings.CutSuffix(bare(host), "."+bare(o.host)); ok && o.star {
		p, ok = placeOf(label)
		return p, path, ok
	}
	return split(path)
}

// Read finds the package that a whole address is of, and what its path has behind it, still escaped. What is not at an
// address of documentation is nobody's, however much it looks like one.
func (o Origins) Read(u *url.URL) (p Place, rest string, ok bool) {
	host := strings.ToLower(u.Host)
	mine := host == o.host || o.star && strings.HasSuffix(host, "."+o.host)
	path, under := strings.CutPrefix(u.EscapedPath(), o.path)
	if u.Scheme != o.scheme || u.User != nil || u.Opaque != "" || !mine || !under {
		return Place{}, "", false
	}
	return o.Of(host, path)
}

// split reads what begins with /NAME or /@ORG/NAME.
func split(path string) (p Place, rest string, ok bool) {
	path, ok = strings.CutPrefix(path, "/")
	if !ok {
		return Place{}, "", false
	}
	var err error
	if scoped, is := strings.CutPrefix(path, "@"); is {
		org, behind, _ := strings.Cut(scoped, "/")
		if p.Repository, err = name.ParseRepository(org); err != nil || p.Repository.String() != org {
			return Place{}, "", false
		}
		path = behind
	}
	end := strings.IndexByte(path, '/')
	if end < 0 {
		end = len(path)
	}
	if p.Name, err = name.ParsePackage(path[:end]); err != nil {
		return Place{}, "", false
	}
	return p, path[end:], true
}
