//go:build linux

package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// BuildStepped builds the program like Build, but with a wall clock that StepClock can step. The standard
// library's time.Now is changed for this one build, so that everything in the process sees the step, and
// the monotonic clock does not: as when an operator sets the clock. It builds everything anew, which takes
// minutes; the product itself knows nothing of it.
func BuildStepped(ctx context.Context, dir string) (string, error) {
	found, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}} {{.Root}}", "time", "hexhub/cmd/hexhub").Output()
	if err != nil {
		return "", fmt.Errorf("find the sources of time: %w", err)
	}
	at := strings.Fields(string(found)) // the folder of time, GOROOT, the folder of the command, our root
	if len(at) != 4 {
		return "", fmt.Errorf("find the sources of time: %q", found)
	}
	clock, command := filepath.Join(at[0], "time.go"), filepath.Join(at[2], "clock_step.go")
	source, err := os.ReadFile(clock)
	if err != nil {
		return "", err
	}
	stepped := strings.Replace(string(source), "\nfunc Now() Time {\n", steppedNow, 1)
	if stepped == string(source) {
		return "", errors.New("this version of Go has another time.Now than is known here")
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{clock: filepath.Join(dir, "time.go"), command: filepath.Join(dir, "step.go")}})
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{"time.go": stepped, "step.go": stepReader, "overlay.json": string(overlay)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return Build(ctx, dir, "-overlay", filepath.Join(dir, "overlay.json"))
}

const steppedNow = `
// StepSeconds is what is added to the wall clock, and to it alone.
var StepSeconds func() int64

func Now() Time {
	t := unsteppedNow()
	if StepSeconds != nil {
		t.addSec(StepSeconds())
	}
	return t
}

func unsteppedNow() Time {
`

// stepReader becomes a part of the command: it reads the step again and again.
const stepReader = `package main

import (
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

func init() {
	var seconds atomic.Int64
	time.StepSeconds = seconds.Load
	read := func() {
		if text, err := os.ReadFile(os.Getenv("` + stepVariable + `")); err == nil {
			n, _ := strconv.ParseInt(string(text), 10, 64)
			seconds.Store(n)
		}
	}
	read()
	go func() {
		for range time.Tick(20 * time.Millisecond) {
			read()
		}
	}()
}
`

const stepVariable = "HEXHUB_E2E_CLOCK"

// StepClock sets the clock of a node this far from the machine's, now and at its next starts. It takes a
// program of BuildStepped.
func (n *Node) StepClock(by time.Duration) error {
	next := n.clock() + ".next"
	if err := os.WriteFile(next, []byte(strconv.FormatInt(int64(by/time.Second), 10)), 0o600); err != nil {
		return err
	}
	return os.Rename(next, n.clock())
}

func (n *Node) clock() string { return filepath.Join(n.dir, "clock") }
