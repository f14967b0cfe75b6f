package ui

import "hexhub/internal/feature/catalog"

// PackagePath is where a package is shown. Home tells whether it is of the default repository, which no address names.
func PackagePath(ref catalog.Ref, home bool) string {
	if home {
		return "/packages/" + ref.Name.String()
	}
	return "/packages/" + ref.String()
}
