package shortlink

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"hexhub/internal/kernel/fault"
)

const maxURL = 4096 // bytes: a comparison of a hundred packages

// Hosts of hex.pm, as it lets its own short links lead to. mix asks for links to hex.pm by that very name,
// whatever server it talks to.
var (
	hexHosts = regexp.MustCompile(`^(([a-z0-9-]+\.)*hex\.pm|([a-z0-9-]+\.)+hexdocs\.pm|([a-z0-9-]+\.)+hexorgs\.pm)$`)
	docsHost = "hexdocs.pm" // its front page; the others lead on to anybody's documentation
)

// check returns the address as it will be sent to browsers, which is put together from what was read here: so
// they cannot read it differently.
func (s *Links) check(address string) (string, error) {
	bad := func(why string) (string, error) { return "", fault.Field(why, "url") }
	switch {
	case address == "":
		return bad("can't be blank")
	case len(address) > maxURL:
		return bad(fmt.Sprintf("should be at most %d character(s)", maxURL))
	case strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }):
		return bad("is invalid")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return bad("is invalid")
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("must use http or https scheme")
	case u.Host == "":
		return bad("must include a host")
	case u.User != nil:
		return bad("must not include a user name or a password")
	}
	u.Host = strings.ToLower(u.Host)
	switch {
	case s.isOwn(u) && strings.HasPrefix(u.Path, "/l/"):
		return bad("is short already")
	case !s.isOwn(u) && !s.isDocs(u) && !hexHosts.MatchString(u.Host) && (u.Host != docsHost || u.Path != "" && u.Path != "/"):
		return bad("domain must match " + s.own.Host + ", hex.pm, *.hex.pm, hexdocs.pm, *.hexdocs.pm, or *.hexorgs.pm")
	}
	return u.String(), nil
}

// isDocs reports whether the address is that of documentation here.
func (s *Links) isDocs(u *url.URL) bool {
	place, rest, ok := s.docs.Of(u.Host, u.Path)
	return ok && u.Scheme+"://"+u.Host+u.Path == s.docs.Base(place)+rest
}

// isOwn reports whether the address is on this server, by its scheme, name and port.
func (s *Links) isOwn(u *url.URL) bool {
	return u.Scheme == s.own.Scheme && u.Host == strings.ToLower(s.own.Host)
}
