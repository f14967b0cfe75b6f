package connect

import (
	"fmt"
	"strings"
)

// A Use says what a key is for, so far as recipes differ by it.
type Use struct {
	Publishes    bool   // else it fetches
	Organization string // whose packages; empty for the default repository
}

// A Recipe is one way to use a key, to paste.
type Recipe struct {
	Title string // such as GitHub Actions
	Step
}

// SecretName is what the variable is called in which continuous integration keeps the key.
const SecretName = "HEXHUB_KEY"

// Recipes return how the registry's key is used from a shell, by continuous integration and by rebar3. The key
// itself is only in what is for the reader's own machine: files that are committed name a secret instead.
func Recipes(r Registry, u Use) []Recipe {
	if r.Key == "" {
		r.Key = Placeholder
	}
	if u.Publishes {
		return publishing(r, u)
	}
	return fetching(r, u)
}

func publishing(r Registry, u Use) []Recipe {
	publish := "mix hex.publish package --yes"
	if u.Organization != "" {
		publish += " --organization " + u.Organization
	}
	return []Recipe{
		{"Shell", Step{
			Say:  "Once, from your machine, with mix.",
			Text: fmt.Sprintf("export HEX_API_URL=%s/api HEX_API_KEY=%s\n%s", r.URL, r.Key, publish),
		}},
		{"GitHub Actions", Step{
			Say:   fmt.Sprintf("Keep the key as the repository's secret %s; then each tag is published.", SecretName),
			Where: ".github/workflows/publish.yml",
			Text:  actions("publish", "tags: [\"v*\"]", r.URL, "HEX_API_KEY", "mix deps.get", publish),
		}},
		{"GitLab CI", Step{
			Say:   fmt.Sprintf("Keep the key as the masked and protected variable %s; then each tag is published.", SecretName),
			Where: ".gitlab-ci.yml",
			Text:  gitlab("publish", "$CI_COMMIT_TAG", r.URL, "HEX_API_KEY", "mix deps.get", publish),
		}},
		{"rebar3", Step{
			Say:  "With the rebar3_hex plugin, once rebar.config names the repository.",
			Text: fmt.Sprintf("HEX_API_KEY=%s rebar3 hex publish package -r %s --yes", r.Key, r.repositoryOf(u)),
		}},
	}
}

func fetching(r Registry, u Use) []Recipe {
	add := func(key string) string {
		if r.Repository == "hexpm" && u.Organization == "" {
			return "mix hex.repo set hexpm --auth-key " + key
		}
		return fmt.Sprintf("mix hex.repo add %s %s --fetch-public-key %s --auth-key %s", r.repositoryOf(u), r.repositoryURL(u), r.Fingerprint, key)
	}
	return []Recipe{
		{"Shell", Step{Say: "Once on each machine that fetches with mix.", Text: add(r.Key)}},
		{"GitHub Actions", Step{
			Say:   fmt.Sprintf("Keep the key as the repository's secret %s.", SecretName),
			Where: ".github/workflows/test.yml",
			Text:  actions("test", "branches: [main]", "", SecretName, add("$"+SecretName), "mix deps.get", "mix test"),
		}},
		{"GitLab CI", Step{
			Say:   fmt.Sprintf("Keep the key as the masked variable %s.", SecretName),
			Where: ".gitlab-ci.yml",
			Text:  gitlab("test", "", "", "", add("$"+SecretName), "mix deps.get", "mix test"),
		}},
		{"rebar3", Step{
			Say:   "Beside the repository's entry in rebar.config.",
			Where: "~/.config/rebar3/hex.config",
			Text:  fmt.Sprintf("#{<<\"%s\">> => #{repo_key => <<\"%s\">>}}.", r.repositoryOf(u), r.Key),
		}},
	}
}

// repositoryOf names the repository that the key is used with.
func (r Registry) repositoryOf(u Use) string {
	if u.Organization != "" {
		return u.Organization
	}
	return r.Repository
}

func (r Registry) repositoryURL(u Use) string {
	if u.Organization != "" {
		return r.URL + "/repo/repos/" + u.Organization
	}
	return r.URL + "/repo"
}

// actions is a workflow of GitHub with one job, which has the secret in a variable.
func actions(job, on, url, variable string, commands ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "on:\n  push:\n    %s\njobs:\n  %s:\n    runs-on: ubuntu-latest\n    env:\n", on, job)
	if url != "" {
		fmt.Fprintf(&b, "      HEX_API_URL: %s/api\n", url)
	}
	fmt.Fprintf(&b, "      %s: ${{ secrets.%s }}\n    steps:\n      - uses: actions/checkout@v4\n", variable, SecretName)
	b.WriteString("      - uses: erlef/setup-beam@v1\n        with:\n          otp-version: \"28\"\n          elixir-version: \"1.19\"\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "      - run: %s\n", c)
	}
	return b.String()
}

// gitlab is a job of GitLab, whose variables are there without being named.
func gitlab(job, onlyIf, url, variable string, commands ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n  image: elixir:1.19\n", job)
	if onlyIf != "" {
		fmt.Fprintf(&b, "  rules:\n    - if: %s\n", onlyIf)
	}
	if url != "" {
		fmt.Fprintf(&b, "  variables:\n    HEX_API_URL: %s/api\n    %s: $%s\n", url, variable, SecretName)
	}
	b.WriteString("  script:\n    - mix local.hex --force\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "    - %s\n", c)
	}
	return b.String()
}
