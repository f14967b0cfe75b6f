package gallery_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hexhub/internal/surface/web/gallery"
	"hexhub/internal/surface/web/ui"
)

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
