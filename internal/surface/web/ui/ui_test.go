package ui_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

type formPage struct {
	ui.Page
	Form ui.Form
}

func (p formPage) show() templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		fields := templ.Join(p.Form.Problems(),
			p.Form.Field(ui.Input{Name: "email", Label: "E-mail", Type: "email", Required: true, Hint: "Where mail goes."}),
			p.Form.Field(ui.Input{Name: "password", Label: "Password", Type: "password"}))
		return p.Frame().Render(templ.WithChildren(ctx, fields), w)
	})
}

// newWeb has a page that shows a form as it was sent, and what is wrong with it.
func newWeb(address string, wrong error) *ui.Web {
	web := ui.New(ui.Options{
		URL: address, Repository: "acme", Version: "test", Log: slog.New(slog.DiscardHandler),
		Open: func(secret string, _ account.Origin) (account.User, account.Session, bool) {
			return account.User{Username: name.MustUser("eva")}, account.Session{}, secret == "s3cret"
		},
	})
	web.Words(map[string]string{"done": "That is done."})
	web.Handle("/form", func(w http.ResponseWriter, r *http.Request) error {
		values, err := ui.ReadForm(w, r)
		if err != nil {
			return err
		}
		page := formPage{web.Page(w, r, "Form"), ui.Form{Values: values}}
		if wrong != nil && !page.Form.Refuse(wrong, "email", "password") {
			return wrong
		}
		return web.Show(w, http.StatusOK, page.show())
	})
	web.Handle("POST /flash", func(w http.ResponseWriter, r *http.Request) error {
		web.Flash(w, r.FormValue("key"))
		return nil
	})
	return web
}

func ask(h http.Handler, r *http.Request) (*http.Response, string) {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	body, _ := io.ReadAll(rec.Result().Body)
	return rec.Result(), string(body)
}

func post(path string, v url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// W6: whatever a browser may take for another site is none of our paths.
func TestW6OnlyPathsOfThisSiteAreLocal(t *testing.T) {
	for text, want := range map[string]string{
		"/dashboard":                             "/dashboard",
		"/oauth/authorize?client_id=a&scope=b+c": "/oauth/authorize?client_id=a&scope=b+c",
		"/":                                      "/",
		"":                                       "",
		"account":                                "",
		"//evil.example":                         "",
		"///evil.example":                        "",
		`/\evil.example`:                         "",
		`\/evil.example`:                         "",
		"https://evil.example/account":           "",
		"https:evil.example":                     "",
		"javascript:alert(1)":                    "",
		"/%09//evil.example":                     "",
		"/\t/evil.example":                       "",
		"/%2f/evil.example":                      "",
		"/%5cevil.example":                       "",
		"/dashboard\r\nSet-Cookie: a=b":          "",
		"/dashboard%0d%0aSet-Cookie:%20a=b":      "",
		"/dashboard#//evil.example":              "",
		"/dashboard/../..//evil.example":         "",
		"/./account":                             "",
		"/a//evil.example":                       "",
		"//user@evil.example/account":            "",
		"/dashboard?next=" + strings.Repeat("x", 4e3): "",
		"/аccount":    "",
		" /dashboard": "",
	} {
		if got := ui.Local(text); got != want {
			t.Errorf("Local(%q) = %q, want %q", text, got, want)
		}
	}
}

// Over HTTPS cookies bear a name that ties them to this host; in any case scripts and other sites have no
// use of them.
func TestCookiesAreOfThisHostAlone(t *testing.T) {
	for address, want := range map[string]string{
		"https://hexhub.example": "__Host-hexhub=v; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax",
		"http://127.0.0.1:4000":  "hexhub=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
	} {
		rec := httptest.NewRecorder()
		web := newWeb(address, nil)
		web.SetCookie(rec, ui.SessionCookie, "v", 60e9)
		if got := rec.Header().Get("Set-Cookie"); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// W6: only pages that one can be sent on to are gone on to.
func TestW6OnwardLeadsToOurPagesOnly(t *testing.T) {
	for text, want := range map[string]string{
		"/dashboard/keys":                        "/dashboard/keys",
		"/dashboard/audit-logs?after=x":          "/dashboard/audit-logs?after=x",
		"/oauth/authorize?client_id=a&state=%2F": "/oauth/authorize?client_id=a&state=%2F",
		"/invites":                               "/invites",
		"":                                       ui.Home,
		"/":                                      ui.Home,
		"/login":                                 ui.Home,
		"/logout":                                ui.Home,
		"/dashboards":                            ui.Home,
		"/repo/public_key":                       ui.Home,
		"/oauth/authorize/x":                     ui.Home,
		"//evil.example/account":                 ui.Home,
		`/\evil.example`:                         ui.Home,
		"https://evil.example/account":           ui.Home,
		"https:/dashboard":                       ui.Home,
		"/dashboard/%2e%2e/%2e%2e//evil":         ui.Home,
		"/%09//evil":                             ui.Home,
		"/dashboard\r\nX: y":                     ui.Home,
	} {
		if got, _ := ui.Onward(text); got != want {
			t.Errorf("ui.Onward(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFlashIsSaidOnceAndOnlyInOurWords(t *testing.T) {
	web := newWeb("http://localhost", nil)
	for key, said := range map[string]bool{"done": true, "Call this number": false, "<svg>": false} {
		res, _ := ask(web, post("/flash", url.Values{"key": {key}}))
		r := httptest.NewRequest(http.MethodGet, "/form", nil)
		for _, c := range res.Cookies() {
			r.AddCookie(c)
		}
		res, page := ask(web, r)
		if got := strings.Contains(page, `role="status"`); got != said {
			t.Errorf("%q is said = %t, want %t", key, got, said)
		}
		if len(res.Cookies()) != 1 || res.Cookies()[0].MaxAge >= 0 {
			t.Errorf("%q stays: %v", key, res.Cookies())
		}
	}
}

func TestPagesSayWhoIsLoggedIn(t *testing.T) {
	web := newWeb("https://hexhub.example", nil)
	for secret, want := range map[string]string{"s3cret": `href="/dashboard"`, "forgotten": `href="/login"`} {
		r := httptest.NewRequest(http.MethodGet, "/form", nil)
		r.AddCookie(&http.Cookie{Name: "__Host-hexhub", Value: secret})
		res, page := ask(web, r)
		if !strings.Contains(page, want) || strings.Contains(page, secret) {
			t.Errorf("with %q: no %q in\n%s", secret, want, page)
		}
		if kept := res.Header.Get("Cache-Control"); (secret == "s3cret") != (kept == "no-store") {
			t.Errorf("with %q: Cache-Control = %q", secret, kept)
		}
	}
}

// What was typed is there again, but for passwords, and each message stands with its field.
func TestFormsComeBackWithWhatIsWrong(t *testing.T) {
	wrong := fault.Validation(fault.Fields{"emails": fault.Fields{"email": "already in use"}, "password": "should be at least 8 character(s)", "base": "something else"})
	res, page := ask(newWeb("http://localhost", wrong), post("/form", url.Values{"email": {`"><svg/onload=alert(1)>`}, "password": {"hunter2"}}))
	for _, want := range []string{
		`value="&#34;&gt;&lt;svg/onload=alert(1)&gt;"`, `aria-describedby="email-error email-hint"`, `aria-invalid="true"`, "E-mail already in use.",
		"Password should be at least 8 characters.", "Something else.", `role="alert"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Contains(page, "<svg/onload") || strings.Contains(page, "hunter2") || res.StatusCode != http.StatusOK {
		t.Errorf("%d:\n%s", res.StatusCode, page)
	}
	if strings.Count(page, " autofocus") > 2 {
		t.Error("more is focused than is wrong")
	}
}

func TestErrorsSayWhatAndNeverWhyInside(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		words  string
	}{
		{errors.New("dial tcp 10.0.0.1: s3cret"), 500, "request id"},
		{fault.Wrap(fault.NotFound, errors.New("s3cret"), "it is gone"), 404, "It is gone."},
		{&fault.Error{Kind: fault.Unavailable, Message: "wait", RetryAfter: 90e9}, 503, "Wait."},
		{fault.New(fault.Forbidden, "only owners may"), 403, "Only owners may."},
		{fault.New(fault.Malformed, "no"), 400, "No."},
	} {
		res, page := ask(newWeb("http://localhost", c.err), httptest.NewRequest(http.MethodGet, "/form", nil))
		if res.StatusCode != c.status || !strings.Contains(page, c.words) || strings.Contains(page, "s3cret") {
			t.Errorf("%v: %d\n%s", c.err, res.StatusCode, page)
		}
		if res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v may be kept", c.err)
		}
		if (res.Header.Get("Retry-After") == "91") != (c.status == 503) {
			t.Errorf("%v: Retry-After = %q", c.err, res.Header.Get("Retry-After"))
		}
	}
}

// Whatever goes wrong, the page that says so has a step to go on with.
func TestEveryFaultNamesTheNextStep(t *testing.T) {
	statuses := map[fault.Kind]int{
		fault.Internal: 500, fault.Malformed: 400, fault.Invalid: 422, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404,
		fault.Conflict: 409, fault.TooLarge: 413, fault.Unsupported: 415, fault.Limited: 429, fault.Unavailable: 503,
	}
	step := regexp.MustCompile(`<a class="btn( btn-primary)?" href="(/[^"]*)">[^<]+</a>`)
	try := func(name string, err error, status int) {
		web := newWeb("http://localhost", nil)
		web.Handle("GET /fault", func(http.ResponseWriter, *http.Request) error { return err })
		res, page := ask(web, httptest.NewRequest(http.MethodGet, "/fault", nil))
		_, main, _ := strings.Cut(page, "<main")
		if res.StatusCode != status || !step.MatchString(main) || strings.Count(main, "btn-primary") != 1 || strings.Contains(main, "%!") {
			t.Errorf("%s: %d, want %d and one next step that stands out:\n%s", name, res.StatusCode, status, main)
		}
	}
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		try(kind.String(), fault.New(kind, "it is so"), statuses[kind])
	}
	try("unverified", &fault.Error{Kind: fault.Forbidden, Code: access.Unverified, Message: "it is so"}, http.StatusForbidden)
	try("gone", ui.Gone("It was taken back."), http.StatusGone)
	try("gone, with something instead", ui.Gone("It was taken back.", ui.Step{Path: "/packages/other", Words: "Another"}), http.StatusGone)
}

func TestW13EveryPageIsGuarded(t *testing.T) {
	want := http.Header{
		"Content-Security-Policy":      {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
		"Referrer-Policy":              {"same-origin"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
		"Vary":                         {"Accept-Encoding", "Cookie, Accept"},
		"Content-Type":                 {"text/html; charset=utf-8"},
	}
	for path, cache := range map[string]string{"/form": "no-cache", "/no/such/page": "no-store"} {
		res, _ := ask(newWeb("http://localhost", nil), httptest.NewRequest(http.MethodGet, path, nil))
		want["Cache-Control"] = []string{cache}
		if diff := cmp.Diff(want, res.Header); diff != "" {
			t.Errorf("%s (-want +got)\n%s", path, diff)
		}
	}
}

func TestW1FormsOfOtherSitesReachNoPage(t *testing.T) {
	for _, header := range []http.Header{
		{"Origin": {"https://evil.example"}},
		{"Origin": {"null"}},
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"same-site"}},
	} {
		r := post("/form", url.Values{"email": {"a@b.org"}})
		r.Header = header
		if res, page := ask(newWeb("http://localhost", nil), r); res.StatusCode != http.StatusForbidden || !strings.Contains(page, "Another site sent this form") || !strings.Contains(page, `href="/">To the home page`) {
			t.Errorf("%v: %d, want 403 and a step to go on with:\n%s", header, res.StatusCode, page)
		}
	}
}

// A consent page lets its form lead to the client, and no client's address changes the rest of the policy.
func TestW5PolicyNamesOneOtherSite(t *testing.T) {
	for address, want := range map[string]string{
		"https://client.example/callback?x=y":   "form-action 'self' https://client.example;",
		"http://127.0.0.1:4321/cb":              "form-action 'self' http://127.0.0.1:4321;",
		"com.example.app:/cb":                   "form-action 'self' com.example.app:;",
		"https://client.example;script-src.x/a": "form-action 'self';",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		ui.LeadTo(rec, u)
		if got := rec.Header().Get("Content-Security-Policy"); got != "" && !strings.Contains(got, want) || got == "" && want != "form-action 'self';" {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// A page that says nothing about itself is described all the same, unless nobody is to find it.
func TestPagesAreDescribed(t *testing.T) {
	web := newWeb("", nil)
	if _, body := ask(web, httptest.NewRequest(http.MethodGet, "/form", nil)); !strings.Contains(body, `<meta name="description" content="Form · acme: packages for Elixir, Erlang and Gleam.">`) {
		t.Errorf("the page has no description:\n%.900s", body)
	}
	if _, body := ask(web, httptest.NewRequest(http.MethodGet, "/absent", nil)); strings.Contains(body, `name="description"`) {
		t.Error("what is not there is described")
	}
}

// Who has to wait is told for how long and until when, and a script may count the seconds.
func TestWhoIsLimitedIsToldUntilWhen(t *testing.T) {
	web := newWeb("", nil)
	web.Handle("GET /limited", func(http.ResponseWriter, *http.Request) error {
		return &fault.Error{Kind: fault.Limited, Message: "that was often", RetryAfter: 41500 * time.Millisecond}
	})
	response, body := ask(web, httptest.NewRequest(http.MethodGet, "/limited?a=b", nil))
	if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "42" {
		t.Errorf("%d, after %s", response.StatusCode, response.Header.Get("Retry-After"))
	}
	for _, want := range []string{`data-wait="42"`, `data-left>42 s</span>`, `href="/limited?a=b">Try again</a>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
}
