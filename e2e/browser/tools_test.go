package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"hexhub/internal/hubtest"
)

// tools has documentation as rebar3 and gleam make it: with an origin of its own, and in the sandbox. A module of the first
// version is gone in the second.
const tools = `
user pat
package hexhub/plug owner=pat
release hexhub/plug 1.0.0 tool=rebar3 docs
release hexhub/plug 1.1.0 tool=rebar3 docs
package hexhub/plug_ owner=pat
release hexhub/plug_ 1.0.0 tool=rebar3 docs
release hexhub/plug_ 1.1.0 tool=rebar3 docs
package hexhub/glow owner=pat
release hexhub/glow 1.0.0 tool=gleam docs
release hexhub/glow 1.1.0 tool=gleam docs
package hexhub/glow_ owner=pat
release hexhub/glow_ 1.0.0 tool=gleam docs
release hexhub/glow_ 1.1.0 tool=gleam docs
-- plug-1.0.0/src/plug.erl --
-module(plug).
-- plug-1.0.0/src/old.erl --
-module(old).
-- plug_-1.0.0/src/plug.erl --
-module(plug).
-- plug_-1.0.0/src/old.erl --
-module(old).
-- plug_-1.1.0/src/plug.erl --
-module(plug).
`

// shown is the version in the bar of a document.
func barOf(document string) string {
	return document + `?.querySelector("hexhub-bar")?.shadowRoot`
}

// bars says that the bar of a document shows the version.
func bars(document, version string) string {
	return barOf(document) + `?.querySelector("summary").textContent === "` + version + `"`
}

// take is the link of the bar whose words begin so.
func take(document, words string) string {
	return `[...` + barOf(document) + `.querySelectorAll("a")].find((a) => a.textContent.startsWith("` + words + `"))`
}

// click clicks what is there, once: who waits for something to be true may ask again on the page that a link led to.
func (r *reader) click(what string) {
	r.t.Helper()
	r.do(evaluate(`setTimeout((link) => link.click(), 0, ` + what + `)`))
}

// EDoc's first page is a set of frames. The one with the text has the bar, whose menu leads to another version with its
// frames; the list of modules leads to modules as ever.
func TestErlangDocumentationWithItsFrames(t *testing.T) {
	t.Parallel()
	r := readerOf(t, hubtest.World(t, tools))
	h := hand{t, r.ctx}
	const text = `frames[1]?.document`
	r.do(chromedp.Navigate("http://plug.docs.localhost:" + r.port + "/1.0.0/"))
	h.wait("the frames are there, and one has the bar", `frames.length === 2 && `+bars(text, "1.0.0"))
	h.wait("the list of modules has no bar", `!frames[0].document.querySelector("hexhub-bar")`)
	r.click(`[...frames[0].document.querySelectorAll("a.module")].find((a) => a.textContent === "old")`)
	h.wait("it comes into the other frame", `frames[1].location.pathname === "/1.0.0/old.html" && `+bars(text, "1.0.0"))
	r.click(take(text, "1.1.0"))
	h.wait("it comes with its frames", `location.pathname === "/1.1.0/" && frames.length === 2 && `+bars(text, "1.1.0"))
}

// Pages that were opened without the frames have the modules in the bar, and so has all of EDoc's in the sandbox: there
// one frame must not have another show something.
func TestErlangDocumentationWithoutFrames(t *testing.T) {
	t.Parallel()
	r := readerOf(t, hubtest.World(t, tools))
	h := hand{t, r.ctx}
	for front, base := range map[string]string{"http://plug.docs.localhost:PORT/1.0.0/overview-summary.html": "", "http://docs.localhost:PORT/plug_/1.0.0/": "/plug_"} {
		r.do(chromedp.Navigate(strings.Replace(front, "PORT", r.port, 1)))
		h.wait("the text has the bar", `location.pathname === "`+base+`/1.0.0/overview-summary.html" && frames.length === 0 && `+bars("document", "1.0.0"))
		if boxed := r.is(`origin === "null"`); boxed != (base != "") {
			t.Errorf("%s is in the sandbox: %t", r.at(), boxed)
		}
		r.click(take("document", "plug"))
		h.wait("it is shown", `location.pathname === "`+base+`/1.0.0/plug.html" && `+bars("document", "1.0.0"))
		r.click(take("document", "1.1.0"))
		h.wait("it has the module", `location.pathname === "`+base+`/1.1.0/plug.html" && `+bars("document", "1.1.0"))
		r.click(take("document", "1.0.0"))
		h.wait("it is there", bars("document", "1.0.0"))
		r.click(take("document", "old"))
		h.wait("a module is shown that is gone later", `location.pathname.endsWith("/old.html") && `+bars("document", "1.0.0"))
		r.click(take("document", "1.1.0"))
		h.wait("its first page is shown", `location.pathname.startsWith("`+base+`/1.1.0/") && !location.pathname.endsWith("old.html") && !location.search`)
	}
}

// Gleam's pages have a menu of versions themselves, and no bar. Its script and its theme work in the sandbox too.
func TestGleamDocumentation(t *testing.T) {
	t.Parallel()
	r := readerOf(t, hubtest.World(t, tools))
	h := hand{t, r.ctx}
	for _, base := range []string{"http://glow.docs.localhost:" + r.port, "http://docs.localhost:" + r.port + "/glow_"} {
		r.do(theme(dark), chromedp.Navigate(base+"/1.1.0/"))
		const menu = `document.querySelector("#project-version select")`
		h.wait("the menu shows the version", menu+`?.selectedOptions[0].text === "v1.1.0" && `+menu+`.options.length === 2 && !document.querySelector("hexhub-bar")`)
		h.wait("it is as dark as the reader's system", `document.body.className === "theme-dark" && getComputedStyle(document.body).backgroundColor === "rgb(41, 45, 62)"`)
		r.do(evaluate(menu + `.value = [...` + menu + `.options].find((o) => o.text === "v1.0.0").value; setTimeout(` + menu + `.onchange, 0)`))
		h.wait("it is shown", `location.pathname.endsWith("/1.0.0/") && `+menu+`?.selectedOptions[0].text === "v1.0.0"`)
		r.click(`document.querySelector(".sidebar a")`)
		h.wait("it is shown", `location.pathname.includes("/1.0.0/") && !location.pathname.endsWith("/") && `+menu+`?.selectedOptions[0].text === "v1.0.0"`)
		for _, said := range r.tab.heard() {
			if !strings.Contains(said, "/favicon.ico") { // which nobody brings, and browsers ask for
				t.Errorf("at %s the console says %s", base, said)
			}
		}
	}
}
