package ui

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

// A File is an answer without a frame that is the same for everybody: a feed, a picture, a list for robots.
type File struct {
	Kind string // its media type
	Keep string // for how long it may be kept, as Cache-Control has it
	Body []byte

	// Make makes the body of a file that costs something, when it is needed; the tag stands for what it depends on.
	// Without it, the body is there.
	Make func(context.Context) ([]byte, error)
	Tag  string
}

// File adds a file at a pattern of http.ServeMux. It may be shown on other sites. Whoever asks is nobody there; an
// error is a page, as for somebody whom nobody knows.
func (u *Web) File(pattern string, read func(*http.Request) (File, error)) {
	u.handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := read(r)
		if err == nil && f.Make == nil {
			f.Tag = Tag(string(f.Body))
		}
		if err == nil && f.Make != nil && r.Header.Get("If-None-Match") != `"`+f.Tag+`"` {
			f.Body, err = f.Make(r.Context())
		}
		if err != nil {
			u.Refuse(err).ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.Kind)
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Cache-Control", f.Keep)
		if f.Tag != "" {
			h.Set("ETag", `"`+f.Tag+`"`)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.Body))
	}))
}

// Tag returns what stands for the texts, in order, as the tag of an answer that depends on them alone.
func Tag(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		one := sha256.Sum256([]byte(text))
		sum.Write(one[:])
	}
	return hex.EncodeToString(sum.Sum(nil)[:12])
}
