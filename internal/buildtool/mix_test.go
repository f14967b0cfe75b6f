package buildtool_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/internal/buildtool"
)

// standIn does what this package asks mix for, and nothing else.
const standIn = `#!/bin/sh
repos="$HEX_HOME/repos"
case "$1 $2" in
"hex.repo add") grep -q BEGIN "$6" || exit 1; echo "$3  $4  SHA256:abc" >>"$repos" ;;
"hex.repo remove") sed -i "/^$3 /d" "$repos" ;;
"hex.repo list") echo "Name URL"; cat "$repos" 2>/dev/null ;;
*) echo "unknown $*"; exit 1 ;;
esac
case "$*" in *k3y*) exit 1 ;; esac
exit 0
`

func mix(t *testing.T, config string) buildtool.Mix {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HEX_HOME", dir)
	tool := buildtool.Mix{Program: filepath.Join(dir, "mix"), Path: filepath.Join(dir, "hex.config")}
	do(t, os.WriteFile(tool.Program, []byte(standIn), 0o755))
	do(t, os.WriteFile(tool.Path, []byte(config), 0o644))
	return tool
}

func wantMix(t *testing.T, tool buildtool.Mix, state buildtool.State, publishes bool) {
	t.Helper()
	if got, err := tool.State(t.Context(), acme); err != nil || got != state {
		t.Errorf("state = %v, %v, want %v", got, err, state)
	}
	if got, err := tool.PublishesTo(acme); err != nil || got != publishes {
		t.Errorf("publishes = %v, %v, want %v", got, err, publishes)
	}
}

func TestMixPublishesWhereItIsTold(t *testing.T) {
	const before = "{api_url,<<\"https://old.example.com/api\">>}.\n{'$repos',#{}}.\n{unsafe,true}.\n"
	tool := mix(t, before)
	wantMix(t, tool, buildtool.Unknown, false)
	do(t, tool.Connect(t.Context(), acme))
	wantMix(t, tool, buildtool.Connected, false)
	with := acme
	with.Key = "k3y"
	do(t, tool.Connect(t.Context(), with))
	wantMix(t, tool, buildtool.Connected, true)
	got := read(t, tool.Path)
	if strings.Count(got, "{api_url,") != 1 || !strings.Contains(got, `{api_key,<<"k3y"`) || !strings.Contains(got, "{unsafe,true}.\n") {
		t.Errorf("the configuration is\n%s", got)
	}
	if info, err := os.Stat(tool.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the key is %v, %v", info.Mode(), err)
	}
	if kept := read(t, tool.Path+buildtool.BackupSuffix); kept != before {
		t.Errorf("the copy is\n%s", kept)
	}
	do(t, tool.Disconnect(t.Context(), acme))
	wantMix(t, tool, buildtool.Unknown, false)
	if got := read(t, tool.Path); strings.Contains(got, "api_") || !strings.Contains(got, "{unsafe,true}.\n") {
		t.Errorf("after undo the configuration is\n%s", got)
	}
}

// Where mix publishes is left alone if that is somewhere else by now.
func TestUndoLeavesAnotherRegistryAlone(t *testing.T) {
	const other = "{api_url,<<\"https://other.example.com/api\">>}.\n{api_key,<<\"theirs\">>}.\n"
	tool := mix(t, other)
	do(t, tool.Disconnect(t.Context(), acme))
	if got := read(t, tool.Path); got != other {
		t.Errorf("the configuration is\n%s", got)
	}
}

func TestMixSaysWhyItDoesNot(t *testing.T) {
	tool := mix(t, "")
	do(t, os.WriteFile(tool.Program, []byte("#!/bin/sh\necho 'Could not find Hex'\nexit 1\n"), 0o755))
	if err := tool.Connect(t.Context(), acme); err == nil || !strings.Contains(err.Error(), "Could not find Hex") {
		t.Errorf("err = %v", err)
	}
}
