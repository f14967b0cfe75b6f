package e2e

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hexhub/hex/erlterm"
)

// hexCore is the hex_core of the installed rebar3, in a process of its own.
type hexCore struct {
	t      *testing.T
	stdin  io.WriteCloser
	stdout io.Reader
}

// startHexCore runs the client until the test ends, or skips the test where there is none.
func startHexCore(t *testing.T) *hexCore {
	t.Helper()
	cmd := exec.Command("escript", filepath.Join("testdata", "hex_core.escript"), rebar3(t))
	cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return &hexCore{t, in, out}
}

// in returns the client for a subtest. Only one goroutine may use it at a time.
func (c *hexCore) in(t *testing.T) *hexCore { return &hexCore{t, c.stdin, c.stdout} }

// rebar3 returns where it is, or skips the test.
func rebar3(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"escript", "rebar3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s, which is not installed; apt-get install rebar3 erlang-nox", program)
		}
	}
	path, err := exec.LookPath("rebar3")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Terms that Go has no type for, as testdata/hex_core.escript spells them.
func atom(name string) string         { return ":" + name }
func tuple(elements ...any) []any     { return append([]any{"#"}, elements...) }
func charlist(text string) []any      { return []any{"$", text} }
func erlangBytes(bytes []byte) string { return "base64:" + base64.StdEncoding.EncodeToString(bytes) }

// goBytes reads bytes of an answer, which come as text if they are UTF-8.
func goBytes(t *testing.T, v any) []byte {
	t.Helper()
	text, ok := v.(string)
	if !ok {
		t.Fatalf("bytes are %T: %v", v, v)
	}
	coded, ok := strings.CutPrefix(text, "base64:")
	if !ok {
		return []byte(text)
	}
	bytes, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// call returns what module:function(args...) returns.
func (c *hexCore) call(module, function string, args ...any) any {
	c.t.Helper()
	request, err := erlterm.Encode(append([]any{atom(module), atom(function)}, args...))
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.stdin.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(request))), request...)); err != nil {
		c.t.Fatal(err)
	}
	var size [4]byte
	if _, err := io.ReadFull(c.stdout, size[:]); err != nil {
		c.t.Fatalf("%s:%s: read the answer: %v", module, function, err)
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(c.stdout, body); err != nil {
		c.t.Fatal(err)
	}
	answer, err := erlterm.Decode(body)
	if err != nil {
		c.t.Fatalf("%s:%s answers what cannot be read: %v", module, function, err)
	}
	return answer
}

// must is call for functions that return {ok, Value}.
func (c *hexCore) must(module, function string, args ...any) any {
	c.t.Helper()
	answer, _ := c.call(module, function, args...).([]any)
	if len(answer) != 2 || answer[0] != "ok" {
		c.t.Fatalf("%s:%s: %v", module, function, answer)
	}
	return answer[1]
}

// refused is call for functions that must not succeed; it returns their {error, Reason}'s reason.
func (c *hexCore) refused(module, function string, args ...any) any {
	c.t.Helper()
	answer, _ := c.call(module, function, args...).([]any)
	if len(answer) != 2 || answer[0] != "error" {
		c.t.Fatalf("%s:%s: %v, want an error", module, function, answer)
	}
	return answer[1]
}

// A reply is what functions of hex_api return: {ok, {Status, Headers, Body}}.
type reply struct {
	status int64
	header map[string]any
	body   any
}

// api calls a function of hex_api_MODULE.
func (c *hexCore) api(status int64, module, function string, args ...any) reply {
	c.t.Helper()
	answer, _ := c.must("r3_hex_"+module, function, args...).([]any)
	if len(answer) != 3 {
		c.t.Fatalf("%s:%s: %v", module, function, answer)
	}
	got, _ := answer[0].(int64)
	header, _ := answer[1].(map[string]any)
	if got != status {
		c.t.Fatalf("%s:%s: status %d, want %d: %v", module, function, got, status, answer[2])
	}
	return reply{got, header, answer[2]}
}

// A config is hex_core's, with atoms as keys.
type config = map[string]any

// with returns a config that has another value for the key.
func with(c config, key string, value any) config {
	c = maps.Clone(c)
	c[atom(key)] = value
	return c
}

// config points hex_core at the server's default repository.
func (c *hexCore) config(s *server) config {
	c.t.Helper()
	pem := s.client().Get("/repo/public_key").Expect(c.t, 200).Body
	made := config{}
	for key, value := range c.call("r3_hex_core", "default_config").(map[string]any) {
		made[atom(key)] = value
	}
	for key, value := range map[string]any{
		"api_url": s.url + "/api", "repo_url": s.url + "/repo", "repo_name": "hexhub", "repo_public_key": string(pem),
		"http_adapter":             tuple(atom("r3_hex_http_httpc"), map[string]any{atom("profile"): atom("default")}),
		"http_user_agent_fragment": "(e2e)",
	} {
		made[atom(key)] = value
	}
	for key, value := range made {
		if value == "undefined" {
			made[key] = atom("undefined")
		}
	}
	return made
}
