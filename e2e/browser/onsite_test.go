package browser

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"hexhub/internal/hubtest"
)

// newStageOnSite is a stage on which documentation is a path of the site, the last resort: nothing but the sandbox keeps
// pages from all that is of the site. Browsers are told to give the site what they give to those with TLS, such as
// workers and caches, so that it can be taken away.
func newStageOnSite(t *testing.T, more map[string]string) *stage {
	t.Helper()
	const site = "http://hub.example.com"
	hub := hubtest.At(t, haunted, hubtest.Addresses{Site: site})
	_, port, err := net.SplitHostPort(hub.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return stageOf(t, hub, more, chromedp.Flag("host-resolver-rules", "MAP hub.example.com:80 127.0.0.1:"+port),
		chromedp.Flag("unsafely-treat-insecure-origin-as-secure", site))
}

// D1: on the site's own origin the sandbox alone keeps a page from the session. Without it all attacks succeed.
func TestD1HostilePagesOnTheSiteDoNotReachTheSession(t *testing.T) {
	t.Parallel()
	st := newStageOnSite(t, nil)
	evil := st.host("evil") + "/"
	st.unbound(true)
	st.open(evil)
	st.expect("a page that nothing binds", len(onSession), onSession)
	st.unbound(false)
	st.open(evil)
	st.expect(evil, 0, slices.Concat(onSession, onSite, inBox))
	if st.s.hasKey("pat", "stolen") {
		t.Error("a page had a key made in the name of its reader")
	}
	if at := st.at(); at != "/docs-view/evil/" {
		t.Errorf("the window was led to %s", at)
	}
}

// D2: pages of one package on the site reach nothing of another's, nor of what the site itself keeps, and keep nothing.
func TestD2HostilePagesOnTheSiteDoNotReachOtherPackages(t *testing.T) {
	t.Parallel()
	st := newStageOnSite(t, map[string]string{"top.html": `<!doctype html><body><script>try { top.location = "/elsewhere"; } catch (refused) {}</script>`})
	plug, evil := st.host("plug")+"/index.html", st.host("evil")+"/index.html"
	st.unbound(true)
	st.open(plug)
	st.keep()
	st.expect("the page itself, which nothing binds", len(onKept), onKept)
	st.open(evil)
	if got := st.try(slices.Concat(onKept, inFrame)...); len(got) < len(onKept) {
		t.Errorf("without the sandbox only %q succeed, so this test sees little", got)
	}
	st.unbound(false)
	st.open(evil)
	st.expect("the page beside it", 0, slices.Concat(onKept, inFrame, inBox))
	if at := st.at(); at != "/docs-view/evil/index.html" {
		t.Errorf("a page in a frame has led the window to %s", at)
	}
}

// D2, L12: the session that lets its reader into private documentation lends nothing to the page beside it.
func TestD2HostilePagesOnTheSiteDoNotReadPrivateOnes(t *testing.T) {
	t.Parallel()
	st := newStageOnSite(t, nil)
	vault, evil := st.s.URL+"/docs-view/@guild/vault", st.host("evil")+"/"
	st.open(vault + "/1.0.0/index.html")
	if !st.is(`document.title === "A page" && window.versionNodes.length === 1`) || !strings.Contains(st.at(), "/-/") {
		t.Fatalf("pat does not read %s, but %s", vault, st.at())
	}
	attacks := []attack{
		{"a file", `const r = await fetch("` + vault + `/data.js", {credentials: "include"}); return r.ok;`},
		{"a page", `const r = await fetch("` + vault + `/", {credentials: "include"}); return r.ok;`},
		{"a script", `delete window.loaded; return await load("script", {src: "` + vault + `/data.js"});`},
		{"a style", `return await load("link", {rel: "stylesheet", href: "` + vault + `/data.js"});`},
		{"a page in a frame", `const f = await frame("` + vault + `/index.html"); return f.contentDocument.title === "A page";`},
		{"the way into a page", `const w = open("` + vault + `/index.html"); for (let i = 0; i < 20 && !w.closed; i++) { await wait(50); if (w.location.href.includes("/-/")) return true; } return false;`},
	}
	st.unbound(true)
	st.open(evil)
	if got := st.try(attacks...); len(got) < 3 {
		t.Errorf("without the sandbox only %q succeed, so this test sees little", got)
	}
	st.unbound(false)
	st.open(evil)
	st.expect(evil, 0, attacks)
	st.expect(evil, 1, []attack{{"a script of my own", `return await load("script", {src: "data.js"}) && window.loaded;`}})
}

// D3: private pages on the site tell nobody elsewhere that they are read.
func TestD3PrivatePagesOnTheSiteTellNobody(t *testing.T) {
	t.Parallel()
	st := newStageOnSite(t, nil)
	st.tellNobody(st.s.URL + "/docs-view/@guild/vault/")
}

// D5: what a file on the site is called says what it may be; a picture that runs something is in the box.
func TestD5FilesOnTheSitePassForWhatTheirNamesSay(t *testing.T) {
	t.Parallel()
	files := disguised()
	files["picture.svg"] = `<svg xmlns="http://www.w3.org/2000/svg"><title>quiet</title><script>document.documentElement.setAttribute("ran", origin)</script></svg>`
	st := newStageOnSite(t, files)
	st.staysQuiet(st.host("evil"))
	st.open(st.host("evil") + "/picture.svg")
	if !st.is(`origin === "null" && document.documentElement.getAttribute("ran") === "null"`) {
		t.Error("a picture in the box has an origin")
	}
}

// D6: no path leads out of a package on the site, neither to another's pages nor to what the site shows.
func TestD6PathsOnTheSiteStayInTheirPackage(t *testing.T) {
	t.Parallel()
	st := newStageOnSite(t, map[string]string{"plug_/1.0.0/index.html": "<p>pwned", "plug/index.html": "<p>pwned", "dashboard/keys": "pwned"})
	st.open(st.host("evil") + "/")
	st.expect("evil", 0, append(disguisedPaths(), attack{"a page of the site", `const r = await fetch("../../dashboard/keys"); return r.ok;`}, attack{"a page of the site, in disguise", `const r = await fetch("..%2f..%2fdashboard/keys"); return r.ok;`}))
	for _, at := range []string{st.host("plug") + "/1.0.0/index.html", st.s.URL + "/dashboard/keys"} {
		st.open(at)
		if st.is(`document.body.textContent.includes("pwned")`) {
			t.Errorf("%s shows what another package brings", at)
		}
	}
}
