package browser

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hexhub/internal/hubtest"
)

// library has a package with an origin of its own, and one whose name makes no label of a host, so that its pages are
// in a sandbox. A page of its first version is gone in the second.
const library = `
user pat
package hexhub/plug owner=pat
release hexhub/plug 1.0.0 docs
release hexhub/plug 1.1.0 docs
package hexhub/plug_ owner=pat
release hexhub/plug_ 1.0.0 docs
release hexhub/plug_ 1.1.0 docs
-- plug-1.0.0/README.md --
# Plug
-- plug-1.0.0/lib/plug.ex --
defmodule Plug do
end
-- plug-1.0.0/lib/old.ex --
defmodule Old do
end
`

// A reader reads documentation in a browser.
type reader struct {
	t    *testing.T
	ctx  context.Context
	tab  *tab
	port string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	return readerOf(t, hubtest.World(t, library))
}

// readerOf reads the documentation of a registry.
func readerOf(t *testing.T, hub *hubtest.Hub, more ...chromedp.ExecAllocatorOption) *reader {
	t.Helper()
	b := openTab(t, more...)
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Minute)
	t.Cleanup(cancel)
	_, port, err := net.SplitHostPort(hub.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return &reader{t, ctx, b, port}
}

func (r *reader) do(steps ...chromedp.Action[chromedp.Void]) {
	r.t.Helper()
	if err := chromedp.Do(r.ctx, steps...); err != nil {
		r.t.Fatalf("at %s: %v; the console says %q", r.at(), err, r.tab.heard())
	}
}

// at is where the reader is, without scheme and host.
func (r *reader) at() string {
	at, _ := chromedp.Run(r.ctx, chromedp.Location())
	u, err := url.Parse(at)
	if err != nil {
		return at
	}
	u.Scheme, u.Host = "", ""
	return u.String()
}

// page goes to a page and waits until its menu shows the version.
func (r *reader) page(host, path, version string) {
	r.t.Helper()
	r.do(chromedp.Navigate("http://"+host+".localhost:"+r.port+path), shows(version))
}

// shows waits until the menu of versions has one chosen.
func shows(version string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitReady(chromedp.Search(`//select/option[@disabled and text()="` + version + `"]`))
}

// choose takes a version from the menu, as a hand does.
func choose(version string) chromedp.Action[chromedp.Void] {
	return evaluate(`{
		const menu = document.querySelector(".sidebar-projectVersion select");
		menu.value = [...menu.options].find((o) => o.text === "` + version + `").value;
		menu.dispatchEvent(new Event("change"));
	}`)
}

// is asks the page whether something is so.
func (r *reader) is(expression string) bool {
	r.t.Helper()
	yes, err := chromedp.Run(r.ctx, chromedp.Evaluate[bool](expression))
	if err != nil {
		r.t.Fatalf("%s: %v", expression, err)
	}
	return yes
}

// The menu leads to the same page of another version, and to its front where it has no such page.
func TestVersionMenuKeepsThePage(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.page("plug.docs", "/1.0.0/Plug.html", "v1.0.0")
	r.do(choose("v1.1.0"), shows("v1.1.0"))
	if at := r.at(); at != "/1.1.0/Plug.html" {
		t.Errorf("the menu leads to %s", at)
	}
	r.page("plug.docs", "/1.0.0/Old.html", "v1.0.0")
	r.do(choose("v1.1.0"), shows("v1.1.0"))
	if at := r.at(); at != "/1.1.0/readme.html" {
		t.Errorf("from a page that is gone the menu leads to %s", at)
	}
}

// The theme with which a reader comes from the registry stays, through the front page and from page to page.
func TestThemeOfTheRegistryStays(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	for _, name := range []string{dark, light} {
		r.do(theme(light))
		r.page("plug.docs", "/?theme="+name, "v1.1.0")
		r.do(chromedp.Click(chromedp.CSS(`#sidebar-list-nav a[href="Plug.html"]`)), chromedp.WaitVisible(chromedp.Search(`//h2/a[contains(text(), "version")]`)))
		if got := r.is(`document.body.classList.contains("dark")`); got != (name == dark) {
			t.Errorf("after ?theme=%s and a link, at %s, the page is dark: %t", name, r.at(), got)
		}
	}
}

// D1: pages that share a host are in a sandbox, where they have neither cookies nor storage, and work all the same.
func TestD1SandboxedPagesWork(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.page("docs", "/plug_/1.0.0/Plug.html", "v1.0.0")
	if got := r.is(`origin === "null"`); !got {
		t.Error("the page has an origin")
	}
	if !r.is(`document.body.classList.contains("sidebar-open") && document.querySelectorAll("#sidebar-list-nav a").length > 1`) {
		t.Errorf("the sidebar is shut or empty; the console says %q", r.tab.heard())
	}
	r.do(choose("v1.1.0"), shows("v1.1.0"))
	if at := r.at(); !strings.HasSuffix(at, "/plug_/1.1.0/Plug.html") {
		t.Errorf("the menu leads to %s", at)
	}
}
