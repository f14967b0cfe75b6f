package version

import (
	"errors"
	"strings"
)

// The greatest version people may publish; hex.pm's limits and, since mix
// prints them to the publisher, hex.pm's words.
const (
	maxPublishedNumber = "99999999999999"
	maxPublishedPre    = 64 // bytes
)

var (
	errNotSemVer = errors.New("is invalid SemVer")
	errHasBuild  = errors.New("build number not allowed")
	errBigNumber = errors.New("numeric components must be at most " + maxPublishedNumber)
	errLongPre   = errors.New("prerelease must be at most 64 characters")
)

// Publishable reads a version that somebody wants to publish. The text of its
// error is what the Hex API answers for the field "version".
func Publishable(s string) (Version, error) {
	v, err := Parse(s)
	switch {
	case errors.Is(err, errHuge):
		return Version{}, errBigNumber
	case err != nil:
		return Version{}, errNotSemVer
	case v.Build() != "":
		return Version{}, errHasBuild
	case hasBigNumber(v):
		return Version{}, errBigNumber
	case len(v.pre) > maxPublishedPre:
		return Version{}, errLongPre
	}
	return v, nil
}

func hasBigNumber(v Version) bool {
	core, _, _ := strings.Cut(v.text, "-")
	return !dotted(core, isSmall) || !dotted(v.pre, isSmall)
}

// isSmall reports whether s is a word, or a number that may be published. The
// limit is all nines, so counting digits is enough.
func isSmall(s string) bool {
	return !isNumber(s) || len(s) <= len(maxPublishedNumber)
}
