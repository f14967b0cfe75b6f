package connect_test

import (
	"testing"

	"hexhub/hex/version"
	"hexhub/internal/feature/connect"
)

func TestDependencyNamesTheRepository(t *testing.T) {
	for _, c := range []struct{ repository, mix string }{
		{"hexpm", `{:plug, "~> 1.16"}`},
		{"acme", `{:plug, "~> 1.16", repo: "acme"}`},
	} {
		d := connect.Dependency{Package: "plug", App: "plug", Version: version.MustParse("1.16.3"), Option: connect.In(c.repository)}
		if got := d.Mix(); got != c.mix {
			t.Errorf("in %s: %s, want %s", c.repository, got, c.mix)
		}
		if got, want := d.Rebar(), `{plug, "1.16.3"}`; got != want {
			t.Errorf("rebar3: %s, want %s", got, want)
		}
	}
}
