package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// From each kind of page, and whoever looks, two keystrokes and a name lead to a package.
func TestAnyPageIsTwoKeystrokesFromAnyPackage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := newHand(t, s, "root", "/")
	for _, path := range []string{
		"/", "/packages", "/packages/ring", "/packages/ring/versions", "/packages/decimal/1.0.0/files/mix.exs", "/diff/decimal/0.9.0..1.0.0", "/search?q=add", "/users/mia", "/orgs/forge",
		"/connect", "/publish", "/keys", "/docs/quickstart", "/preferences", "/dashboard", "/dashboard/keys", "/dashboard/orgs", "/admin", "/admin/settings", "/login", "/nothing",
	} {
		if err := chromedp.Do(h.ctx, chromedp.Navigate(s.URL+path)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		h.wait("the script runs at "+path, box+`?.role === "combobox"`)
		h.command("k", chromedp.ModifierCtrl)
		h.wait("one can write at "+path, `document.querySelector("dialog.palette[open] [role=combobox]") === document.activeElement`)
		h.press("quill")
		h.wait("the package is chosen at "+path, `document.querySelector("#palette-list [aria-selected=true]")?.getAttribute("href") === "/packages/quill"`)
		h.command(kb.Enter)
		h.wait("it is open, from "+path, `location.pathname === "/packages/quill"`)
	}
}
