// Package lockfile reads which packages a project has locked: mix.lock, rebar.lock and Gleam's manifest.toml.
//
// It knows the three notations as the tools write them, and the names and versions in them. It refuses to know whether
// there are such packages, and passes over what does not come from a Hex repository. Nothing is evaluated, and work is
// bounded by the size of the text.
package lockfile

import (
	"bytes"
	"errors"
	"fmt"

	"hexhub/hex/name"
	"hexhub/hex/version"
)

// A Pin is one package at the version that is locked.
type Pin struct {
	Repository string // as mix writes it, such as hexpm or hexpm:acme; empty where the tool writes none
	Package    name.Package
	Version    version.Version
}

// The bounds of a file.
const (
	MaxSize  = 1 << 20 // bytes
	mostPins = 2000
	deepest  = 32 // brackets within brackets
)

// The errors of Parse, in words for people.
var (
	ErrTooLarge = fmt.Errorf("a lock file has at most %d KiB", MaxSize>>10)
	ErrUnknown  = errors.New("this is no mix.lock, rebar.lock or manifest.toml")
)

// Parse reads a lock file of any of the three tools, which it knows by the contents. Pins are in the order of the file,
// each package once.
func Parse(text []byte) ([]Pin, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if len(text) > MaxSize {
		return nil, ErrTooLarge
	}
	switch {
	case bytes.HasPrefix(text, []byte("%{")):
		return parseMix(text)
	case bytes.HasPrefix(text, []byte("{")), bytes.HasPrefix(text, []byte("[")) && bytes.Contains(text, []byte("<<")):
		return parseRebar(text)
	case bytes.Contains(text, []byte("packages = [")), bytes.Contains(text, []byte("[[packages]]")):
		return parseGleam(text)
	}
	return nil, ErrUnknown
}

// pins gathers what is found.
type pins struct {
	all  []Pin
	seen map[string]bool
}

// add takes a package in if name and version are such; what is not is not a package of Hex.
func (p *pins) add(repository, pkg, ver string) {
	n, err := name.ParsePackage(pkg)
	if err != nil || p.seen[pkg] || len(p.all) == mostPins {
		return
	}
	v, err := version.Parse(ver)
	if err != nil {
		return
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[pkg] = true
	p.all = append(p.all, Pin{repository, n, v})
}
