package repo

// files are all paths in a repository, with variables in braces. parse reads them.
var files = []string{
	"/names", "/versions", "/packages/{package}", "/tarballs/{package}-{version}.tar", "/docs/{package}-{version}.tar.gz", "/public_key",
}

// Routes lists all paths below /repo that lead somewhere, with variables in braces, for tests that must cover
// them all. They are read with GET and HEAD.
func Routes() []string {
	out := []string{"/installs/hex-1.x.csv", "/repos/{repository}/policies/{policy}"}
	for _, f := range files {
		out = append(out, f, "/repos/{repository}"+f)
	}
	return out
}
