package browser

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A hand types, and waits for what is to come of it.
type hand struct {
	t   testing.TB
	ctx context.Context
}

// newHand is at a page of the site, as a visitor.
func newHand(t testing.TB, s *site, visitor, path string) hand {
	t.Helper()
	b := openTab(t)
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Minute)
	t.Cleanup(cancel)
	if err := b.become(s, visitor); err != nil {
		t.Fatal(err)
	}
	h := hand{t, ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(s.URL+path)); err != nil {
		t.Fatal(err)
	}
	h.wait("the script runs", `document.querySelector("form[role=search] input").role === "combobox"`)
	return h
}

// press types keys where the focus is.
func (h hand) press(keys string, options ...chromedp.KeyOption) {
	h.t.Helper()
	if err := chromedp.Do(h.ctx, chromedp.KeyEvent(keys, options...)); err != nil {
		h.t.Fatal(err)
	}
}

// command presses a key that does something and writes nothing.
func (h hand) command(key string, held ...chromedp.Modifier) {
	h.t.Helper()
	h.press(key, chromedp.KeyModifiers(held...), func(p *input.DispatchKeyEventParams) {
		if p.Type == kb.KeyChar { // which browsers leave out where a page has taken the key, and chromedp does not
			p.Type, p.Text, p.UnmodifiedText = kb.KeyUp, "", ""
		}
	})
}

// wait waits until an expression holds, on this page or on one that it leads to. It asks in short attempts: what was asked
// of a page that has gone may never be answered.
func (h hand) wait(what, expression string) {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := h.holds(expression)
		if err == nil {
			return
		}
		if time.Now().After(deadline) || h.ctx.Err() != nil {
			state, _ := h.where()
			h.t.Fatalf("not so: %s: %v\n%s", what, err, state)
		}
	}
}

// attempt is how long a page is asked, before it is asked anew.
const attempt = 3 * time.Second

// holds waits for an expression on the page that is there, for one attempt.
func (h hand) holds(expression string) error {
	ctx, end := context.WithTimeout(h.ctx, attempt+time.Second)
	defer end()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingTimeout(attempt)))
	return err
}

// where says what page is there, and what on it has the focus.
func (h hand) where() (string, error) {
	ctx, end := context.WithTimeout(h.ctx, attempt)
	defer end()
	return chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + ", focus on " + document.activeElement.outerHTML.slice(0, 400)`))
}

// box is the search box at the head of each page.
const box = `document.querySelector("header.top [role=combobox]")`

// Suggestions are the combobox of ARIA 1.2: arrows go through them and past the ends to none, Enter opens what is
// chosen, Escape closes the list and then empties the box, and all of it is told to those who cannot see it.
func TestSuggestionsAreChosenByKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := newHand(t, s, "anonymous", "/packages/ring")
	h.command("/")
	h.wait("the slash leads to the box", box+` === document.activeElement`)
	h.press("dec")
	h.wait("suggestions come", box+`.getAttribute("aria-expanded") === "true" && document.getElementById(`+box+`.getAttribute("aria-controls"))?.role === "listbox"`)
	h.wait("their number is said", `document.querySelector("header.top [role=status]").textContent === "1 suggestion"`)
	h.wait("none is chosen", `!`+box+`.hasAttribute("aria-activedescendant") && !document.querySelector("[role=option][aria-selected=true]")`)

	chosen := func(words string) string {
		return `document.getElementById(` + box + `.getAttribute("aria-activedescendant"))?.matches("[aria-selected=true]") && document.querySelector("[role=option][aria-selected=true]").textContent.includes("` + words + `")`
	}
	h.press(kb.ArrowDown)
	h.wait("the first is chosen", chosen("decimal"))
	h.press(kb.ArrowDown)
	h.wait("the way to all is the last", chosen("Search all"))
	h.press(kb.ArrowDown)
	h.wait("after the last comes none", `!`+box+`.hasAttribute("aria-activedescendant")`)
	h.press(kb.ArrowUp)
	h.wait("and before none the last", chosen("Search all"))

	h.press(kb.Escape)
	h.wait("Escape closes the list and leaves the words", box+`.getAttribute("aria-expanded") === "false" && `+box+`.value === "dec" && !document.getElementById("suggestions")`)
	h.press(kb.Escape)
	h.wait("and then takes the words", box+`.value === ""`)

	h.press("dec")
	h.wait("suggestions come again", `document.getElementById("suggestions")`)
	h.press(kb.ArrowDown)
	h.wait("the first is chosen again", chosen("decimal"))
	h.command(kb.Enter)
	h.wait("Enter opens it", `location.pathname === "/packages/decimal"`)
}

// What the visitor may not read is suggested in neither place, by no letter of it.
func TestL2SuggestionsAndPaletteKeepSecrets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for visitor, sees := range map[string]string{"mia": "false", "eva": "true"} {
		h := newHand(t, s, visitor, "/packages/ring")
		h.command("/")
		h.press("vault")
		h.wait("there are suggestions", `document.getElementById("suggestions")`)
		h.wait(visitor+" sees what he may in the box", `!!document.querySelector('#suggestions a[href="/packages/guild/vault"]') === `+sees)
		h.press(kb.Escape)
		h.command("k", chromedp.ModifierCtrl)
		h.wait("the palette is open", `document.querySelector("dialog.palette[open]")`)
		h.press("vault")
		h.wait("the palette answers", `document.querySelector("#palette-all")?.textContent.includes("vault")`)
		h.wait(visitor+" sees what he may in the palette", `!!document.querySelector('#palette-list a[href="/packages/guild/vault"]') === `+sees)
	}
}

// The palette opens from anywhere, chooses by keys, remembers where one went, and gives the focus back.
func TestPaletteLeadsAnywhere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := newHand(t, s, "pat", "/packages/decimal")
	open := func() {
		h.t.Helper()
		h.command("k", chromedp.ModifierCtrl)
		h.wait("the palette is open, and one writes in it", `document.querySelector("dialog.palette[open] [role=combobox]") === document.activeElement`)
		h.wait("it shows where one may go", `document.querySelector("#palette-list [role=option][aria-selected=true]")`)
	}
	open()
	h.press("ring")
	h.wait("what was typed is found and chosen", `document.querySelector("#palette-list [aria-selected=true]")?.getAttribute("href") === "/packages/ring"`)
	h.press(kb.ArrowUp)
	h.wait("before the first comes the last", `document.querySelector("#palette-list [aria-selected=true]").id === "palette-docs"`)
	h.press(kb.ArrowDown)
	h.wait("and after the last the first", `document.querySelector("#palette-list [aria-selected=true]").getAttribute("href") === "/packages/ring"`)
	h.wait("the box says which", `document.activeElement.getAttribute("aria-activedescendant") === document.querySelector("#palette-list [aria-selected=true]").id`)
	h.command(kb.Enter)
	h.wait("Enter leads there", `location.pathname === "/packages/ring" && document.querySelector("header.top [role=combobox]")`)

	back := `document.querySelector("main nav[aria-label=Package] a")`
	h.wait("one is at a tab", `(`+back+`.focus(), document.activeElement === `+back+`)`)
	open()
	h.wait("it remembers", `document.querySelector('#palette-list [aria-label=Recent] a[href="/packages/ring"]')`)
	h.press(kb.Escape)
	h.wait("Escape closes it, and one is where one was", `!document.querySelector("dialog.palette").open && document.activeElement === `+back)
	h.command("v")
	h.wait("a key opens a tab", `location.pathname === "/packages/ring/versions" && document.querySelector("header.top [role=combobox]")`)
	h.command("?")
	h.wait("the keys are told", `document.querySelector("dialog.overlay[open]")?.textContent.includes("Turn keys off")`)
}

// What the key map says of a package's pages is so.
func TestKeysOfAPackage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := newHand(t, s, "root", "/packages/decimal/1.0.0")
	h.wait("what is copied is remembered", `(navigator.clipboard.writeText = async (text) => { window.copied = text; }, true)`)
	h.command("c")
	h.wait("c copies the snippet", `window.copied?.includes("decimal")`)
	button := `document.querySelector("[data-install] button")`
	h.wait("and says so", button+`.getAttribute("aria-label") === "Copied"`)
	h.wait("for a while", button+`.getAttribute("aria-label") === "Copy" && `+button+`.querySelector("svg")`)

	tab := func(key, leads string) {
		h.t.Helper()
		h.command(key)
		h.wait(key+" leads on", leads+` && document.querySelector("header.top [role=combobox]")`)
	}
	tab("v", `location.pathname.endsWith("/versions")`)
	tab("f", `location.pathname.startsWith("/diff/decimal/")`)
	h.wait("one goes back", `(window.going ??= (history.back(), true))`)
	h.wait("and is there", `location.pathname.endsWith("/versions") && document.querySelector("header.top [role=combobox]")`)
	tab("m", `location.pathname === "/packages/decimal"`)
	tab(".", `location.pathname.endsWith("/files")`)
	h.command("t")
	h.wait("t leads to the finder", `document.activeElement.matches("input[data-find]")`)
	h.command(kb.Escape)
	h.wait("one leaves it", `(document.activeElement.blur(), true)`)
	h.command("d")
	h.wait("d opens the documentation", `location.href.includes("decimal") && !document.querySelector("header.top")`)
}

// In lists j and k go from row to row and Enter opens one; g and a letter lead to the places that all pages have.
func TestKeysOfListsAndPlaces(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := newHand(t, s, "root", "/packages")
	row := func(n string) string {
		return `document.activeElement === [...document.querySelectorAll("main li a[href^='/packages/']")][` + n + `]`
	}
	h.command("j")
	h.wait("j goes to the first", row("0"))
	h.command("j")
	h.wait("and to the next", row("1"))
	h.command("k")
	h.wait("k goes back", row("0"))
	h.command(kb.Enter)
	h.wait("Enter opens it", `location.pathname.startsWith("/packages/") && document.querySelector("header.top [role=combobox]")`)
	for _, to := range []struct{ key, path string }{{"d", "/dashboard"}, {"a", "/admin"}, {"h", "/"}} {
		h.command("g")
		h.command(to.key)
		h.wait("g "+to.key+" leads to "+to.path, `location.pathname.startsWith("`+to.path+`") && document.querySelector("header.top [role=combobox]")`)
	}
	h.wait("at a desk one can search at once", `document.activeElement === `+box)
}
