package browser

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// fading notes on each page what fades when it is shown: the names of the parts, and nothing where none does.
const fading = `addEventListener("pagereveal", async (e) => {
	const parts = () => document.getAnimations().map((a) => a.effect.pseudoElement ?? "").filter((p) => p.startsWith("::view-transition"));
	if (e.viewTransition) await e.viewTransition.ready.catch(() => {});
	window.faded = e.viewTransition ? parts().sort().join(" ") : "at once";
});`

// watchFades has a hand see what fades from now on, and whether motion is welcome.
func (h hand) watchFades(motion string) {
	h.t.Helper()
	if err := chromedp.Do(h.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: fading}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: motion}}})
		return err
	})); err != nil {
		h.t.Fatal(err)
	}
}

// A tab of a package fades into another; nothing else fades, and nothing at all for those who want no motion.
func TestTabsFadeIntoEachOther(t *testing.T) {
	s := newSite(t)
	h := newHand(t, s, "anonymous", "/packages/decimal")
	to := func(path, how string) {
		h.t.Helper()
		h.wait("one goes to "+path, `(location.pathname === "`+path+`" || (window.going ??= (location.assign("`+path+`"), false))) && document.readyState === "complete"`)
		h.wait("it comes like this: "+how, how)
	}
	const fades = `window.faded?.includes("::view-transition-new(package-hexhub-decimal)")`
	h.watchFades("no-preference")
	to("/packages/decimal/versions", fades)
	to("/packages/decimal/audit-logs", fades)
	to("/packages/ring", `window.faded === ""`)
	to("/packages", `window.faded === "at once"`)
	to("/packages/decimal", `window.faded === "at once"`)
	h.watchFades("reduce")
	to("/packages/decimal/versions", `window.faded === "at once"`)
}
