package ui_test

import (
	"testing"

	"hexhub/internal/feature/audit"
	"hexhub/internal/surface/web/ui"
)

func TestScopesAreReadAsTheyAreWritten(t *testing.T) {
	for scope, want := range map[string]string{
		"api":                     "Do everything that you can do: publish, and manage packages, owners, keys and organizations",
		"api:read":                "Read what you can read: your account, private packages, organizations",
		"api:write":               "Publish, and change packages, owners, keys and organizations",
		"repositories":            "Fetch packages from all repositories that you can fetch from",
		"repository:acme":         "Fetch packages of acme",
		"repository:acme/decimal": "Fetch the package acme/decimal",
		"package":                 "Publish and change all your packages",
		"package:acme/decimal":    "Publish and change the package acme/decimal",
		"docs:acme":               "Read the private documentation of acme",
		"something:new":           "something:new",
		"repository":              "repository",
	} {
		p := ui.Permission(scope)
		if got := ui.Permitted(p); got != want || ui.Scope(p) != scope {
			t.Errorf("%s: %q, written back as %s; want %q", scope, got, ui.Scope(p), want)
		}
	}
}

func TestBrowsersAreNamedAsPeopleNameThem(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                       "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36 Edg/156.0":        "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15":        "Safari on macOS",
		"Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Mobile Safari/537.36":                     "Chrome on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile Safari/6": "Safari on iPhone",
		"hex/2.5.0 (elixir/1.19.0) (otp/28.1)": "hex/2.5.0",
		"Mozilla/5.0":                          "a browser",
		"":                                     "",
	} {
		if got := ui.Agent(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

func TestDeedsAreToldInWords(t *testing.T) {
	for _, c := range []struct {
		action string
		params map[string]any
		want   string
	}{
		{"key.generate", map[string]any{"name": "ci"}, "The key ci was made"},
		{"email.add", map[string]any{"email": "a@b.org"}, "The address a@b.org was added"},
		{"release.publish", map[string]any{"package": map[string]any{"name": "decimal"}, "release": map[string]any{"version": "1.0.0"}}, "decimal 1.0.0 was published"},
		{"organization.create", map[string]any{"organization": map[string]any{"name": "acme"}}, "The organization acme was made"},
		{"organization.create", map[string]any{"organization": 7}, "The organization something was made"},
		{"user.create", nil, "The account was made"},
		{"rocket.launch", nil, "rocket.launch"},
	} {
		if got := ui.DeedInWords(audit.Entry{Action: c.action, Params: c.params}); got != c.want {
			t.Errorf("%s: %q, want %q", c.action, got, c.want)
		}
	}
}
