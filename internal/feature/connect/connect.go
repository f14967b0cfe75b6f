// Package connect says how each client is pointed at this registry.
//
// It knows what mix, rebar3 and Gleam can be told and in which words; the home page and the command
// line print the same text from here. It reads nothing and knows no HTTP.
package connect

import (
	"fmt"
	"strings"
)

// A Registry is what a client must know of this server.
type Registry struct {
	URL         string // where people open it, without a trailing slash
	Repository  string // the name that is signed into the default repository
	Fingerprint string // of the public key, SHA256:…
	PublicPEM   string // the public key
	Key         string // an API key to show in place of the placeholder; usually empty
}

// A Guide is what one client's users do, step by step.
type Guide struct {
	Client string // mix, rebar3 or gleam
	Title  string
	Steps  []Step
}

// A Step is a sentence and what to paste.
type Step struct {
	Say   string
	Where string // a file to put the text into, or empty for the shell
	Text  string
}

// Placeholder stands where a reader puts a key of his own.
const Placeholder = "YOUR-API-KEY"

// Guides returns one guide for each client, mix first.
func Guides(r Registry) []Guide {
	if r.Key == "" {
		r.Key = Placeholder
	}
	return []Guide{mix(r), rebar3(r), gleam(r)}
}

func mix(r Registry) Guide {
	var steps []Step
	if r.Repository == "hexpm" {
		steps = append(steps, Step{
			Say:  "Put this registry in the place of hex.pm.",
			Text: fmt.Sprintf("curl -fsS %s/repo/public_key -o hexhub.pem\nmix hex.repo set hexpm --url %s/repo --public-key hexhub.pem", r.URL, r.URL),
		}, Step{Say: "Depend on a package as ever.", Where: "mix.exs", Text: `{:demo, "~> 1.0"}`})
	} else {
		steps = append(steps, Step{
			Say:  "Add the repository. The fingerprint makes sure that it is this one.",
			Text: fmt.Sprintf("mix hex.repo add %s %s/repo --fetch-public-key %s", r.Repository, r.URL, r.Fingerprint),
		}, Step{Say: "Depend on a package in it.", Where: "mix.exs", Text: fmt.Sprintf(`{:demo, "~> 1.0", repo: %q}`, r.Repository)})
	}
	return Guide{Client: "mix", Title: "Elixir with mix", Steps: append(steps, Step{
		Say:  "Publish. Set both variables, or the package goes to hex.pm.",
		Text: fmt.Sprintf("export HEX_API_URL=%s/api HEX_API_KEY=%s\nmix hex.publish package", r.URL, r.Key),
	})}
}

func rebar3(r Registry) Guide {
	return Guide{Client: "rebar3", Title: "Erlang with rebar3", Steps: []Step{
		{Say: "Name the repository. rebar3 asks repositories in order, and hex.pm last.", Where: "~/.config/rebar3/rebar.config", Text: r.rebarConfig(r.Repository, r.URL+"/repo")},
		{Say: "Depend on a package.", Where: "rebar.config", Text: `{deps, [{demo, "~> 1.0"}]}.`},
		{Say: "Publish, with the rebar3_hex plugin.", Text: fmt.Sprintf("HEX_API_KEY=%s rebar3 hex publish -r %s", r.Key, r.Repository)},
	}}
}

// rebarConfig tells rebar3 of the repository at an address.
func (r Registry) rebarConfig(repository, address string) string {
	return fmt.Sprintf(`{hex, [{repos, [
    #{name => <<"%s">>,
      repo_url => <<"%s">>,
      api_url => <<"%s/api">>,
      repo_public_key => <<"%s">>}
]}]}.`, repository, address, r.URL, strings.TrimSpace(r.PublicPEM)+"\n")
}

func gleam(r Registry) Guide {
	return Guide{Client: "gleam", Title: "Gleam", Steps: []Step{
		{
			Say:  "Released Gleam has hex.pm built in and cannot install from another registry yet. It can publish here, through a tarball.",
			Text: fmt.Sprintf("gleam export hex-tarball\nHEXHUB_SERVER=%s HEXHUB_API_KEY=%s hexhub publish build/*.tar", r.URL, r.Key),
		},
	}}
}
