package packages

import (
	"net/http"
	"strings"

	"hexhub/hex/version"
)

// An address is what the path of a page names, as it is spelled: [REPOSITORY/]NAME[/VERSION][/TAB], or
// [REPOSITORY/]NAME/VERSION/files/PATH.
type address struct {
	Repository string // empty for the default one
	Name       string
	Version    string // empty for the newest
	Tab        string // empty for the first
	Path       string // of a file or folder of the version; empty for none
}

// words are the tabs that addresses may name. They are no packages' names behind a repository's: what follows a
// package's name is read as a tab, then as a version, and only then as the package that the first part would be
// the repository of. Such a package has an address nevertheless, with its version.
var words = map[string]bool{
	"versions": true, "changelog": true, "license": true, "dependencies": true, "dependents": true, "advisories": true,
	"audit-logs": true, "owners": true, "settings": true, "files": true, "report": true, "stats": true, "quality": true,
	"llms.txt": true, "badges": true,
}

// parseAddress reads the parts of a path below /packages, of which there are at least one.
func parseAddress(parts []string) (a address, ok bool) {
	parts, a.Path = withoutPath(parts)
	if last := parts[len(parts)-1]; len(parts) > 1 && words[last] {
		a.Tab, parts = last, parts[:len(parts)-1]
	}
	switch {
	case len(parts) == 1:
		a.Name = parts[0]
	case len(parts) == 2 && isVersion(parts[1]):
		a.Name, a.Version = parts[0], parts[1]
	case len(parts) == 2:
		a.Repository, a.Name = parts[0], parts[1]
	case len(parts) == 3 && isVersion(parts[2]):
		a.Repository, a.Name, a.Version = parts[0], parts[1], parts[2]
	default:
		return address{}, false
	}
	return a, true
}

// withoutPath takes from the parts what follows the files of a version.
func withoutPath(parts []string) (head []string, path string) {
	for i := 2; i <= 3 && i < len(parts); i++ {
		if parts[i] == "files" && isVersion(parts[i-1]) {
			return parts[:i+1], strings.Join(parts[i+1:], "/")
		}
	}
	return parts, ""
}

func isVersion(text string) bool {
	_, err := version.Parse(text)
	return err == nil
}

// addressOf reads the address that a request is sent to.
func addressOf(r *http.Request) (address, bool) {
	parts := partsOf(r)
	if len(parts) == 0 {
		return address{}, false
	}
	return parseAddress(parts)
}

// partsOf are the parts of the path that a request is sent to; none if one of them holds a slash, or the last is empty.
func partsOf(r *http.Request) (parts []string) {
	for _, name := range []string{"name", "second", "third", "fourth"} {
		if part := r.PathValue(name); part != "" {
			parts = append(parts, part)
		}
	}
	if strings.Contains(strings.Join(parts, ""), "/") || strings.HasSuffix(r.URL.Path, "/") {
		return nil
	}
	if more := r.PathValue("path"); more != "" {
		parts = append(parts, strings.Split(more, "/")...)
	}
	return parts
}
