package browser

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/store"
)

// crowd adds 20,000 packages with a version each.
func (s *site) crowd() {
	s.t.Helper()
	about := "One of many packages"
	for chunk := 0; chunk < 20_000; chunk += 200 {
		s.must(s.DB.Update(s.t.Context(), func(tx *store.Tx) error {
			for i := chunk; i < chunk+200; i++ {
				id, at := fmt.Sprintf("p%d", i), time.Unix(1_700_000_000+int64(i), 0)
				p := catalog.Package{ID: id, Repository: name.MustRepository("hexhub"), Name: name.MustPackage(id), Meta: catalog.Meta{Description: &about}}
				catalog.ImportTx(tx, p, []catalog.Release{{
					ID: "r" + id, Repository: p.Repository, Package: p.Name, Version: version.MustParse("1.0.0"), App: id, BuildTools: []string{"mix"}, InsertedAt: at, UpdatedAt: at,
				}}, nil)
			}
			return nil
		}))
	}
}

// told reports the median and a higher percentile of some milliseconds.
func told(b *testing.B, took []float64, high int) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "p50-ms")
	b.ReportMetric(took[len(took)*high/100], fmt.Sprintf("p%d-ms", high))
}

// painting notes how long after each letter suggestions were painted.
const painting = `(() => {
	const box = document.querySelector("header.top [role=combobox]"), form = box.closest("form");
	let typed = 0;
	window.paints = [];
	box.addEventListener("input", (event) => { typed = event.timeStamp; });
	new MutationObserver(() => {
		if (!typed || !document.getElementById("suggestions")) return;
		const since = typed, channel = new MessageChannel();
		typed = 0;
		channel.port1.onmessage = () => paints.push(performance.now() - since);
		requestAnimationFrame(() => channel.port2.postMessage(0)); // comes when the frame is painted
	}).observe(form, { childList: true, subtree: true });
	box.focus();
	return true;
})()`

// BenchmarkSuggestionPainted types letters into the search box of a registry with 20,000 packages, in Chromium, and tells
// how long it takes from a letter until its suggestions are painted, the 80 ms among it for which the box waits for more.
func BenchmarkSuggestionPainted(b *testing.B) {
	s := siteOf(b, hubtest.World(b, story))
	s.crowd()
	h := newHand(b, s, "anonymous", "/packages")
	h.wait("it is watched", painting)
	typed := 0
	for b.Loop() {
		if typed%4 == 0 && typed > 0 { // the box is emptied, which is no letter
			h.press(kb.Escape)
			h.press(kb.Escape)
			h.wait("the box is empty", box+`.value === ""`)
		}
		h.press("p123"[typed%4 : typed%4+1])
		typed++
		h.wait("suggestions are painted", fmt.Sprintf("paints.length >= %d", typed))
	}
	took, err := ask[[]float64](h.ctx, `JSON.stringify(paints)`)
	s.must(err)
	told(b, took, 95)
}

// arriving notes when which package came into the page.
const arriving = `(() => {
	window.arrived = {};
	new MutationObserver(() => {
		for (const a of document.querySelectorAll('#just-published a[href^="/packages/"]')) arrived[a.getAttribute("href").split("/")[2]] ??= Date.now();
	}).observe(document.getElementById("just-published").parentElement, { childList: true, subtree: true, characterData: true, attributes: true });
	return true;
})()`

// BenchmarkPublishedIsShown publishes a package every second and tells how long it takes from when the publisher sends it
// until it is in a home page that is open in Chromium, on one node.
func BenchmarkPublishedIsShown(b *testing.B) {
	s := siteOf(b, hubtest.Real(b, story))
	h := newHand(b, s, "anonymous", "/")
	h.wait("the page is live", isLive)
	h.wait("it is watched", arriving)
	owner, every := s.As("joe/all"), time.NewTicker(time.Second)
	defer every.Stop()
	var took []float64
	for b.Loop() {
		<-every.C
		pkg := fmt.Sprintf("wave%d", len(took))
		tarball, began := hubtest.Tarball(b, pkg, "1.0.0"), time.Now().UnixMilli()
		owner.Publish(tarball).Expect(b, http.StatusCreated)
		h.wait("it is there", "arrived."+pkg)
		at, err := ask[float64](h.ctx, "String(arrived."+pkg+")")
		s.must(err)
		took = append(took, at-float64(began))
	}
	told(b, took, 99)
}
