package browser

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

var album = flag.String("album", "", "a folder to which pictures of all pages that are judged are written")

// What a page may weigh at most, compressed, and in how many requests it comes.
const (
	mostRequests = 12
	mostCode     = 60_000 // bytes of HTML, style sheet and script
	mostFonts    = 55_000 // bytes
	mostShift    = 0.01   // a font that takes a pixel more than the one in its place, and comes later on a busy machine
)

//go:embed testdata/axe.min.js
var axe string

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

// A visit is of one page: who looks, the way to it, and words that show that one has got there.
type visit struct {
	name   string
	url    string // of the site
	cookie string // of the visitor's session
	way    []step
	shows  string
	spare  string // a rule of axe that is not for this page
}

// A step leads to the next page: to an address, or by a form that is sent there from the page before.
type step struct {
	path string
	form [][2]string // nil for an address
}

// at goes to an address.
func at(path string) step { return step{path: path} }

// send sends a form, whose fields are named and filled in by turns.
func send(path string, fields ...string) step {
	form := [][2]string{}
	for pair := range slices.Chunk(fields, 2) {
		form = append(form, [2]string{pair[0], pair[1]})
	}
	return step{path, form}
}

// Each page is good for people who see, hear and point otherwise, in both themes, wide and narrow; it does not scroll
// sideways, asks nobody else for anything, complains of nothing, is light, and does not jump when it is loaded.
func TestPagesMeetTheirGoals(t *testing.T) {
	s := newSite(t)
	var all []visit
	for _, p := range pages(t) {
		if bytes.HasPrefix(s.as(p.visitor).Get(p.path).Body, []byte("<!doctype html>")) { // neither a feed nor a part of a page
			all = append(all, s.scene(p.path+" as "+p.visitor, p.visitor, "", at(p.path)))
		}
	}
	judgeAll(t, all)
}

// The same holds for pages that are at no address: what comes of forms, what is shown once, and what went wrong; of
// registries that are new; and of the components that pages are made of.
func TestPagesBehindFormsMeetTheirGoals(t *testing.T) {
	judgeAll(t, slices.Concat(newSite(t).scenes(), beginnings(t), workshop(t)))
}

func judgeAll(t *testing.T, all []visit) {
	t.Helper()
	began, todo := time.Now(), make(chan visit)
	var wg sync.WaitGroup
	for range tabs {
		b := openTab(t)
		wg.Go(func() {
			for v := range todo {
				for _, fault := range b.look(v) {
					t.Errorf("%s: %s", v.name, fault)
				}
			}
		})
	}
	for _, v := range all {
		todo <- v
	}
	close(todo)
	wg.Wait()
	t.Logf("%d pages in %s", len(all), time.Since(began).Round(time.Second))
}

// look says what is wrong with a page.
func (b *tab) look(v visit) (faults []string) {
	ctx, cancel := context.WithTimeout(b.ctx, 3*time.Minute)
	defer cancel()
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	status, err := b.reach(ctx, v)
	if err != nil {
		say("%v", err)
		return
	}
	l, err := ask[loaded](ctx, load)
	if err != nil {
		say("%v", err)
		return
	}
	faults = append(faults, l.faults()...)
	found, err := b.judge(ctx, v)
	if err != nil {
		say("%v", err)
		return
	}
	faults = append(faults, found...)
	for _, said := range b.heard() {
		if status >= 400 && strings.Contains(said, fmt.Sprintf("status of %d", status)) {
			continue // the browser says so of the page itself
		}
		say("the console says %s", said)
	}
	return slices.Compact(faults)
}

// reach goes the way to the page, and returns the status that it has.
func (b *tab) reach(ctx context.Context, v visit) (status int64, err error) {
	if err := b.keep(v.url, v.cookie); err != nil {
		return 0, err
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), theme(light)); err != nil {
		return 0, err
	}
	for _, s := range v.way {
		b.heard()
		answer, err := s.take(ctx, v.url)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.path, err)
		}
		status = answer.Status
	}
	seen, err := ask[bool](ctx, fmt.Sprintf(`String(document.body.textContent.includes(%q))`, v.shows))
	if err != nil {
		return 0, fmt.Errorf("look for %q: %w", v.shows, err)
	}
	if !seen {
		text, _ := ask[string](ctx, `JSON.stringify(location.pathname + ": " + document.body.querySelector("main").innerText.slice(0, 600))`)
		return 0, fmt.Errorf("the way does not lead to %q but to %d, %s", v.shows, status, text)
	}
	return status, nil
}

func (s step) take(ctx context.Context, url string) (*network.Response, error) {
	if s.form == nil {
		return chromedp.Run(ctx, chromedp.NavigateResponse(url+s.path))
	}
	return chromedp.RunResponse(ctx, evaluate(fmt.Sprintf(sending, quote(s.path), quote(s.form))))
}

// sending sends a form as if the page had it.
const sending = `(() => {
	const form = Object.assign(document.createElement("form"), { method: "post", action: %s });
	for (const [name, value] of %s) form.append(Object.assign(document.createElement("textarea"), { name, value }));
	form.hidden = true;
	document.body.append(form);
	form.submit();
})()`

// faults are what is wrong with how a page came.
func (l loaded) faults() (faults []string) {
	if l.Shifts > mostShift {
		faults = append(faults, fmt.Sprintf("jumps by %g while it is loaded", l.Shifts))
	}
	if len(l.Strange) > 0 {
		faults = append(faults, fmt.Sprintf("asks others for %s", l.Strange))
	}
	if l.Requests > mostRequests || l.Code > mostCode || l.Fonts > mostFonts {
		faults = append(faults, fmt.Sprintf("takes %d requests, %d bytes of HTML, CSS and script and %d of fonts: %s", l.Requests, l.Code, l.Fonts, strings.Join(l.Names, ", ")))
	}
	return faults
}

// judge says what axe finds in the page that is open, in both themes, wide and narrow, and whether it scrolls sideways.
func (b *tab) judge(ctx context.Context, v visit) (faults []string, err error) {
	if err := chromedp.Do(ctx, evaluate(axe)); err != nil {
		return nil, err
	}
	for _, width := range []int64{1280, 390} {
		for _, name := range []string{light, dark} {
			if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), theme(name)); err != nil {
				return nil, err
			}
			found, err := ask[[]string](ctx, judge(name))
			if err != nil {
				return nil, err
			}
			for _, f := range found {
				if v.spare != "" && strings.HasPrefix(f, v.spare) {
					continue
				}
				faults = append(faults, fmt.Sprintf("%d px, %s: %s", width, name, f))
			}
			if err := v.keepPicture(ctx, fmt.Sprintf("%d-%s", width, name)); err != nil {
				return nil, err
			}
		}
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 800)); err != nil {
		return nil, err
	}
	if wide, err := ask[int](ctx, `String(document.documentElement.scrollWidth)`); err != nil || wide > 320 {
		faults = append(faults, fmt.Sprintf("is %d px wide on a screen of 320, %v", wide, err))
	}
	return faults, nil
}

var unnamable = regexp.MustCompile(`[^a-z0-9.]+`)

// keepPicture puts a picture of the page that is open into the album, if there is one.
func (v visit) keepPicture(ctx context.Context, how string) error {
	if *album == "" {
		return nil
	}
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(80))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(*album, strings.Trim(unnamable.ReplaceAllString(strings.ToLower(v.name), "-"), "-")+"-"+how+".jpg"), picture, 0o600)
}
