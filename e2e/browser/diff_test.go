package browser

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hexhub/internal/hubtest"
)

// changed is a package in whose second version a dozen files differ, so that not all of them are shown at once.
func changed() string {
	var b strings.Builder
	b.WriteString("user pat\npackage hexhub/many owner=pat\nrelease hexhub/many 1.0.0\nrelease hexhub/many 1.1.0\n")
	for i := range 13 {
		fmt.Fprintf(&b, "-- many-1.0.0/lib/f%02d.ex --\none\ntwo\n-- many-1.1.0/lib/f%02d.ex --\none\nthree\n", i, i)
	}
	return b.String()
}

const (
	compared = "/diff/many/1.0.0..1.1.0"
	eleventh = `document.querySelector("section[aria-label='lib/f10.ex']")`
)

// newChanges is at the page with what was changed.
func newChanges(t *testing.T) hand {
	t.Helper()
	s := &site{Hub: hubtest.World(t, changed()), t: t, cookies: map[string]string{}}
	return newHand(t, s, "anonymous", compared)
}

// What was changed in a file that is not shown yet comes into the page, and the focus is at the file.
func TestFilesOfADiffComeWhenWanted(t *testing.T) {
	t.Parallel()
	h := newChanges(t)
	h.wait("ten files are shown", `document.querySelectorAll("main .changes").length === 10 && document.querySelectorAll("main a[data-load]").length === 3`)
	h.wait("one asks for the eleventh", `(`+eleventh+`.querySelector("a[data-load]").click(), true)`)
	h.wait("its lines are there", eleventh+`.querySelector("ins mark, ins code")?.textContent.includes("three")`)
	h.wait("one is at the file, on the same page", `document.activeElement === `+eleventh+`.querySelector("summary") && location.pathname + location.search === "`+compared+`"`)
	h.wait("the others wait", `document.querySelectorAll("main a[data-load]").length === 2 && document.querySelectorAll("main section[aria-label^=lib]").length === 13`)
}

// toLine opens the address of the changed line of the eleventh file, which is not shown at first.
const toLine = `(location.href = "` + compared + `?again#" + ` + eleventh + `.id + "R2", true)`

// An address may point at a line that is not shown yet: its file comes, and the line is seen and marked. The address of
// another line is one that needs no scripts, and is gone to within the page.
func TestLinesOfADiffAreFoundBeforeTheyAreThere(t *testing.T) {
	t.Parallel()
	h := newChanges(t)
	seen := func(line, text string) string {
		return `document.querySelector(":target")?.id.endsWith("` + line + `") && document.querySelector(":target").textContent.includes("` + text + `") && ` +
			`document.querySelector(":target").getBoundingClientRect().top > 0 && document.querySelector(":target").getBoundingClientRect().bottom < innerHeight`
	}
	h.wait("one opens the address", toLine)
	h.wait("the line is seen", seen("R2", "three"))
	h.wait("the others wait", `location.search === "?again" && document.querySelectorAll("main a[data-load]").length === 2`)
	const number = eleventh + `.querySelector("del a[href]")`
	h.wait("the address of a line needs no scripts", number+`.href.includes("`+compared+`?file=lib%2Ff10.ex#f-") && (`+number+`.click(), true)`)
	h.wait("one is there on the same page", `location.search === "?again" && `+seen("L2", "two"))
	h.wait("the tree leads to a file that is not there", `([...document.querySelectorAll("nav[aria-label='Changed files'] a")].at(-1).click(), true)`)
	h.wait("it comes", `document.querySelector(":target")?.matches("section[aria-label='lib/f12.ex']") && document.querySelectorAll("main a[data-load]").length === 1`)
}

// The keys j and k go from file to file, and stop at the last and the first.
func TestKeysGoThroughADiff(t *testing.T) {
	t.Parallel()
	h := newChanges(t)
	at := func(n int) string {
		return fmt.Sprintf(`document.activeElement === document.querySelector("section[aria-label='lib/f%02d.ex'] summary") && document.activeElement.getBoundingClientRect().top < innerHeight`, n)
	}
	h.command("j")
	h.wait("the first file", at(0))
	h.command("j")
	h.command("j")
	h.wait("the third", at(2))
	h.command("k")
	h.wait("the second", at(1))
	h.command("k")
	h.command("k")
	h.wait("before the first is none", at(0))
	for range 15 {
		h.command("j")
	}
	h.wait("after the last is none", at(12))
	h.wait("Enter shuts a file", `!(document.activeElement.click(), document.activeElement.closest("details").open)`)
}

// Without scripts a file lies behind a link to a page of its own, and files are shut and opened all the same.
func TestDiffsNeedNoScripts(t *testing.T) {
	t.Parallel()
	s := hubtest.World(t, changed())
	ctx, cancel := context.WithTimeout(openTab(t).ctx, 3*time.Minute)
	defer cancel()
	file := chromedp.CSS(`section[aria-label="lib/f10.ex"]`)
	err := chromedp.Do(
		ctx,
		noScripts(),
		chromedp.Navigate(s.URL+compared), chromedp.Click(file+" a[data-load]"), chromedp.WaitVisible(file+" .changes"),
		chromedp.Click(file+" summary"), chromedp.WaitVisible(file+" details:not([open])"),
		chromedp.Click(chromedp.CSS(`main a[href="`+compared+`"]`)), chromedp.WaitVisible(file+" a[data-load]"),
		chromedp.Navigate(s.URL+compared+"?file=lib%2Ff10.ex"), chromedp.Click(file+" ins a[href]"), chromedp.WaitVisible(file+" ins:target"),
	)
	if at, _ := chromedp.Run(ctx, chromedp.Location()); err != nil {
		t.Errorf("at %s: %v", at, err)
	}
}
