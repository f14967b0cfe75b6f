package world

import (
	"fmt"
	"strings"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
)

// A release is a line of that kind as its tarball will tell it.
type release struct {
	line
	ref        catalog.Ref
	version    version.Version
	requires   []tarball.Requirement
	retirement *catalog.Retirement
	files      []tarball.Source
	docs       []tarball.Source
}

func parseRelease(l line) (release, error) {
	r := release{line: l}
	var err error
	if r.ref, err = parseRef(l.args[0]); err != nil {
		return r, err
	}
	if r.version, err = version.Parse(l.args[1]); err != nil {
		return r, fmt.Errorf("the version %q: %w", l.args[1], err)
	}
	for _, attr := range []string{"requires", "optional"} {
		for _, text := range l.list(attr) {
			req, err := parseRequirement(text)
			if err != nil {
				return r, err
			}
			req.Optional = attr == "optional"
			r.requires = append(r.requires, req)
		}
	}
	if text, ok := l.attrs["retired"]; ok {
		reason, message, _ := strings.Cut(text, ":")
		r.retirement = &catalog.Retirement{Reason: catalog.Reason(reason), Message: message}
	}
	return r, nil
}

// parseRequirement reads "jason ~> 1.0".
func parseRequirement(text string) (tarball.Requirement, error) {
	pkg, requirement, _ := strings.Cut(text, " ")
	if _, err := name.ParsePackage(pkg); err != nil {
		return tarball.Requirement{}, fmt.Errorf("the required package %q %w", pkg, err)
	}
	if _, err := version.ParseRequirement(requirement); err != nil {
		return tarball.Requirement{}, fmt.Errorf("the requirement %q of %s: %w", requirement, pkg, err)
	}
	return tarball.Requirement{Name: pkg, App: pkg, Requirement: requirement}, nil
}
