package connect_test

import (
	"strings"
	"testing"

	"hexhub/hex/version"
	"hexhub/internal/feature/connect"
)

func snippet(r connect.Registry, w connect.Wanted, client string) connect.Entry {
	for _, s := range connect.Entries(r, w) {
		if s.Client == client {
			return s
		}
	}
	return connect.Entry{}
}

func TestSnippetsAreThoseOfHexWithTheRepository(t *testing.T) {
	standIn := acme
	standIn.Repository = "hexpm"
	v := version.MustParse
	for _, c := range []struct {
		registry connect.Registry
		wanted   connect.Wanted
		client   string
		want     string
	}{
		{standIn, connect.Wanted{Name: "demo", Version: v("1.2.3")}, "mix", `{:demo, "~> 1.2"}`},
		{standIn, connect.Wanted{Name: "demo", Version: v("0.1.2")}, "mix", `{:demo, "~> 0.1.2"}`},
		{standIn, connect.Wanted{Name: "demo", Version: v("2.0.0-rc.1")}, "mix", `{:demo, "~> 2.0.0-rc.1"}`},
		{standIn, connect.Wanted{Name: "demo", App: "other", Version: v("1.2.3")}, "mix", `{:other, "~> 1.2", hex: :demo}`},
		{standIn, connect.Wanted{Name: "demo", App: "Elixir.X", Version: v("1.2.3")}, "mix", `{:"Elixir.X", "~> 1.2", hex: :demo}`},
		{standIn, connect.Wanted{Name: "demo", Version: v("1.2.3"), Repository: "guild"}, "mix", `{:demo, "~> 1.2", organization: "guild"}`},
		{acme, connect.Wanted{Name: "demo", Version: v("1.2.3")}, "mix", `{:demo, "~> 1.2", repo: "acme"}`},
		{acme, connect.Wanted{Name: "demo", App: "other", Version: v("1.2.3")}, "mix", `{:other, "~> 1.2", hex: :demo, repo: "acme"}`},
		{acme, connect.Wanted{Name: "demo", Version: v("1.2.3"), Repository: "guild"}, "mix", `{:demo, "~> 1.2", repo: "guild"}`},
		{acme, connect.Wanted{Name: "demo", Version: v("1.2.3")}, "rebar3", `{demo, "1.2.3"}`},
		{acme, connect.Wanted{Name: "demo", App: "other", Version: v("1.2.3")}, "rebar3", `{other, "1.2.3", {pkg, demo}}`},
		{acme, connect.Wanted{Name: "demo", App: "x, y", Version: v("1.2.3")}, "rebar3", `{'x, y', "1.2.3", {pkg, demo}}`},
		{standIn, connect.Wanted{Name: "demo", Version: v("1.2.3")}, "erlang.mk", `dep_demo = hex 1.2.3`},
		{standIn, connect.Wanted{Name: "demo", App: "other", Version: v("1.2.3")}, "erlang.mk", `dep_other = hex 1.2.3 demo`},
		{standIn, connect.Wanted{Name: "demo", App: "$(shell x)", Version: v("1.2.3")}, "erlang.mk", `dep_demo = hex 1.2.3`},
		{acme, connect.Wanted{Name: "demo", Version: v("1.2.3")}, "cli", "mkdir -p vendor/demo\ncurl -fsS https://hub.example.com/repo/tarballs/demo-1.2.3.tar | tar -xO contents.tar.gz | tar -xz -C vendor/demo"},
		{acme, connect.Wanted{Name: "demo", Version: v("1.2.3"), Repository: "guild", Private: true}, "cli", "mkdir -p vendor/demo\ncurl -fsS -H \"Authorization: $HEXHUB_API_KEY\" https://hub.example.com/repo/repos/guild/tarballs/demo-1.2.3.tar | tar -xO contents.tar.gz | tar -xz -C vendor/demo"},
	} {
		if got := snippet(c.registry, c.wanted, c.client).Text; got != c.want {
			t.Errorf("%s of %+v in %s:\n%s\nwant\n%s", c.client, c.wanted, c.registry.Repository, got, c.want)
		}
	}
}

// Gleam cannot be pointed at another registry, so nobody is told that it can.
func TestGleamIsToldTheTruth(t *testing.T) {
	of := func(tools ...string) connect.Entry {
		return snippet(acme, connect.Wanted{Name: "demo", Version: version.MustParse("1.2.3"), BuildTools: tools}, "gleam")
	}
	if s := of("mix"); s.Text != "" || !strings.Contains(s.Say, "cannot") {
		t.Errorf("of a package made with mix: %+v", s)
	}
	if s := of("gleam"); strings.Contains(s.Text, "gleam add") || !strings.Contains(s.Text, `demo = { path = "vendor/demo" }`) || !strings.Contains(s.Say, "cannot") {
		t.Errorf("of a package made with Gleam: %+v", s)
	}
}

func TestTheFirstStepIsThatOfTheRepository(t *testing.T) {
	for _, c := range []struct{ client, organization, want string }{
		{"mix", "", "mix hex.repo add acme https://hub.example.com/repo --fetch-public-key SHA256:abc"},
		{"mix", "guild", "mix hex.repo add guild https://hub.example.com/repo/repos/guild --fetch-public-key SHA256:abc --auth-key YOUR-API-KEY"},
		{"gleam", "", ""},
		{"cli", "", ""},
		{"rebar3", "guild", ""},
	} {
		if got, ok := connect.First(acme, c.client, c.organization); got.Text != c.want || ok != (c.want != "") {
			t.Errorf("%s of %q: %q, want %q", c.client, c.organization, got.Text, c.want)
		}
	}
	for i, s := range connect.Entries(acme, connect.Wanted{Name: "demo", Version: version.MustParse("1.2.3")}) {
		if s.Client != connect.Clients[i] {
			t.Errorf("client %d is %s, want %s", i, s.Client, connect.Clients[i])
		}
	}
}
