package catalog

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"

	"hexhub/hex/tarball"
	"hexhub/hex/version"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
)

// check returns what is wrong with a package's metadata. What everybody will read needs a description
// and licences.
func (m Meta) check(repository org.Repository) fault.Fields {
	wrong := fault.Fields{}
	if repository.Public {
		m.checkPublic(wrong)
	}
	for _, title := range slices.Sorted(maps.Keys(m.Links)) {
		if link := m.Links[title]; !isLink(link) {
			wrong["links"] = fmt.Sprintf("invalid link %q", link)
			break
		}
	}
	if len(wrong) > 0 {
		return fault.Fields{"meta": wrong}
	}
	return wrong
}

func (m Meta) checkPublic(wrong fault.Fields) {
	if m.Description == nil || strings.TrimSpace(*m.Description) == "" {
		wrong["description"] = "can't be blank"
	}
	if m.Licenses == nil {
		wrong["licenses"] = "can't be blank"
	}
	for _, l := range m.Licenses {
		if !IsLicense(l) {
			wrong["licenses"] = fmt.Sprintf("invalid license %q", l)
			break
		}
	}
}

// isLink reports whether a browser may be sent there.
func isLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

// spdx holds the identifiers of the SPDX licence list, also those that it advises against by now.
var spdx = sync.OnceValue(func() map[string]bool {
	ids := map[string]bool{}
	for _, id := range slices.Concat(spdxlicenses.GetLicenses(), spdxlicenses.GetDeprecated()) {
		ids[id] = true
	}
	return ids
})

var licenseRef = regexp.MustCompile(`^LicenseRef-[A-Za-z0-9.-]+$`)

// IsLicense reports whether s is the identifier of a licence: one of the SPDX list, or one that a publisher made up by its rules.
func IsLicense(s string) bool { return spdx()[s] || licenseRef.MatchString(s) }

// checkRelease returns what is wrong with a release's own metadata, requirements apart.
func checkRelease(m tarball.Metadata) fault.Fields {
	wrong := fault.Fields{}
	if !isApp(m.App) {
		wrong["app"] = "has invalid format"
	}
	if m.Elixir != "" {
		if why := requirementFault(m.Elixir); why != "" {
			wrong["elixir"] = why
		}
	}
	if len(wrong) > 0 {
		return fault.Fields{"meta": wrong}
	}
	return wrong
}

var app = regexp.MustCompile(`^[a-z][a-zA-Z0-9_@]*$`)

// isApp reports whether s is an atom without quotes. Clients make paths and code of it.
func isApp(s string) bool { return len(s) <= 255 && app.MatchString(s) }

// requirementFault says why s is no requirement that may be published, or nothing.
func requirementFault(s string) string {
	r, err := version.ParseRequirement(s)
	switch {
	case err != nil:
		return err.Error()
	case r.HasNotEqual():
		return fmt.Sprintf("invalid requirement: %q, != is not allowed in requirements", s)
	}
	return ""
}
