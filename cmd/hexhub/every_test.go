package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"sync"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"hexhub/internal/config"
)

// speechless are the commands that print no JSON, and why.
var speechless = map[string]string{
	"hexhub serve":                   "runs until it is stopped; its log is JSON with --log-format json",
	"hexhub completion":              "prints a script for a shell",
	"hexhub join":                    "runs until it is stopped, as serve does",
	"hexhub admin explain":           "needs a request that was refused: internal/node asks about one",
	"hexhub cluster invite":          "needs a server with a cluster port: cluster.txtar hears it",
	"hexhub cluster members":         "likewise",
	"hexhub cluster remove":          "likewise",
	"hexhub cluster transfer-leader": "likewise",
	"hexhub cluster drain":           "likewise",
	"hexhub cluster recover":         "needs the data folder of a node whose others are lost: cluster.txtar hears it",
	"hexhub cluster undrain":         "likewise",
	"hexhub backup create":           "needs a server that is backed up: backup.txtar hears it",
	"hexhub backup list":             "likewise",
	"hexhub backup verify":           "likewise",
	"hexhub backup restore":          "likewise",
	"hexhub complete":                "prints words for that script",
}

// spoken are the commands that a script has heard speak JSON.
type spoken struct {
	mu     sync.Mutex // guards leaves
	leaves map[string]bool
}

var heard sync.Map // of *spoken by the script's folder

// selected finds the command that arguments lead to.
func selected(args []string) (*kong.Kong, string, error) {
	var c command
	file, _ := config.Read("")
	k, err := newKong(&c, file)
	if err != nil {
		return nil, "", err
	}
	ctx, err := k.Parse(args)
	if err != nil {
		return nil, "", err
	}
	return k, strings.Join(strings.Fields(ctx.Selected().FullPath()), " "), nil
}

// speaks runs hexhub with --json, and wants it to print one JSON object of the first version and nothing
// else, with whatever exit code: speaks user list.
func speaks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: speaks COMMAND…")
	}
	_, leaf, err := selected(args)
	ts.Check(err)
	err = ts.Exec("hexhub", append([]string{"--json"}, args...)...)
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		ts.Fatalf("run: %v", err)
	}
	isJSON(ts, false, nil)
	found, _ := heard.LoadOrStore(ts.Getenv("WORK"), &spoken{leaves: map[string]bool{}})
	s := found.(*spoken)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaves[leaf] = true
}

// everyone wants every command to have been heard, but for those that have a reason: everyone.
func everyone(ts *testscript.TestScript, neg bool, args []string) {
	k, _, err := selected([]string{"version"})
	ts.Check(err)
	found, _ := heard.LoadOrStore(ts.Getenv("WORK"), &spoken{leaves: map[string]bool{}})
	s := found.(*spoken)
	var silent []string
	for _, leaf := range k.Model.Leaves(false) {
		path := strings.Join(strings.Fields(leaf.FullPath()), " ")
		if !s.leaves[path] && speechless[path] == "" {
			silent = append(silent, path)
		}
	}
	if len(silent) > 0 {
		ts.Fatalf("not heard to print JSON: %s; give each a line in this script, or a reason in speechless", strings.Join(silent, ", "))
	}
}

// field puts a field of what the last command printed as JSON into a variable: field ID sessions.0.id.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: field VARIABLE PATH")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for part := range strings.SplitSeq(args[1], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			if v = nil; part == "0" && len(x) > 0 {
				v = x[0]
			}
		}
	}
	text, ok := v.(string)
	if !ok {
		ts.Fatalf("there is no text at %s", args[1])
	}
	ts.Setenv(args[0], text)
}
