package quality

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// builders are files and folders from which machines read how to test a project.
var builders = []string{
	".github/workflows/*.yml", ".github/workflows/*.yaml", ".forgejo/workflows/*.yml", ".forgejo/workflows/*.yaml", ".gitea/workflows/*.yml", ".gitea/workflows/*.yaml",
	".gitlab-ci.yml", ".circleci/config.yml", ".travis.yml", ".woodpecker.yml", ".woodpecker/*.yml", ".builds/*.yml", ".build.yml", ".drone.yml", ".cirrus.yml",
	".semaphore/semaphore.yml", ".buildkite/*.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", "appveyor.yml", "Jenkinsfile",
}

// IsBuilder reports whether a machine reads from the file of a project how to test it.
func IsBuilder(file string) bool {
	return slices.ContainsFunc(builders, func(b string) bool { ok, _ := path.Match(b, file); return ok })
}

// buildHosts show what came of tests, and nothing else.
var buildHosts = []string{"travis-ci.org", "travis-ci.com", "circleci.com", "semaphoreci.com", "cirrus-ci.com", "buildkite.com", "appveyor.com", "builds.sr.ht", "ci.codeberg.org", "dev.azure.com"}

// ShowsTests reports whether a link leads to where one sees what came of tests, as badges do.
func ShowsTests(link string) bool {
	u, err := url.Parse(link)
	if err != nil || u.Hostname() == "" {
		return false
	}
	if host := strings.ToLower(u.Hostname()); slices.ContainsFunc(buildHosts, func(b string) bool { return host == b || strings.HasSuffix(host, "."+b) }) {
		return true
	}
	return strings.Contains(u.Path+"/", "/actions/") || strings.Contains(u.Path, "/-/pipelines") || strings.HasSuffix(u.Path, "/pipelines")
}
