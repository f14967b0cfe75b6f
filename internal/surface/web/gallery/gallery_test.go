package gallery_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hexhub/internal/surface/web/gallery"
	"hexhub/internal/surface/web/ui"
)

// wholes are components that are no piece of a page but most of one, or pieces of one that is shown.
var wholes = []string{"AlmostReady", "Frame", "Guides", "Within", "Chips", "Copy", "Link", "Marked", "States", "ProfileFields", "Live"}

// Whoever makes a component shows it here.
func TestEveryComponentIsShown(t *testing.T) {
	var shown strings.Builder
	for _, name := range []string{"gallery.go", "gallery.templ"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	sources, err := filepath.Glob("../ui/*.templ")
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	component := regexp.MustCompile(`(?m)^templ (?:\([^)]*\) )?([A-Z]\w*)\(`)
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range component.FindAllStringSubmatch(string(text), -1) {
			if name := m[1]; !slices.Contains(wholes, name) && !strings.Contains(shown.String(), "."+name+"(") {
				t.Errorf("%s has the component %s, which the gallery does not show", source, name)
			}
		}
	}
}

// Each component is seen in both themes.
func TestGalleryShowsBothThemes(t *testing.T) {
	web := ui.New(ui.Options{URL: "http://127.0.0.1", Repository: "acme", Log: slog.New(slog.DiscardHandler)})
	gallery.Register(web)
	rec := httptest.NewRecorder()
	web.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, gallery.Path, nil))
	light, dark := strings.Count(rec.Body.String(), `data-theme="comb"`), strings.Count(rec.Body.String(), `data-theme="comb-dark"`)
	if rec.Code != http.StatusOK || light < 15 || light != dark {
		t.Errorf("status %d, %d components in light and %d in dark", rec.Code, light, dark)
	}
}
