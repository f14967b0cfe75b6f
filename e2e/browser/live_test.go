package browser

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"hexhub/internal/hubtest"
)

// What is published while one looks comes into the page, and takes from the reader neither his words, nor his place in
// them, nor what he has folded out.
func TestPagesChangeUnderTheReader(t *testing.T) {
	s := newSite(t)
	for path, shows := range map[string]string{
		"/":                 `document.querySelector('#just-published a[href^="/packages/fresh"]')`,
		"/packages/decimal": `document.querySelector("main h1").parentElement.textContent.includes("1.2.0")`,
	} {
		h := newHand(t, s, "anonymous", path)
		h.wait("the page is live", isLive)
		h.wait("what changes pages was not needed", `!performance.getEntriesByType("resource").some((e) => e.name.includes("/morph."))`)
		search := `(document.querySelector("main [role=combobox]") ?? ` + box + `)`
		h.wait("the hand is in a search box", `(`+search+`.focus(), true)`)
		h.press("dec")
		h.wait("suggestions are out", `document.getElementById("suggestions")`)

		owner := s.As("joe/all")
		if path == "/" {
			owner.Publish(hubtest.Tarball(t, "fresh", "1.0.0")).Expect(t, http.StatusCreated)
		} else {
			owner.Publish(hubtest.Tarball(t, "decimal", "1.2.0")).Expect(t, http.StatusCreated)
		}
		h.wait("what was published is there", shows)
		h.wait("what changes pages was fetched", `performance.getEntriesByType("resource").some((e) => e.name.includes("/morph."))`)
		h.wait("focus and words are as they were", search+` === document.activeElement && `+search+`.value === "dec" && `+search+`.selectionStart === 3`)
		h.wait("suggestions are out still", `document.getElementById("suggestions")`)
	}
}

const isLive = `document.querySelector("#live[data-state=on]")`

// score is how many releases are published while one looks: as many as in a busy minute.
const score = 20

// mostLiveShift is how much may move while a page is open and updated.
const mostLiveShift = 0.01

// What comes into a page that is open does not make it jump, however much comes.
func TestLivePagesDoNotJump(t *testing.T) {
	s := newSite(t)
	for _, p := range []struct{ who, path, pkg, shows string }{
		{"anonymous", "/", "wave%d", `document.querySelector('#just-published a[href^="/packages/wave%d"]')`},
		{"anonymous", "/packages/decimal", "decimal", `document.querySelector("main").textContent.includes("2.%d.0")`},
		{"root", "/admin", "tide%d", `true`},
	} {
		h := newHand(t, s, p.who, p.path)
		h.wait("the page is live", isLive)
		h.wait("what moves is seen", `document.fonts.status === "loaded" && (window.moved ??= 0, window.watching ??= (new PerformanceObserver((list) => {
			for (const e of list.getEntries()) if (!e.hadRecentInput) window.moved += e.value;
		}).observe({ type: "layout-shift" }), true))`)
		for i := range score {
			pkg := p.pkg
			if pkg != "decimal" {
				pkg = fmt.Sprintf(pkg, i)
			}
			s.As("joe/all").Publish(hubtest.Tarball(t, pkg, fmt.Sprintf("2.%d.0", i))).Expect(t, http.StatusCreated)
			shows := p.shows
			if shows != "true" {
				shows = fmt.Sprintf(shows, i)
			}
			h.wait("what was published is there", shows)
		}
		h.wait("it is painted", `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
		moved, err := ask[float64](h.ctx, `String(window.moved)`)
		if err != nil {
			t.Fatal(err)
		}
		if moved > mostLiveShift {
			t.Errorf("%s jumps by %g while %d releases are published", p.path, moved, score)
		}
		t.Logf("%s moves by %g", p.path, moved)
	}
}

// A tab that nobody sees has no stream, and has one again when it is seen, with what came meanwhile.
func TestHiddenTabsHoldNoStream(t *testing.T) {
	s := newSite(t)
	h := newHand(t, s, "anonymous", "/")
	h.wait("the page is live", isLive)
	s.await(t, 1)
	h.see(false)
	s.await(t, 0)
	s.As("joe/all").Publish(hubtest.Tarball(t, "meanwhile", "1.0.0")).Expect(t, http.StatusCreated)
	h.see(true)
	h.wait("what came meanwhile is there", `document.querySelector('#just-published a[href^="/packages/meanwhile"]')`)
	s.await(t, 1)
}

// see lets the tab be seen, or be behind another.
func (h hand) see(yes bool) {
	h.t.Helper()
	h.wait("the tab is told", `(Object.defineProperty(document, "hidden", { value: `+strconv.FormatBool(!yes)+`, configurable: true }), document.dispatchEvent(new Event("visibilitychange")), true)`)
}

// await waits until the registry has so many streams open.
func (s *site) await(t *testing.T, streams float64) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); s.streams() != streams; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%g streams are open, want %g", s.streams(), streams)
		}
	}
}

// streams is how many there are, as the registry tells Prometheus.
func (s *site) streams() float64 {
	s.t.Helper()
	families, err := s.Metrics.Gather()
	s.must(err)
	for _, f := range families {
		if f.GetName() == "hexhub_live_streams" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	s.t.Fatal("nothing tells how many streams are open")
	return 0
}
