package browser

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// noScripts turns scripts off.
func noScripts() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})
}

// A plainHand is somebody at a site whose browser runs no scripts.
type plainHand struct {
	hand
	tab *tab
	url string // of the site
}

func newPlainHand(t testing.TB, url string) plainHand {
	t.Helper()
	b := openTab(t)
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Minute)
	t.Cleanup(cancel)
	h := plainHand{hand: hand{t, ctx}, tab: b, url: url}
	h.do(noScripts())
	return h
}

func (h plainHand) do(steps ...chromedp.Action[chromedp.Void]) {
	h.t.Helper()
	if err := chromedp.Do(h.ctx, steps...); err != nil {
		h.t.Fatal(err)
	}
}

// become lets the hand have the session of a visitor.
func (h plainHand) become(s *site, visitor string) {
	h.t.Helper()
	if err := h.tab.become(s, visitor); err != nil {
		h.t.Fatal(err)
	}
}

// open goes to a page.
func (h plainHand) open(path string) {
	h.t.Helper()
	h.do(chromedp.Navigate(h.url + path))
}

// see waits for words on a page.
func (h plainHand) see(words string) {
	h.t.Helper()
	h.wait("the page says "+words, `document.readyState === "complete" && document.body.textContent.replace(/\s+/g, " ").includes(`+quote(words)+`)`)
}

// fillIn fills in the first form of a page that is sent to an address and has such fields, and presses its button. It
// opens what the form is folded into, fills in only what can be seen, and sends nothing that the browser would not.
const fillIn = `((action, fields) => {
	const fixed = ["hidden", "submit", "radio", "checkbox"];
	const named = (form, [name, value]) => [...form.elements].find((e) => e.name === name && (!fixed.includes(e.type) || e.value === value));
	const all = [...document.forms].filter((f) => new URL(f.getAttribute("action"), location).pathname === action && fields.every((field) => named(f, field)));
	for (const form of all)
		for (let shut; (shut = form.closest("details:not([open])")); ) shut.querySelector("summary").click();
	const form = all.find((f) => f.checkVisibility());
	if (!form) return "none of " + all.length + " forms like that can be seen";
	let button = form.querySelector("button:not([type=button])");
	for (const field of fields) {
		const [name, value] = field, e = named(form, field);
		if (e.type === "submit") button = e;
		if (e.type === "hidden" || e.type === "submit") continue;
		for (let shut; (shut = e.closest("details:not([open])")); ) shut.querySelector("summary").click();
		if (!e.checkVisibility()) return name + " cannot be seen";
		if (fixed.includes(e.type)) e.checked = true;
		else e.value = value;
		if (e.value !== value) return name + " cannot be " + value;
	}
	if (!button.checkVisibility()) return "there is no button to be seen";
	if (!form.checkValidity()) return "a browser does not send it: " + [...form.querySelectorAll(":invalid")].map((e) => e.name);
	document.documentElement.dataset.left = "";
	button.click();
	return "";
})`

// send fills in a form, whose fields are named and filled in by turns, and waits for words on the page that comes.
func (h plainHand) send(action, words string, fields ...string) {
	h.t.Helper()
	pairs := slices.Collect(slices.Chunk(fields, 2))
	if pairs == nil {
		pairs = [][]string{}
	}
	problem, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](fillIn+"("+quote(action)+", "+quote(pairs)+")"))
	if err != nil || problem != "" {
		state, _ := h.where()
		h.t.Fatalf("the form for %s with %s cannot be sent: %s %v\n%s", action, strings.Join(fields, " "), problem, err, state)
	}
	h.wait("another page comes of "+action+" with "+strings.Join(fields, " "), `document.documentElement.dataset.left === undefined && document.readyState === "complete"`)
	h.see(words)
}

// read is the text of an element.
func (h plainHand) read(selector string) string {
	h.t.Helper()
	text, err := chromedp.Run(h.ctx, chromedp.Evaluate[string](`document.querySelector(`+quote(selector)+`).textContent.trim()`))
	if err != nil {
		h.t.Fatal(err)
	}
	return text
}
