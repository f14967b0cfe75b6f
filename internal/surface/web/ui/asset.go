package ui

import (
	"bytes"
	"net/http"
	"sync"
	"time"

	"hexhub/assets"
	"hexhub/internal/kernel/card"
	"hexhub/internal/surface/call"
)

// addAssets serves what pages use, under names that tell the content, so that it is kept for ever, and what
// browsers ask for by a fixed name.
func (u *Web) addAssets() {
	absent := u.page(notFound)
	u.handle("GET /assets/{name}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := assets.Files()[r.PathValue("name")]
		if !ok {
			if f, ok = u.ownAsset(r.PathValue("name")); !ok {
				absent.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Security-Policy", ownPolicy)
		}
		asset(f).ServeHTTP(w, r)
	}))
	for _, path := range []string{"/favicon.png", "/favicon.ico"} { // browsers ask for the second without being told of it
		u.File("GET "+path, func(*http.Request) (File, error) {
			body, err := icon()
			return File{Kind: "image/png", Keep: "public, max-age=86400", Body: body}, err
		})
	}
}

// icon is as large as every page says.
var icon = sync.OnceValues(func() ([]byte, error) { return card.Icon(96) })

// ownPolicy lets a file that is not ours do nothing by itself: an SVG that is opened as a page can have scripts.
const ownPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

func asset(f assets.File) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", f.Kind)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		body := f.Plain
		if len(f.Small) > 0 {
			h.Set("Vary", "Accept-Encoding")
			if encoding := smallest(r, f.Small); encoding != "" {
				body = f.Small[encoding]
				h.Set("Content-Encoding", encoding)
			}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

// smallest returns the best encoding that there is and the browser takes, or nothing.
func smallest(r *http.Request, there map[string][]byte) string {
	for _, encoding := range []string{"br", "gzip"} {
		if there[encoding] != nil && call.Takes(r, encoding) {
			return encoding
		}
	}
	return ""
}
