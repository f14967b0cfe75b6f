package tarball

import (
	"slices"
	"strings"

	"hexhub/hex/erlterm"
)

// compareFiles compares the list of files in the metadata with the contents. Every file and
// link must be listed: what a reviewer reads in the metadata shall not hide anything. hex.pm
// does not look, but mix, rebar3 and gleam list each file they pack.
//
// The other direction yields only warnings: mix lists the directories it visits, also those
// of which nothing was packed, and a name does not tell whether it is one.
func compareFiles(listed []string, files []File) (warnings []string, err error) {
	rest := map[string]bool{} // listed, but not seen in the contents
	for _, l := range listed {
		rest[strings.TrimSuffix(l, "/")] = true
	}
	names := make(map[string]bool, len(rest))
	for l := range rest {
		names[l] = true
	}
	for _, f := range files {
		if !names[f.Path] && !f.Mode.IsDir() {
			mangled := fromWindows(f.Path)
			if mangled == "" || !names[mangled] {
				return nil, refuse(UnlistedFile, "inner tarball error, %s: the file is not listed in the metadata's files", f.Path)
			}
			delete(rest, mangled)
		}
		for dir := f.Path; dir != ""; dir = parent(dir) {
			delete(rest, dir)
		}
	}
	for l := range rest {
		warnings = append(warnings, l+": listed in the metadata but not in the package")
	}
	slices.Sort(warnings)
	return warnings[:min(len(warnings), maxWarnings)], nil
}

// fromWindows returns the name under which gleam before October 2026 lists a file when it
// runs on Windows: with backslashes, which are escapes to the reader (gleam pull request
// 6335). It is "" if no such listing can be read.
func fromWindows(path string) string {
	forms, err := erlterm.Consult([]byte(`{<<"`+strings.ReplaceAll(path, "/", `\`)+`">>}.`), erlterm.Limits{})
	if err != nil || len(forms) != 1 || len(forms[0]) != 1 {
		return ""
	}
	name, _ := forms[0][0].(erlterm.Binary)
	return string(name)
}
