package connect_test

import (
	"strings"
	"testing"

	"hexhub/internal/feature/connect"
)

var acme = connect.Registry{
	URL: "https://hub.example.com", Repository: "acme", Fingerprint: "SHA256:abc",
	PublicPEM: "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
}

func text(r connect.Registry, client string) string {
	var b strings.Builder
	for _, g := range connect.Guides(r) {
		if g.Client == client {
			for _, s := range g.Steps {
				b.WriteString(s.Text + "\n")
			}
		}
	}
	return b.String()
}

func TestGuidesNameThisRegistry(t *testing.T) {
	for client, wants := range map[string][]string{
		"mix":    {"mix hex.repo add acme https://hub.example.com/repo --fetch-public-key SHA256:abc", `repo: "acme"`, "HEX_API_URL=https://hub.example.com/api"},
		"rebar3": {`name => <<"acme">>`, "-----BEGIN PUBLIC KEY-----", "rebar3 hex publish -r acme"},
		"gleam":  {"hexhub publish"},
	} {
		for _, want := range wants {
			if got := text(acme, client); !strings.Contains(got, want) {
				t.Errorf("%s lacks %q:\n%s", client, want, got)
			}
		}
	}
}

func TestStandingInForHexpmReplacesIt(t *testing.T) {
	r := acme
	r.Repository = "hexpm"
	got := text(r, "mix")
	if !strings.Contains(got, "mix hex.repo set hexpm --url https://hub.example.com/repo") || strings.Contains(got, "repo add") {
		t.Errorf("mix guide:\n%s", got)
	}
}

func TestAKeyIsShownOnlyWhenGiven(t *testing.T) {
	if got := text(acme, "mix"); !strings.Contains(got, connect.Placeholder) {
		t.Errorf("no placeholder:\n%s", got)
	}
	r := acme
	r.Key = "k3y"
	if got := text(r, "mix"); strings.Contains(got, connect.Placeholder) || !strings.Contains(got, "k3y") {
		t.Errorf("the key is not shown:\n%s", got)
	}
}
