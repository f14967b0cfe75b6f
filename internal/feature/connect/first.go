package connect

import "fmt"

// Clients are those that Entries speak of, in its order.
var Clients = []string{"mix", "rebar3", "gleam", "erlang.mk", "cli"}

// First is what has to be done once before a client can use packages of the default repository, or of an
// organization's. There may be nothing to do.
func First(r Registry, client, organization string) (Step, bool) {
	if organization != "" && r.Repository != "hexpm" && client == "mix" {
		return Step{
			Say:  "Add the organization's repository, with a key that may read it.",
			Text: fmt.Sprintf("mix hex.repo add %s %s/repo/repos/%s --fetch-public-key %s --auth-key %s", organization, r.URL, organization, r.Fingerprint, Placeholder),
		}, true
	}
	if organization != "" {
		return Step{}, false
	}
	for _, g := range Guides(r) {
		if g.Client == client && client != "gleam" {
			return g.Steps[0], true
		}
	}
	return Step{}, false
}
