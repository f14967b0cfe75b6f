package packages

import (
	"strings"
	"testing"
)

// What follows a package's name is a tab, else a version, else the name was that of a repository.
func TestAddressesAreReadAsOnHex(t *testing.T) {
	for path, want := range map[string]address{
		"decimal":                           {Name: "decimal"},
		"decimal/1.0.0":                     {Name: "decimal", Version: "1.0.0"},
		"decimal/1.0.0-rc.1":                {Name: "decimal", Version: "1.0.0-rc.1"},
		"decimal/versions":                  {Name: "decimal", Tab: "versions"},
		"decimal/1.0.0/changelog":           {Name: "decimal", Version: "1.0.0", Tab: "changelog"},
		"acme/decimal":                      {Repository: "acme", Name: "decimal"},
		"acme/decimal/1.0.0":                {Repository: "acme", Name: "decimal", Version: "1.0.0"},
		"acme/decimal/versions":             {Repository: "acme", Name: "decimal", Tab: "versions"},
		"acme/decimal/1.0.0/license":        {Repository: "acme", Name: "decimal", Version: "1.0.0", Tab: "license"},
		"versions":                          {Name: "versions"},
		"versions/versions":                 {Name: "versions", Tab: "versions"},
		"acme/versions/1.0.0":               {Repository: "acme", Name: "versions", Version: "1.0.0"},
		"decimal/files":                     {Name: "decimal", Tab: "files"},
		"decimal/1.0.0/files":               {Name: "decimal", Version: "1.0.0", Tab: "files"},
		"decimal/1.0.0/files/lib/a.ex":      {Name: "decimal", Version: "1.0.0", Tab: "files", Path: "lib/a.ex"},
		"decimal/1.0.0/files/files/license": {Name: "decimal", Version: "1.0.0", Tab: "files", Path: "files/license"},
		"acme/decimal/1.0.0/files/mix.exs":  {Repository: "acme", Name: "decimal", Version: "1.0.0", Tab: "files", Path: "mix.exs"},
		"acme/files/1.0.0":                  {Repository: "acme", Name: "files", Version: "1.0.0"},
		"acme/files/1.0.0/files/1.0.0/a":    {Repository: "acme", Name: "files", Version: "1.0.0", Tab: "files", Path: "1.0.0/a"},
		"files/1.0.0/files":                 {Name: "files", Version: "1.0.0", Tab: "files"},
		"decimal/files/mix.exs":             {},
		"decimal/1.0.0/license/mix.exs":     {},
		"acme/1.0":                          {Repository: "acme", Name: "1.0"}, // no version: of a package that cannot be
		"acme/decimal/latest":               {},
		"acme/decimal/1.0.0/1.0.0":          {},
		"acme/decimal/1.0.0/2.0.0/versions": {},
	} {
		got, ok := parseAddress(strings.Split(path, "/"))
		if got != want || ok == (want == address{}) {
			t.Errorf("%s is read as %+v, %t; want %+v", path, got, ok, want)
		}
	}
}
