package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"hexhub/hex/tarball"
	"hexhub/internal/hubtest"
)

// haunted has pages of pat, who is logged in, beside those of eve, who is not kind: with an origin each, and in the
// sandbox that packages share whose name makes no label.
const haunted = `
user pat
user eve
org guild admin=pat
package hexhub/plug owner=pat
package hexhub/plug_ owner=pat
package hexhub/evil owner=eve
package hexhub/evil_ owner=eve
package guild/vault
package guild/vault_
release hexhub/plug 1.0.0
release hexhub/plug_ 1.0.0
release hexhub/evil 1.0.0
release hexhub/evil_ 1.0.0
release guild/vault 1.0.0
release guild/vault_ 1.0.0
key pat all permissions=api,repositories
key eve all permissions=api,repositories
-- evil-1.0.0/attack.html --
<!doctype html><title>quiet</title><script>document.title = "pwned"</script>
-- evil-1.0.0/attack.svg --
<svg xmlns="http://www.w3.org/2000/svg"><title id="t">quiet</title><script>document.getElementById("t").textContent = "pwned"</script></svg>
`

// A stage has pages that attack, pages that are attacked, and a place elsewhere that hears what browsers tell it.
type stage struct {
	*reader
	s         *site
	elsewhere string
	heard     atomic.Int64
}

const anyPage = `<!doctype html><html><head><title>A page</title><script src="docs_config.js"></script></head><body><h1>A page</h1></body></html>`

// newStage uploads what every package has, and more of eve's.
func newStage(t *testing.T, more map[string]string) *stage {
	t.Helper()
	return stageOf(t, hubtest.World(t, haunted), more)
}

func stageOf(t *testing.T, hub *hubtest.Hub, more map[string]string, options ...chromedp.ExecAllocatorOption) *stage {
	t.Helper()
	st := &stage{s: siteOf(t, hub, "pat")}
	st.reader = readerOf(t, hub, options...)
	for _, pkg := range []string{"packages/plug", "packages/plug_", "repos/guild/packages/vault", "repos/guild/packages/vault_"} {
		st.upload("pat/all", pkg, map[string]string{"index.html": anyPage, "data.js": "window.loaded = true"}).Expect(t, http.StatusCreated)
	}
	files := map[string]string{"index.html": anyPage, "data.js": "window.loaded = true", "sw.js": "onfetch = () => {}"}
	maps.Copy(files, more)
	st.upload("eve/all", "packages/evil", files).Expect(t, http.StatusCreated)
	st.upload("eve/all", "packages/evil_", files).Expect(t, http.StatusCreated)
	if err := st.tab.become(st.s, "pat"); err != nil {
		t.Fatal(err)
	}
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		st.heard.Add(1)
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	t.Cleanup(far.Close)
	st.elsewhere = far.URL
	return st
}

// upload gives version 1.0.0 of a package documentation.
func (st *stage) upload(key, pkg string, files map[string]string) hubtest.Answer {
	st.s.t.Helper()
	var sources []tarball.Source
	for name, body := range files {
		sources = append(sources, tarball.Source{Path: name, Content: []byte(body)})
	}
	var b bytes.Buffer
	if err := tarball.WriteDocs(&b, sources); err != nil {
		st.s.t.Fatal(err)
	}
	return st.s.As(key).Do(http.MethodPost, "/api/"+pkg+"/releases/1.0.0/docs", b.Bytes())
}

// host is the address of one of the hosts of documentation; of the one that all share if it has no name. Where there are
// none it is that of a path of the site.
func (st *stage) host(label string) string {
	if st.s.Origins.OnSite() {
		return st.s.Origins.String() + strings.TrimSuffix("/"+label, "/")
	}
	if label != "" {
		label += "."
	}
	return "http://" + label + "docs.localhost:" + st.port
}

// open shows a page.
func (st *stage) open(address string) {
	st.t.Helper()
	st.do(chromedp.Navigate(address))
}

// unbound lets pages do what the policy they were sent with forbids, so that what else stops them is seen.
func (st *stage) unbound(yes bool) {
	st.t.Helper()
	st.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, devtools.SetBypassCSP, devtools.SetBypassCSPParams{Enabled: yes})
		return err
	}))
}

// An attack is the body of an async function that returns what it got hold of, or fails.
type attack struct{ name, script string }

// try returns the names of the attacks that succeed in the page that is shown. They may use a few functions, and
// know where everything is.
func (st *stage) try(attacks ...attack) []string {
	st.t.Helper()
	where, err := json.Marshal(map[string]string{"site": st.s.URL, "plug": st.host("plug"), "shared": st.host(""), "elsewhere": st.elsewhere})
	if err != nil {
		st.t.Fatal(err)
	}
	script := `(async () => {
		const at = ` + string(where) + `, reached = [];
		const wait = (ms) => new Promise((done) => setTimeout(done, ms));
		const settled = (e) => new Promise((done) => { e.onload = () => done(true); e.onerror = () => done(false); setTimeout(done, 1000, false); });
		const frame = async (src) => { const f = document.createElement("iframe"); f.name = "box"; f.src = src; document.body.append(f); await settled(f); return f; };
		const load = (name, more) => { const e = Object.assign(document.createElement(name), more); const done = settled(e); document.body.append(e); return done; };
		for (const [name, attack] of [` + st.listed(attacks) + `]) {
			try { if (await Promise.race([attack(), wait(3000)])) reached.push(name); } catch (refused) {}
		}
		return JSON.stringify(reached);
	})()`
	reached, err := ask[[]string](st.ctx, script)
	if err != nil {
		st.t.Fatalf("at %s: %v", st.at(), err)
	}
	return reached
}

func (st *stage) listed(attacks []attack) string {
	var b strings.Builder
	for _, a := range attacks {
		b.WriteString("[" + `"` + a.name + `", async () => { ` + a.script + ` }],`)
	}
	return b.String()
}

// expect fails the test unless just those of the attacks succeed.
func (st *stage) expect(where string, want int, attacks []attack) {
	st.t.Helper()
	if got := st.try(attacks...); len(got) != want {
		st.t.Errorf("%s: %d of %d attacks succeed, want %d: %q; the console says %q", where, len(got), len(attacks), want, got, st.tab.heard())
	}
}

// onSession are attacks on the session that pat has on the site. In a page of the site itself they all succeed.
var onSession = []attack{
	{"reads a page", `const r = await fetch(at.site + "/dashboard/keys", {credentials: "include"}); return r.ok && (await r.text()).includes("/dashboard/keys");`},
	{"reads it unseen", `const r = await fetch(at.site + "/dashboard/keys", {credentials: "include", mode: "no-cors"}); return (await r.text()).length > 0;`},
	{"opens it in a window", `const w = open(at.site + "/dashboard/keys"); for (let i = 0; i < 40 && !w.closed && w.document.forms.length === 0; i++) await wait(50); return !w.closed && w.document.forms.length > 0;`},
}

// onSite are attacks that fail wherever they are made.
var onSite = []attack{
	{"reads the cookie", `return document.cookie.includes("hexhub");`},
	{"frames a page", `const f = await frame(at.site + "/dashboard/keys"); return f.contentDocument.forms.length > 0;`},
	{"has a key made", `const f = await frame("about:blank"); document.body.insertAdjacentHTML("beforeend", '<form method="post" target="box" action="' + at.site + '/dashboard/keys"><input name="name" value="stolen"></form>'); document.forms[0].submit(); await settled(f); return false;`},
	{"sends a deed", `await fetch(at.site + "/dashboard/keys", {method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({name: "stolen"})}); return false;`},
	{"asks the API", `const r = await fetch(at.site + "/api/users/me", {credentials: "include"}); return r.ok;`},
	{"is opened by the site", `return window.opener !== null;`},
	{"gets a worker", `await navigator.serviceWorker.register("sw.js"); return true;`},
}

// D1: a page of documentation, on its own origin and in the sandbox, even if no policy binds it, does not reach the
// session that its reader has on the site, and has nothing done in his name.
func TestD1HostilePagesDoNotReachTheSession(t *testing.T) {
	t.Parallel()
	st := newStage(t, nil)
	st.open(st.s.URL + "/dashboard/keys")
	st.expect("the site itself", len(onSession), onSession)
	for _, at := range []string{st.host("evil") + "/", st.host("") + "/evil_/"} {
		for _, unbound := range []bool{false, true} {
			st.unbound(unbound)
			st.open(at)
			st.expect(at, 0, append(onSession, onSite...))
		}
	}
	if st.s.hasKey("pat", "stolen") {
		t.Error("a page had a key made in the name of its reader")
	}
}
