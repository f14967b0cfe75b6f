package connect_test

import (
	"strings"
	"testing"

	"hexhub/internal/feature/connect"
)

func recipes(r connect.Registry, u connect.Use) map[string]connect.Recipe {
	out := map[string]connect.Recipe{}
	for _, s := range connect.Recipes(r, u) {
		out[s.Title] = s
	}
	return out
}

func TestRecipesNameThisRegistry(t *testing.T) {
	r := acme
	r.Key = "k3y"
	for _, c := range []struct {
		use          connect.Use
		title, wants string
	}{
		{connect.Use{Publishes: true}, "Shell", "export HEX_API_URL=https://hub.example.com/api HEX_API_KEY=k3y\nmix hex.publish package --yes"},
		{connect.Use{Publishes: true}, "GitHub Actions", "HEX_API_URL: https://hub.example.com/api\n      HEX_API_KEY: ${{ secrets.HEXHUB_KEY }}"},
		{connect.Use{Publishes: true}, "GitLab CI", "HEX_API_KEY: $HEXHUB_KEY"},
		{connect.Use{Publishes: true}, "rebar3", "HEX_API_KEY=k3y rebar3 hex publish package -r acme"},
		{connect.Use{Publishes: true, Organization: "guild"}, "Shell", "mix hex.publish package --yes --organization guild"},
		{connect.Use{}, "Shell", "mix hex.repo add acme https://hub.example.com/repo --fetch-public-key SHA256:abc --auth-key k3y"},
		{connect.Use{Organization: "guild"}, "Shell", "mix hex.repo add guild https://hub.example.com/repo/repos/guild --fetch-public-key SHA256:abc --auth-key k3y"},
		{connect.Use{Organization: "guild"}, "GitHub Actions", "--auth-key $HEXHUB_KEY"},
		{connect.Use{Organization: "guild"}, "rebar3", `#{<<"guild">> => #{repo_key => <<"k3y">>}}.`},
	} {
		if got := recipes(r, c.use)[c.title].Text; !strings.Contains(got, c.wants) {
			t.Errorf("%s of %+v lacks %q:\n%s", c.title, c.use, c.wants, got)
		}
	}
	hexpm := r
	hexpm.Repository = "hexpm"
	if got := recipes(hexpm, connect.Use{})["Shell"].Text; got != "mix hex.repo set hexpm --auth-key k3y" {
		t.Errorf("in the place of hex.pm: %s", got)
	}
}

// What is committed to a repository must not hold the key.
func TestFilesToCommitHoldNoKey(t *testing.T) {
	r := acme
	r.Key = "k3y"
	for _, use := range []connect.Use{{}, {Publishes: true}, {Organization: "guild"}, {Publishes: true, Organization: "guild"}} {
		for title, s := range recipes(r, use) {
			if committed := strings.HasPrefix(s.Where, ".git"); committed && strings.Contains(s.Text, "k3y") || !committed && !strings.Contains(s.Text, "k3y") {
				t.Errorf("%s of %+v:\n%s", title, use, s.Text)
			}
		}
	}
}
