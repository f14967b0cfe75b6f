package repo

import (
	"net/url"
	"strings"
	"testing"
)

// Every listed path leads somewhere, and every kind of target is listed.
func TestRoutesAreWhatIsParsed(t *testing.T) {
	found := map[kind]bool{}
	for _, path := range Routes() {
		for name, value := range map[string]string{"{package}": "decimal", "{version}": "1.0.0", "{repository}": "guild", "{policy}": "strict"} {
			path = strings.ReplaceAll(path, name, value)
		}
		target := parse(&url.URL{Path: path})
		if found[target.kind] = true; target.kind == nothing {
			t.Errorf("%s leads nowhere", path)
		}
	}
	for k := nothing + 1; k < kinds; k++ {
		if !found[k] {
			t.Errorf("no route leads to a target of kind %d", k)
		}
	}
}
