package account_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/assets"
	"hexhub/internal/feature/mail"
)

// W13: each class of pages has these headers and no others, but for the cookies.
func TestW13HeadersOfEachClassOfPages(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.as("eva")
	w.browser().post("/password/reset", "login", "eva")
	guarded := http.Header{
		"Content-Security-Policy":      {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		"Referrer-Policy":              {"no-referrer"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
		"Vary":                         {"Cookie, Accept, HX-Request, HX-Target"},
		"Cache-Control":                {"no-store"},
	}
	html := guarded.Clone()
	html.Set("Content-Type", "text/html; charset=utf-8")
	for class, c := range map[string]struct {
		page page
		want http.Header
	}{
		"logging in":   {w.browser().get("/login"), html},
		"a wrong form": {w.browser().post("/login", "login", "eva", "password", "wrong"), html},
		"one's own":    {b.get("/dashboard"), html},
		"a secret":     {b.submit(b.get("/dashboard/keys"), "/dashboard/keys", "name", "ci"), html},
		"a device":     {w.browser().get("/oauth/device"), html},
		"an error":     {w.browser().get("/oauth/authorize"), html},
		"a mail":       {w.browser().get(w.link(mail.ResetPassword)), html},
		"a redirect":   {w.browser().still().get("/dashboard"), guarded},
	} {
		got := c.page.header.Clone()
		for _, varies := range []string{"X-Request-Id", "Set-Cookie", "Location"} {
			got.Del(varies)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", class, diff)
		}
	}
}

// Pages have no script or style of their own, have one heading, and a label for every field.
func TestPagesAreWellMade(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	w.start("", "")
	b := w.as("eva")
	ids := map[string]bool{}
	for _, p := range []page{
		w.browser().get("/login"), w.browser().get("/signup"), w.browser().get("/password/reset"), w.browser().get("/email/verification"),
		w.browser().get("/email/verify?username=eva&email=eva%40example.com&key=k"), w.browser().get("/oauth/device?user_code=ABCD-EFGH"),
		b.get("/dashboard"), b.get("/dashboard/email"), b.get("/dashboard/security"), b.get("/dashboard/sessions"), b.get("/dashboard/keys"),
		b.get("/dashboard/orgs"), b.get("/dashboard/audit-logs"), b.get("/dashboard/delete-account"), b.get("/sudo"), b.get("/dashboard/nothing"),
		b.post("/oauth/device", "user_code", w.start("laptop", "").UserCode), b.submit(b.get("/dashboard/security"), "/dashboard/security/totp"),
		w.browser().post("/signup", "username", "x"),
	} {
		clear(ids)
		if p.heading() == "" || len(p.find("main")) != 1 || len(p.find("script")) != len(p.find("script", "src", assets.Path("app.js"))) || len(p.find("style")) > 0 || strings.Contains(p.html, " style=") || strings.Contains(p.html, " on") && strings.Contains(p.html, "onclick") {
			t.Errorf("%s:\n%s", p.path, p.html)
		}
		labelled := map[string]bool{}
		for _, l := range p.find("label") {
			labelled[l.attr["for"]] = true
			for _, in := range l.find("input") {
				in.attr["inside"] = "a label"
			}
		}
		for _, in := range append(p.find("input"), p.find("select")...) {
			id := in.attr["id"]
			if in.attr["type"] != "hidden" && in.attr["aria-hidden"] == "" && in.attr["inside"] == "" && !labelled[id] {
				t.Errorf("%s: the field %q has no label", p.path, in.attr["name"])
			}
			if id != "" && ids[id] {
				t.Errorf("%s: two fields have the id %s", p.path, id)
			}
			ids[id] = true
		}
		focus := 0
		for _, in := range p.find("input") {
			if _, ok := in.attr["autofocus"]; ok {
				focus++
			}
		}
		if focus > 1 && len(p.find("div", "role", "alert")) == 0 {
			t.Errorf("%s: %d fields want the focus", p.path, focus)
		}
	}
}
