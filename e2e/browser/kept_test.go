package browser

import (
	"slices"
	"strings"
	"testing"
)

// keep has the page that is shown keep something wherever a browser lets it.
func (st *stage) keep() {
	st.t.Helper()
	if _, err := ask[bool](st.ctx, keeping); err != nil {
		st.t.Fatal(err)
	}
}

const keeping = `(async () => {
	const attempt = async (deed) => { try { await deed(); } catch (refused) {} };
	await attempt(() => localStorage.setItem("pet", "cat"));
	await attempt(() => sessionStorage.setItem("pet", "cat"));
	await attempt(() => { document.cookie = "pet=cat"; });
	await attempt(() => caches.open("pets"));
	await attempt(() => new Promise((done, refused) => { const r = indexedDB.open("pets"); r.onsuccess = done; r.onerror = refused; }));
	return "true";
})()`

// onKept are attacks on what another package's page keeps. In that very page they succeed.
var onKept = []attack{
	{"local storage", `return localStorage.getItem("pet");`},
	{"session storage", `return sessionStorage.getItem("pet");`},
	{"cookies", `return document.cookie.includes("pet");`},
	{"caches", `return (await caches.keys()).includes("pets");`},
	{"databases", `return (await indexedDB.databases()).some((d) => d.name === "pets");`},
}

// inFrame are attacks on another package's page, shown in one's own.
var inFrame = []attack{
	{"its storage in a frame", `const f = await frame(at.plug + "/index.html"); return f.contentWindow.localStorage.getItem("pet");`},
	{"its page in a frame", `const f = await frame(at.plug + "/index.html"); return f.contentDocument.title;`},
	{"its domain", `document.domain = "docs.localhost"; const f = await frame(at.plug + "/index.html"); return f.contentDocument.title;`},
	{"its neighbour in the box", `const f = await frame(at.shared + "/plug_/index.html"); return f.contentDocument.title;`},
	{"its window", `const w = open(at.shared + "/plug_/index.html"); for (let i = 0; i < 20 && !w.closed; i++) { await wait(50); if (w.document.title === "A page") return true; } return false;`},
}

// inBox are things of an origin, of which pages in the sandbox have none.
var inBox = []attack{
	{"an origin", `return origin !== "null";`},
	{"cookies", `document.cookie = "a=b"; return document.cookie;`},
	{"caches", `return await caches.open("a");`},
	{"databases", `return await new Promise((done, refused) => { const r = indexedDB.open("a"); r.onsuccess = () => done(true); r.onerror = refused; });`},
	{"workers", `return await navigator.serviceWorker.register("sw.js");`},
	{"the window above", `const f = await frame(at.shared + "/evil_/top.html"); await wait(200); return false;`},
}

// D2: what a page keeps is of its package alone; where packages share an origin pages keep nothing.
func TestD2HostilePagesDoNotReachOtherPackages(t *testing.T) {
	t.Parallel()
	st := newStage(t, map[string]string{"top.html": `<!doctype html><body><script>try { top.location = "/elsewhere"; } catch (refused) {}</script>`})
	st.open(st.host("plug") + "/index.html")
	st.keep()
	st.expect("the page itself", len(onKept), onKept)
	for _, unbound := range []bool{false, true} {
		st.unbound(unbound)
		st.open(st.host("evil") + "/index.html")
		st.expect("the page beside it", 0, append(onKept, inFrame...))
	}
	st.unbound(false)
	st.open(st.host("") + "/plug_/index.html")
	st.keep()
	st.open(st.host("") + "/evil_/index.html")
	st.expect("the page in the box", 0, slices.Concat(onKept, inFrame, inBox))
	if at := st.at(); at != "/evil_/index.html" {
		t.Errorf("a page in a frame has led the window to %s", at)
	}
}

// D2, L12: who reads private documentation in the same browser lends nothing to other pages: they get neither its files
// nor its scripts.
func TestD2HostilePagesDoNotReadPrivateOnes(t *testing.T) {
	t.Parallel()
	st := newStage(t, nil)
	own, shared := st.host("guild--vault"), st.host("")+"/@guild/vault_"
	for _, at := range []string{own, shared} {
		st.open(at + "/1.0.0/index.html")
		if !st.is(`document.title === "A page" && window.versionNodes.length === 1`) {
			t.Fatalf("pat does not read %s, but %s", at, st.at())
		}
	}
	var attacks []attack
	for _, at := range []string{own, shared} {
		attacks = append(attacks,
			attack{"a file of " + at, `const r = await fetch("` + at + `/data.js", {credentials: "include"}); return r.ok;`},
			attack{"a script of " + at, `delete window.loaded; return await load("script", {src: "` + at + `/data.js"});`},
			attack{"a style of " + at, `return await load("link", {rel: "stylesheet", href: "` + at + `/data.js"});`},
			attack{"a page of " + at, `const f = await frame("` + at + `/index.html"); return f.contentDocument.title === "A page";`},
		)
	}
	mine := []attack{{"a script of my own", `return await load("script", {src: "data.js"}) && window.loaded;`}}
	for at, unbound := range map[string]bool{st.host("evil") + "/": true, st.host("") + "/evil_/": false} { // the box is a policy
		st.unbound(unbound)
		st.open(at)
		st.expect(at, 0, attacks)
		st.expect(at, 1, mine)
	}
}

// D6: no path that a browser can send leads to another package's pages, or to another version's.
func TestD6PathsStayInTheirPackage(t *testing.T) {
	t.Parallel()
	st := newStage(t, map[string]string{"plug_/1.0.0/index.html": "<p>pwned", "plug/index.html": "<p>pwned"})
	attacks := disguisedPaths()
	for _, at := range []string{st.host("evil") + "/", st.host("") + "/evil_/"} {
		st.open(at)
		st.expect(at, 0, attacks)
	}
	st.open(st.host("") + "/plug_/1.0.0/index.html")
	if st.is(`document.body.textContent.includes("pwned")`) {
		t.Error("a package shows pages of another")
	}
}

// disguisedPaths are ways to another package's pages, or another version's, from a page of one's own.
func disguisedPaths() (attacks []attack) {
	for _, path := range []string{"/1.0.0/..;/index.html", "/1.0.0%2findex.html", "/INDEX.html", "/%2e%2e%2fplug_/index.html", "/..%5cplug_/index.html", "/1.0.0/..%2f..%2fplug_/", "/index.html%00", "/plug_/1.0.0/../../..//plug_/nothing"} {
		attacks = append(attacks, attack{path, `const r = await fetch("./" + ` + "`" + strings.TrimPrefix(path, "/") + "`" + `); return r.ok;`})
	}
	return attacks
}
