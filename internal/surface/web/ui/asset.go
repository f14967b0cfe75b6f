package ui

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// addAssets serves the style sheet under a name made from its content, so that it is kept for ever, and
// what browsers and robots ask for by fixed names.
func (u *Web) addAssets() {
	css := must(files.ReadFile("ui.css"))
	sum := sha256.Sum256(css)
	u.style = "/assets/" + hex.EncodeToString(sum[:8]) + ".css"
	u.handle("GET "+u.style, asset("text/css; charset=utf-8", css))
	u.handle("GET /favicon.svg", asset("image/svg+xml", must(files.ReadFile("favicon.svg"))))
	u.handle("GET /robots.txt", asset("text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /setup\n")))
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err) // the files are in the binary
	}
	return b
}

func asset(kind string, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}
