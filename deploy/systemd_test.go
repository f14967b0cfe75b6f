package deploy

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// unit reads the service by section and key. A key that occurs more than once has its values joined.
func unit(t *testing.T) map[string]map[string]string {
	t.Helper()
	all, section := map[string]map[string]string{}, ""
	for line := range strings.Lines(read(t, "systemd/hexhub.service")) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
			all[section] = map[string]string{}
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || all[section] == nil {
				t.Fatalf("%q is no setting of a section", line)
			}
			all[section][key] = strings.TrimSpace(all[section][key] + " " + value)
		}
	}
	return all
}

func TestServiceRunsTheProductAsItIs(t *testing.T) {
	service := unit(t)["Service"]
	words := strings.Fields(service["ExecStart"])
	if words[0] != "/usr/local/bin/hexhub" {
		t.Errorf("it runs %s; README.md puts the program into /usr/local/bin", words[0])
	}
	checkCommand(t, words[1:]...)
	env := map[string]string{}
	for pair := range strings.FieldsSeq(service["Environment"]) {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	checkEnvironment(t, env)
	if env["HEXHUB_DATA"] != "/var/lib/"+service["StateDirectory"] {
		t.Errorf("data are in %s, which the service may not write", env["HEXHUB_DATA"])
	}
	if s, err := strconv.Atoi(service["TimeoutStopSec"]); err != nil || time.Duration(s)*time.Second <= drain(t) {
		t.Errorf("it is killed after %q seconds, before its requests may finish (%v)", service["TimeoutStopSec"], drain(t))
	}
	if !strings.Contains(read(t, "systemd/hexhub.sysusers"), "\nu "+service["User"]+" ") {
		t.Errorf("nothing makes the account %s", service["User"])
	}
}

func TestServiceHasNoPrivilege(t *testing.T) {
	service := unit(t)["Service"]
	for _, key := range []string{"CapabilityBoundingSet", "AmbientCapabilities"} {
		if value, ok := service[key]; !ok || value != "" {
			t.Errorf("%s = %q, want it there and empty", key, value)
		}
	}
	for key, want := range map[string]string{
		"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
		"MemoryDenyWriteExecute": "yes", "UMask": "0077", "StateDirectoryMode": "0700",
	} {
		if service[key] != want {
			t.Errorf("%s = %q, want %s", key, service[key], want)
		}
	}
}

// What systemd does not understand it ignores, so that a misspelt protection is none.
func TestSystemdUnderstandsTheService(t *testing.T) {
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd here")
	}
	// Its exit code also tells that the program is not installed on this machine.
	out, _ := exec.CommandContext(t.Context(), tool, "verify", "systemd/hexhub.service").CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "hexhub.service") && !strings.Contains(line, "is not executable") {
			t.Error(strings.TrimSpace(line))
		}
	}
}
