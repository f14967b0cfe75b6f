package browser

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// What a page may weigh at most, compressed, and in how many requests it comes.
const (
	mostRequests = 12
	mostCode     = 60_000 // bytes of HTML, style sheet and script
	mostFonts    = 55_000 // bytes
	mostShift    = 0.005  // a font that takes a pixel more than the one in its place; it rounds to nothing
)

// tabs is how many pages are looked at at once.
const tabs = 2

//go:embed testdata/axe.min.js
var axe string

// A tab is one page of a browser, with cookies of its own.
type tab struct {
	ctx context.Context

	mu   sync.Mutex // guards said
	said []string   // errors on the console
}

// openTabs starts a browser, or skips the test where there is none.
func openTabs(t *testing.T, more ...chromedp.ExecAllocatorOption) []*tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("there is no Chromium here: make test installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, end := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), append(options, more...)...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	all := make([]*tab, tabs)
	for i := range all {
		ctx, end := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
		t.Cleanup(end)
		all[i] = &tab{ctx: ctx}
		if err := chromedp.Listen(ctx, all[i].hear); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// hear notes what a page complains of.
func (b *tab) hear(event any) {
	var said string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		said = e.Entry.Text + " " + e.Entry.URL
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError {
			return
		}
		said = "console.error"
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.said = append(b.said, said)
}

// heard returns what was said since the last time.
func (b *tab) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.said
	b.said = nil
	return said
}

// become lets the tab be a visitor's.
func (b *tab) become(s *site, visitor string) error {
	return chromedp.Do(b.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, network.ClearBrowserCookies, cdp.Empty{}); err != nil || s.cookies[visitor] == "" {
			return err
		}
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: "hexhub", Value: s.cookies[visitor], URL: s.URL, Path: "/"})
		return err
	}))
}

// theme has the tab prefer the light theme, or the dark one.
func theme(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
}

// load is what a page tells of how it came.
const load = `(async () => {
	await document.fonts.ready;
	const shifts = await new Promise((done) => {
		let sum = 0;
		new PerformanceObserver((list) => { for (const e of list.getEntries()) sum += e.value; }).observe({ type: "layout-shift", buffered: true });
		requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 50)));
	});
	const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
	const sum = (ok) => all.filter(ok).reduce((n, e) => n + e.encodedBodySize, 0);
	const font = (e) => /\.woff2$/.test(new URL(e.name).pathname);
	return JSON.stringify({
		shifts, requests: all.length,
		strange: all.map((e) => e.name).filter((name) => !name.startsWith(location.origin + "/") && !name.startsWith("data:")),
		code: sum((e) => e.entryType === "navigation" || /\.(css|js)$/.test(new URL(e.name).pathname)), fonts: sum(font),
		names: all.map((e) => new URL(e.name).pathname + " " + e.encodedBodySize),
	});
})()`

type loaded struct {
	Shifts   float64
	Requests int
	Strange  []string
	Code     int
	Fonts    int
	Names    []string
}

// judge runs axe-core: by the rules of WCAG 2.2 AA and good practice, or by those alone that another theme can break.
func judge(theme string) string {
	rules := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	if theme == dark {
		rules = `{ type: "rule", values: ["color-contrast", "link-in-text-block"] }`
	}
	return `axe.run({ runOnly: ` + rules + `, resultTypes: ["violations"] }).then((r) =>
	JSON.stringify(r.violations.map((v) => v.id + " × " + v.nodes.length + ": " + v.nodes[0].html.slice(0, 200) + " " + v.nodes[0].failureSummary.replace(/\s+/g, " ").slice(0, 200))))`
}

// The themes: dark comes second, when all but its colours has been judged.
const light, dark = "light", "dark"

// ask evaluates an expression that becomes JSON.
func ask[T any](ctx context.Context, expression string) (v T, err error) {
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(text), &v)
}

// Each page is good for people who see, hear and point otherwise, in both themes, wide and narrow; it does not scroll
// sideways, asks nobody else for anything, complains of nothing, is light, and does not jump when it is loaded.
func TestPagesMeetTheirGoals(t *testing.T) {
	s := newSite(t)
	todo := make(chan page)
	all := pages(t)
	var wg sync.WaitGroup
	for _, b := range openTabs(t) {
		wg.Go(func() {
			for p := range todo {
				for _, fault := range b.look(s, p) {
					t.Errorf("%s as %s: %s", p.path, p.visitor, fault)
				}
			}
		})
	}
	began := time.Now()
	count := 0
	for _, p := range all {
		if bytes.HasPrefix(s.as(p.visitor).Get(p.path).Body, []byte("<!doctype html>")) { // neither a feed nor a part of a page
			todo <- p
			count++
		}
	}
	close(todo)
	wg.Wait()
	t.Logf("%d pages in %s", count, time.Since(began).Round(time.Second))
}

// look says what is wrong with a page.
func (b *tab) look(s *site, p page) (faults []string) {
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Minute)
	defer cancel()
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	b.heard()
	if err := b.become(s, p.visitor); err != nil {
		say("%v", err)
		return
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), theme(light), chromedp.Navigate(s.URL+p.path)); err != nil {
		say("%v", err)
		return
	}
	l, err := ask[loaded](ctx, load)
	if err != nil {
		say("%v", err)
		return
	}
	if l.Shifts > mostShift {
		say("jumps by %g while it is loaded", l.Shifts)
	}
	if len(l.Strange) > 0 {
		say("asks others for %s", l.Strange)
	}
	if l.Requests > mostRequests || l.Code > mostCode || l.Fonts > mostFonts {
		say("takes %d requests, %d bytes of HTML, CSS and script and %d of fonts: %s", l.Requests, l.Code, l.Fonts, strings.Join(l.Names, ", "))
	}
	if err := chromedp.Do(ctx, evaluate(axe)); err != nil {
		say("%v", err)
		return
	}
	for _, width := range []int64{1280, 390} {
		for _, name := range []string{light, dark} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), theme(name)); err != nil {
				say("%v", err)
				return
			}
			found, err := ask[[]string](ctx, judge(name))
			if err != nil {
				say("%v", err)
			}
			for _, f := range found {
				say("%d px, %s: %s", width, name, f)
			}
		}
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 800)); err != nil {
		say("%v", err)
		return
	}
	if wide, err := ask[int](ctx, `String(document.documentElement.scrollWidth)`); err != nil || wide > 320 {
		say("is %d px wide on a screen of 320, %v", wide, err)
	}
	for _, said := range b.heard() {
		if p.route == "/{anything}" && strings.Contains(said, "404") {
			continue // the browser says so of the page itself
		}
		say("the console says %s", said)
	}
	return slices.Compact(faults)
}

// evaluate runs a script for what it does.
func evaluate(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](script+"\n;true")(ctx, t)
		return err
	})
}
