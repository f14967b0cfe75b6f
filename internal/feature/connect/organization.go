package connect

import "fmt"

// OfOrganization returns one guide for each client that is to use an organization's private packages, mix first.
func OfOrganization(r Registry, organization string) []Guide {
	if r.Key == "" {
		r.Key = Placeholder
	}
	u := Use{Organization: organization}
	return []Guide{
		{Client: "mix", Title: "Elixir with mix", Steps: mixOf(r, u)},
		{Client: "rebar3", Title: "Erlang with rebar3", Steps: rebar3Of(r, u)},
		{Client: "gleam", Title: "Gleam", Steps: []Step{{
			Say:  "Released Gleam has hex.pm built in and cannot install from here yet. It can publish, through a tarball.",
			Text: fmt.Sprintf("gleam export hex-tarball\nHEXHUB_SERVER=%s HEXHUB_API_KEY=%s hexhub publish build/*.tar --repository %s", r.URL, r.Key, organization),
		}}},
	}
}

func mixOf(r Registry, u Use) []Step {
	if r.Repository == "hexpm" {
		return []Step{
			{Say: "Let mix in, with a key that may read the repository.", Text: "mix hex.organization auth " + u.Organization + " --key " + r.Key},
			{Say: "Depend on a package in it.", Where: "mix.exs", Text: fmt.Sprintf(`{:demo, "~> 1.0", organization: %q}`, u.Organization)},
		}
	}
	first, _ := First(r, "mix", u.Organization)
	return []Step{first, {Say: "Depend on a package in it.", Where: "mix.exs", Text: fmt.Sprintf(`{:demo, "~> 1.0", repo: %q}`, u.Organization)}}
}

func rebar3Of(r Registry, u Use) []Step {
	return []Step{
		{
			Say: "Name the repository, before others that have packages of the same names.", Where: "~/.config/rebar3/rebar.config",
			Text: r.rebarConfig(u.Organization, r.repositoryURL(u)),
		},
		{
			Say: "Let rebar3 in, with a key that may read it.", Where: "~/.config/rebar3/hex.config",
			Text: fmt.Sprintf("#{<<\"%s\">> => #{repo_key => <<\"%s\">>}}.", u.Organization, r.Key),
		},
		{Say: "Depend on a package.", Where: "rebar.config", Text: `{deps, [{demo, "~> 1.0"}]}.`},
	}
}
