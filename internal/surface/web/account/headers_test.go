package account_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hexhub/assets"
	"hexhub/internal/feature/mail"
	"hexhub/internal/surface/web/ui/uitest"
)

// W13: each class of pages has these headers and no others, but for the cookies.
func TestW13HeadersOfEachClassOfPages(t *testing.T) {
	w := newWorld(t)
	w.user("eva")
	b := w.as("eva")
	w.browser().Post("/password/reset", "login", "eva")
	guarded := http.Header{
		"Content-Security-Policy":      {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		"Referrer-Policy":              {"same-origin"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
		"Vary":                         {"Accept-Encoding", "Cookie, Accept"},
		"Cache-Control":                {"no-store"},
	}
	html := guarded.Clone()
	html.Set("Content-Type", "text/html; charset=utf-8")
	for class, c := range map[string]struct {
		page uitest.Page
		want http.Header
	}{
		"logging in":   {w.browser().Get("/login"), html},
		"a wrong form": {w.browser().Post("/login", "login", "eva", "password", "wrong"), html},
		"one's own":    {b.Get("/dashboard"), html},
		"a secret":     {b.Submit(b.Get("/dashboard/keys"), "/dashboard/keys", "name", "ci"), html},
		"a device":     {w.browser().Get("/oauth/device"), html},
		"an error":     {w.browser().Get("/oauth/authorize"), html},
		"a mail":       {w.browser().Get(w.link(mail.ResetPassword)), html},
		"a redirect":   {w.browser().Still().Get("/dashboard"), guarded},
	} {
		got := c.page.Header.Clone()
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
	for _, p := range []uitest.Page{
		w.browser().Get("/login"), w.browser().Get("/signup"), w.browser().Get("/password/reset"), w.browser().Get("/email/verification"),
		w.browser().Get("/email/verify?username=eva&email=eva%40example.com&key=k"), w.browser().Get("/oauth/device?user_code=ABCD-EFGH"),
		b.Get("/dashboard"), b.Get("/dashboard/email"), b.Get("/dashboard/security"), b.Get("/dashboard/sessions"), b.Get("/dashboard/keys"),
		b.Get("/dashboard/orgs"), b.Get("/dashboard/audit-logs"), b.Get("/dashboard/delete-account"), b.Get("/sudo"), b.Get("/dashboard/nothing"),
		b.Post("/oauth/device", "user_code", w.start("laptop", "").UserCode), b.Submit(b.Get("/dashboard/security"), "/dashboard/security/totp"),
		w.browser().Post("/signup", "username", "x"),
	} {
		clear(ids)
		if p.Heading() == "" || len(p.Find("main")) != 1 || len(p.Find("script")) != len(p.Find("script", "src", assets.Path("app.js"))) || len(p.Find("style")) > 0 || strings.Contains(p.HTML, " style=") || strings.Contains(p.HTML, " on") && strings.Contains(p.HTML, "onclick") {
			t.Errorf("%s:\n%s", p.Path, p.HTML)
		}
		labelled := map[string]bool{}
		for _, l := range p.Find("label") {
			labelled[l.Attr["for"]] = true
			for _, in := range l.Find("input") {
				in.Attr["inside"] = "a label"
			}
		}
		for _, in := range append(p.Find("input"), p.Find("select")...) {
			id := in.Attr["id"]
			if in.Attr["type"] != "hidden" && in.Attr["aria-hidden"] == "" && in.Attr["inside"] == "" && !labelled[id] {
				t.Errorf("%s: the field %q has no label", p.Path, in.Attr["name"])
			}
			if id != "" && ids[id] {
				t.Errorf("%s: two fields have the id %s", p.Path, id)
			}
			ids[id] = true
		}
		focus := 0
		for _, in := range p.Find("input") {
			if _, ok := in.Attr["autofocus"]; ok {
				focus++
			}
		}
		if focus > 1 && len(p.Find("div", "role", "alert")) == 0 {
			t.Errorf("%s: %d fields want the focus", p.Path, focus)
		}
	}
}
