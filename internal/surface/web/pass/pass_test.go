package pass_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/pass"
	"hexhub/internal/hubtest"
)

const told = `
user eva password="four unrelated wooden words"
user sam password="four unrelated wooden words"
org guild admin=eva
package guild/vault
release guild/vault 1.0.0
`

// vault is an address in the documentation of a private package.
func vault(h *hubtest.Hub, rest string) string {
	return strings.Replace(h.URL, "127.0.0.1", "guild--vault.docs.localhost", 1) + rest
}

// wants is the page of the site for whoever wants to read at an address.
func wants(address string) string {
	return pass.Wanted(address, account.HashToken("shown"))
}

// with is a browser that has a cookie of the site.
func with(h *hubtest.Hub, cookie string) hubtest.Client {
	c := h.Anonymous()
	c.Header = http.Header{"Accept": {"text/html"}, "Cookie": {cookie}}
	return c
}

// logIn logs the user in on the page that he was sent to, and returns his cookie and where he goes on to.
func logIn(t *testing.T, h *hubtest.Hub, username, login string) (cookie, onward string) {
	t.Helper()
	u, err := url.Parse(login)
	if err != nil || u.Path != "/login" {
		t.Fatalf("sent to %q, not to the login", login)
	}
	a := h.Anonymous().Do(http.MethodPost, "/login", url.Values{
		"login": {username}, "password": {"four unrelated wooden words"}, "return": {u.Query().Get("return")},
	}).Expect(t, http.StatusSeeOther)
	cookie, _, _ = strings.Cut(a.Header.Get("Set-Cookie"), ";")
	return cookie, a.Header.Get("Location")
}

// L12: who is not known logs in, comes back, and is sent on with a code: by a page, since the policy of the form
// that he sent would not let him be redirected.
func TestL12ReadersLogInAndAreSentOn(t *testing.T) {
	h := hubtest.World(t, told)
	page := vault(h, "/1.0.0/Vault.html?theme=dark")
	a := with(h, "").Get(wants(page)).Expect(t, http.StatusSeeOther)
	cookie, onward := logIn(t, h, "eva", a.Header.Get("Location"))
	a = with(h, cookie).Get(onward).Expect(t, http.StatusOK)
	to, ok := strings.CutPrefix(a.Header.Get("Refresh"), "0; url=")
	if !ok || !strings.HasPrefix(to, vault(h, pass.Enter+"?code=")) || !strings.Contains(string(a.Body), `href="`+to+`"`) {
		t.Errorf("sent on to %q by %.2000s", to, a.Body)
	}
	if a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.Header)
	}
	a = with(h, cookie).Get(wants(page)).Expect(t, http.StatusSeeOther)
	if again := a.Header.Get("Location"); !strings.HasPrefix(again, vault(h, pass.Enter+"?code=")) || again == to {
		t.Errorf("sent on to %q the second time", again)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.Passes.Redeem(t.Context(), vault(h, ""), u.Query().Get("code"), "shown")
	if err != nil || e.Page != "/1.0.0/Vault.html?theme=dark" {
		t.Errorf("the code leads to %q, %v", e.Page, err)
	}
}

// L4, L12: who may not read is told the same of what is there and of what is not, known or not.
func TestL4StrangersAreNotSentOn(t *testing.T) {
	h := hubtest.World(t, told)
	cookie, _ := logIn(t, h, "sam", "/login")
	for _, who := range []string{"", cookie} {
		var seen []string
		for _, name := range []string{"guild--vault", "guild--vapor", "ghost--vault"} {
			a := with(h, who).Get(wants(strings.Replace(vault(h, "/1.0.0/"), "guild--vault", name, 1)))
			text := a.Header.Get("Location") + string(a.Body)
			text = strings.ReplaceAll(strings.ReplaceAll(text, name, "NAME"), a.Header.Get("X-Request-Id"), "ID")
			seen = append(seen, text)
			if strings.Contains(text, "code=") {
				t.Errorf("%s is given a code: %s", name, text)
			}
		}
		if seen[0] != seen[1] || seen[0] != seen[2] {
			t.Errorf("told of what is there, of a name and of an organization that are not:\n%s", strings.Join(seen, "\n"))
		}
	}
}

// W6: nobody is led off the server, logged in or not.
func TestW6OnlyDocumentationIsLedTo(t *testing.T) {
	h := hubtest.World(t, told)
	cookie, _ := logIn(t, h, "eva", "/login")
	for _, bad := range []string{"", "//evil.org", "https://evil.org/", "/\\evil.org", "javascript:alert(1)", h.URL + "/dashboard", vault(h, "/%2e%2e/x"), "https" + strings.TrimPrefix(vault(h, "/"), "http")} {
		for _, who := range []string{"", cookie} {
			a := with(h, who).Get(wants(bad)).Expect(t, http.StatusBadRequest)
			if a.Header.Get("Location")+a.Header.Get("Refresh") != "" {
				t.Errorf("%q leads to %v", bad, a.Header)
			}
		}
	}
	public := strings.Replace(vault(h, "/1.0.0/"), "guild--vault", "plug", 1)
	if to := with(h, "").Get(wants(public)).Expect(t, http.StatusSeeOther).Header.Get("Location"); to != public {
		t.Errorf("what everybody may read leads to %q", to)
	}
}
