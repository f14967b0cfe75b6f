package hubtest_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/hubtest"
)

// canary is what is sent as a secret wherever a client might send one.
const canary = "canary0123456789abcdef0123456789"

// A20: what a client sends as a secret, and what the server gives out as one, is in no log line, in no
// audit entry, on no error page, in no profile, and in no row.
func TestA20SecretsAreNowhere(t *testing.T) {
	h := hubtest.World(t, small)
	secrets := map[string]string{
		"canary": canary, "canary in Basic": base64.StdEncoding.EncodeToString([]byte("jose:" + canary)),
		"API key": h.Secrets["jose/ci"], "password": "a long passphrase",
	}
	var answers strings.Builder
	keep := func(c hubtest.Client, method, path string, body any) hubtest.Answer {
		t.Helper()
		a := c.Do(method, path, body)
		fmt.Fprintf(&answers, "%d %v %s\n", a.Status, a.Header, a.Body)
		return a
	}
	for _, path := range []string{"/", "/api/packages", "/api/users/me", "/repo/names", "/repo/repos/none/names", "/nothing", "/api/packages/none", "/api/oauth/token"} {
		for _, credential := range []string{canary, "Bearer " + canary, "Basic " + secrets["canary in Basic"], "Basic " + canary, "Token " + canary, h.Secrets["jose/ci"]} {
			keep(h.Anonymous().With(credential), "GET", path, nil)
		}
		keep(h.Anonymous(), "GET", path+"?key="+canary+"&access_token="+canary+"&%00="+canary, nil)
		keep(h.Anonymous(), "GET", path+"?_format="+canary, nil)
		with := func(name, value string) hubtest.Client {
			c := h.Anonymous()
			c.Header = http.Header{name: {value}}
			return c
		}
		for _, name := range []string{"Cookie", "Referer", "X-Hex-Otp", "Proxy-Authorization", "X-Api-Key", "If-None-Match", "X-Hexhub-Revision", "Accept", "Origin"} {
			value := canary
			if name == "Cookie" {
				value = "session=" + canary + "; __Host-session=" + canary
			}
			keep(with(name, value), "GET", path, nil)
		}
		keep(hubtest.Client{T: t, URL: strings.Replace(h.URL, "http://", "http://jose:"+canary+"@", 1)}, "GET", path, nil)
	}
	for path, body := range map[string]any{
		"/api/users":       map[string]any{"username": "eva", "email": "eva@example.com", "password": canary},
		"/api/users/":      map[string]any{"username": "!", "email": "x", "password": canary},
		"/api/oauth/token": map[string]any{"grant_type": "refresh_token", "refresh_token": canary, "client_secret": canary, "code": canary, "device_code": canary},
		"/api/keys":        map[string]any{"name": "", "secret": canary},
		"/setup":           map[string]any{"token": canary, "password": canary},
	} {
		keep(h.Anonymous(), "POST", path, body)
		keep(h.As("jose/ci"), "POST", path, body)
		keep(h.Anonymous(), "POST", path, []byte(`{"password":"`+canary+`"`))
	}
	// A page that was opened by a link may hold its token, to send it back.
	for _, path := range []string{
		"/setup/" + canary, "//setup//" + canary, "/%73etup/" + canary, "/invites?token=" + canary, "/email/verify?username=jose&email=jose@example.com&key=" + canary,
		"/password/new?username=jose&key=" + canary, "/dashboard/delete-account?key=" + canary, "/signup?invitation=" + canary, "/oauth/device?user_code=" + canary,
		"/oauth/authorize?state=" + canary + "&code_challenge=" + canary,
	} {
		h.Anonymous().Get(path)
	}
	keep(h.Anonymous().Basic("jose", "a long passphrase"), "GET", "/api/users/me", nil)
	keep(h.Anonymous().Basic(canary, "a password in the place of a name"), "GET", "/api/users/me", nil)

	// What the server makes is told once, so these answers are not kept.
	var made struct{ Secret string }
	h.As("jose/ci").Do("POST", "/api/keys", map[string]any{"name": "new"}).Expect(t, http.StatusCreated).JSON(t, &made)
	secrets["new API key"] = made.Secret
	link, _, err := h.StartSetup(t.Context())
	if err == nil {
		secrets["setup link"] = link[strings.LastIndexByte(link, '/')+1:]
		keep(h.Anonymous(), "GET", strings.TrimPrefix(link, h.URL), nil)
	}
	u, _ := account.ByName(h.DB.View(), "jose")
	jose := u.ID
	_, cookie, err := h.Accounts.StartSession(t.Context(), audit.By{UserID: jose, Username: "jose"}, jose, "192.0.2.1", "test")
	if err != nil {
		t.Fatal(err)
	}
	secrets["cookie"] = cookie
	if secrets["reset token"], _, err = h.Accounts.IssueReset(t.Context(), audit.By{UserID: jose}, jose); err != nil {
		t.Fatal(err)
	}

	sinks := map[string]string{
		"the log": h.Log.String(), "a row": h.Rows(), "the audit log": exported(t, h), "an answer": answers.String(),
		"the metrics": h.Operator("/metrics"), "the profile of goroutines": h.Operator("/debug/pprof/goroutine?debug=2"),
		"the command line": h.Operator("/debug/pprof/cmdline"), "the operator's page of entries": h.Operator("/operator/audit?limit=1000"),
	}
	for sink, text := range sinks {
		if len(text) < 10 {
			t.Errorf("%s is %q: nothing is looked at", sink, text)
		}
		for name, secret := range secrets {
			if secret == "" {
				t.Fatalf("there is no %s to look for", name)
			}
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s holds the %s: %s", sink, name, text[max(0, i-200):min(len(text), i+len(secret)+50)])
			}
		}
	}
	if got := h.Operator("/debug/pprof/cmdline"); !strings.Contains(got, "Unknown profile") {
		t.Errorf("the command line is shown: %s", got)
	}
}

func exported(t *testing.T, h *hubtest.Hub) string {
	t.Helper()
	var b bytes.Buffer
	if err := h.Audit.Export(t.Context(), &b, time.Time{}, time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// W17: whatever a client calls itself, a path or a thing, a record of the log stays one line, and nothing in
// it reaches a terminal as it is.
func TestW17NobodyForgesLogLines(t *testing.T) {
	h := hubtest.World(t, small)
	const forged = `{"level":"INFO","msg":"forged"}`
	for _, path := range []string{
		"/api/packages/x%0d%0a" + "forged", "/%1b%5b31mforged", "/repo/packages/%e2%80%a8forged%c2%85", "/api/users/%1b]0;forged%07", "/%ff%fe", "/a%0aforged",
	} {
		h.Anonymous().Get(path)
	}
	h.Anonymous().Do("POST", "/api/users", map[string]any{"username": "x\r\n" + forged, "email": "\x1b[31mforged@example.com", "password": "a\nb"})
	h.As("jose/ci").Do("POST", "/api/keys", map[string]any{"name": "forged\n" + forged})
	h.As("jose/ci").Do("POST", "/api/keys", map[string]any{"name": "\x1b[2J\u2028forged"})
	for _, line := range []string{
		"User-Agent: forged\x1b[31m\r\n", "User-Agent: a\x85\x9b31mforged\r\n", "User-Agent: \xe2\x80\xa8forged\r\n", "X-Request-Id: forged-forged-forged-\x1b[0m\r\n",
		"X-Forwarded-For: forged\r\n", "User-Agent: x\r\n forged: folded\r\n", "User-Agent: a\rforged\r\n", "Authorization: Basic \x00forged\r\n",
	} {
		raw(t, h.Addr(), "GET /api/packages/forged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+line+"\r\n")
	}
	raw(t, h.Addr(), "GET /\x1b[31mforged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	raw(t, h.Addr(), "FORGED\x1b[31m / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	text := h.Log.String()
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		var record struct{ Msg string }
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			t.Errorf("%q is no record: %v", lines.Text(), err)
		}
		if record.Msg == "forged" {
			t.Errorf("%q was forged", lines.Text())
		}
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 }); i >= 0 {
		t.Errorf("the log holds %q", text[max(0, i-100):min(len(text), i+100)])
	}
	if !strings.Contains(text, "forged") {
		t.Error("nothing of what was sent is in the log: the test tries nothing")
	}
	for lines := bufio.NewScanner(strings.NewReader(exported(t, h))); lines.Scan(); {
		if !json.Valid(lines.Bytes()) {
			t.Errorf("the export has a line %q", lines.Text())
		}
	}
}

// raw sends bytes as they are, and reads what comes back.
func raw(t *testing.T, addr, text string) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Fatal(err)
	}
}
