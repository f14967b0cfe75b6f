package repo

import (
	"net/url"
	"strings"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
)

// kind is what a path leads to.
type kind int

const (
	nothing kind = iota
	keyFile
	installsFile
	namesFile
	versionsFile
	packageFile
	tarballFile
	docsFile
	policyFile

	kinds // how many there are
)

// A target is what a request asks for. Names and versions in it are well formed, or its kind is nothing.
type target struct {
	kind       kind
	scoped     bool   // below /repos
	repository string // as the client calls it; empty for the default one
	name       name.Package
	version    version.Version
	policy     string // need not be well formed
}

// parse reads a path:
//
//	[/repos/REPOSITORY]/names
//	[/repos/REPOSITORY]/versions
//	[/repos/REPOSITORY]/packages/NAME
//	[/repos/REPOSITORY]/tarballs/NAME-VERSION.tar
//	[/repos/REPOSITORY]/docs/NAME-VERSION.tar.gz
//	[/repos/REPOSITORY]/public_key
//	/repos/REPOSITORY/policies/NAME
//	/installs/hex-1.x.csv
//
// Of a path that leads nowhere it still tells whether it lies within a repository, for then whoever has
// no right to look there must not learn that it leads nowhere.
func parse(u *url.URL) target {
	var t target
	path := u.Path
	if rest, ok := strings.CutPrefix(path, "/repos/"); ok {
		t.scoped = true
		t.repository, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	if hasEscapedSlash(u.RawPath) { // would be one path to us and another to a cache before us
		return t
	}
	switch path {
	case "/names":
		t.kind = namesFile
	case "/versions":
		t.kind = versionsFile
	case "/public_key":
		t.kind = keyFile
	case "/installs/hex-1.x.csv":
		if !t.scoped {
			t.kind = installsFile
		}
	default:
		t.parseNamed(path)
	}
	return t
}

func hasEscapedSlash(raw string) bool {
	return strings.Contains(raw, "%") && (strings.Contains(raw, "%2f") || strings.Contains(raw, "%2F"))
}

func (t *target) parseNamed(path string) {
	if text, ok := strings.CutPrefix(path, "/packages/"); ok {
		if p, err := name.ParsePackage(text); err == nil {
			t.kind, t.name = packageFile, p
		}
		return
	}
	if text, ok := strings.CutPrefix(path, "/policies/"); ok && t.scoped && text != "" {
		t.kind, t.policy = policyFile, text
		return
	}
	t.parseRelease(path, tarballFile, "/tarballs/", ".tar")
	t.parseRelease(path, docsFile, "/docs/", ".tar.gz")
}

// parseRelease reads a path of a file that belongs to a release, if it is one of the kind.
func (t *target) parseRelease(path string, k kind, folder, extension string) {
	text, inFolder := strings.CutPrefix(path, folder)
	text, extended := strings.CutSuffix(text, extension)
	if !inFolder || !extended {
		return
	}
	// The first dash divides: names have none, pre-releases do.
	before, after, _ := strings.Cut(text, "-")
	p, err := name.ParsePackage(before)
	v, verr := version.Parse(after)
	if err == nil && verr == nil {
		t.kind, t.name, t.version = k, p, v
	}
}

// verb is what asking for the target takes in a private repository.
func (t target) verb() access.Verb {
	if t.kind == docsFile {
		return access.FetchDocs
	}
	return access.Fetch
}
