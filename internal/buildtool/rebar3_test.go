package buildtool_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/internal/buildtool"
	"hexhub/internal/feature/connect"
)

var acme = connect.Registry{
	URL: "https://hub.example.com", Repository: "acme", Fingerprint: "SHA256:abc",
	PublicPEM: "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
}

// rebar3 returns one whose configuration has the text, or none.
func rebar3(t *testing.T, text string) buildtool.Rebar3 {
	t.Helper()
	tool := buildtool.Rebar3{Path: filepath.Join(t.TempDir(), "rebar3", "rebar.config")}
	if text == "" {
		return tool
	}
	if err := os.MkdirAll(filepath.Dir(tool.Path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tool.Path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return tool
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wantState(t *testing.T, tool buildtool.Rebar3, r connect.Registry, want buildtool.State) {
	t.Helper()
	if got, err := tool.State(r); err != nil || got != want {
		t.Errorf("state = %v, %v, want %v", got, err, want)
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasThereStays(t *testing.T) {
	const mine = "%% mine: {hex, no}\n{plugins, [rebar3_format]}. % last\n"
	tool := rebar3(t, mine)
	wantState(t, tool, acme, buildtool.Unknown)
	do(t, tool.Connect(acme))
	if got := read(t, tool.Path); !strings.HasPrefix(got, mine) || !strings.Contains(got, `name => <<"acme"`) {
		t.Errorf("the configuration is\n%s", got)
	}
	if got := read(t, tool.Path+buildtool.BackupSuffix); got != mine {
		t.Errorf("the copy is\n%s", got)
	}
	wantState(t, tool, acme, buildtool.Connected)
	do(t, tool.Disconnect(acme))
	if got := read(t, tool.Path); got != mine {
		t.Errorf("after undo the configuration is\n%s", got)
	}
}

func TestNothingIsLeftOfANewFile(t *testing.T) {
	tool := rebar3(t, "")
	do(t, tool.Connect(acme))
	do(t, tool.Disconnect(acme))
	left, err := os.ReadDir(filepath.Dir(tool.Path))
	if err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
	do(t, tool.Disconnect(acme))
}

func TestRegistriesStandSideBySide(t *testing.T) {
	tool, guild := rebar3(t, ""), acme
	guild.Repository, guild.URL = "guild", "https://guild.example.com"
	do(t, tool.Connect(acme))
	do(t, tool.Connect(guild))
	do(t, tool.Connect(acme)) // twice is once
	if got := read(t, tool.Path); strings.Count(got, "acme") != 1 || strings.Count(got, "{hex,") != 1 {
		t.Errorf("the configuration is\n%s", got)
	}
	moved := acme
	moved.URL = "https://new.example.com"
	wantState(t, tool, moved, buildtool.Differs)
	do(t, tool.Connect(moved))
	wantState(t, tool, moved, buildtool.Connected)
	do(t, tool.Disconnect(moved))
	wantState(t, tool, acme, buildtool.Unknown)
	wantState(t, tool, guild, buildtool.Connected)
}

func TestOwnRepositoriesAreLeftAlone(t *testing.T) {
	const own = "{erl_opts, []}.\n{hex, [{repos, [#{name => <<\"own\">>}]}]}.\n"
	tool := rebar3(t, own)
	if err := tool.Connect(acme); !errors.Is(err, buildtool.ErrOwnRepositories) {
		t.Errorf("err = %v", err)
	}
	if got := read(t, tool.Path); got != own {
		t.Errorf("the configuration is\n%s", got)
	}
}

// What somebody changed between the marks is neither understood nor overwritten.
func TestAChangedBlockIsLeftAlone(t *testing.T) {
	tool := rebar3(t, "")
	do(t, tool.Connect(acme))
	changed := strings.Replace(read(t, tool.Path), "{hex,", "{hex, % really", 1)
	do(t, os.WriteFile(tool.Path, []byte(changed), 0o600))
	if err := tool.Connect(acme); err == nil {
		t.Error("it was overwritten")
	}
	if got := read(t, tool.Path); got != changed {
		t.Errorf("the configuration is\n%s", got)
	}
}

func TestLinksStayLinks(t *testing.T) {
	tool := rebar3(t, "{erl_opts, []}.\n")
	link := buildtool.Rebar3{Path: filepath.Join(t.TempDir(), "rebar.config")}
	do(t, os.Symlink(tool.Path, link.Path))
	do(t, link.Connect(acme))
	if info, err := os.Lstat(link.Path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
	wantState(t, tool, acme, buildtool.Connected)
}

func TestHexIsNotReplacedInAFile(t *testing.T) {
	hexpm := acme
	hexpm.Repository = "hexpm"
	if err := rebar3(t, "").Connect(hexpm); !errors.Is(err, buildtool.ErrInPlaceOfHex) {
		t.Errorf("err = %v", err)
	}
}
