// Package site is what people see in a browser: the home page, which shows how to connect clients, and
// the pages on which the first administrator is created.
//
// It renders what the rooms know and decides nothing. Every page is plain HTML that works without
// scripts, in light and dark, and is built whole before a byte of it is sent.
package site

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/kernel/store"
)

//go:embed pages.html site.css favicon.svg
var files embed.FS

// Deps are what the site shows and uses.
type Deps struct {
	DB       *store.DB
	Accounts *account.Accounts
	Access   *access.Access
	Catalog  *catalog.Catalog
	Registry connect.Registry // without a key
	Version  string           // of the program
	Log      *slog.Logger
}

// New returns the handler of everything that is neither API nor repository.
func New(d Deps) http.Handler {
	s := &site{Deps: d, pages: template.Must(template.ParseFS(files, "pages.html"))}
	css := must(files.ReadFile("site.css"))
	sum := sha256.Sum256(css)
	s.style = "/assets/" + hex.EncodeToString(sum[:8]) + ".css"

	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.page(s.home))
	mux.Handle("GET /setup", s.page(s.setup))
	mux.Handle("POST /setup", s.page(s.createAdministrator))
	mux.Handle("GET /setup/{token}", s.page(s.openSetup))
	mux.Handle("GET "+s.style, asset("text/css; charset=utf-8", css))
	mux.Handle("GET /favicon.svg", asset("image/svg+xml", must(files.ReadFile("favicon.svg"))))
	mux.Handle("GET /robots.txt", asset("text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /setup\n")))
	mux.Handle("/", s.page(s.notFound))
	return http.NewCrossOriginProtection().Handler(mux)
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err) // the files are in the binary
	}
	return b
}

type site struct {
	Deps
	pages   *template.Template
	style   string
	numbers cached
}

// view is what every page's template may show.
type view struct {
	Title, Repository, Style, Version string

	Heading, Problem string
	Errors           map[string]string
	Username, Email  string
	Guides           []connect.Guide
	Fingerprint      string
	Numbers          numbers
}

func (s *site) view(title string) view {
	if title != "" {
		title += " · "
	}
	return view{Title: title + s.Registry.Repository, Repository: s.Registry.Repository, Style: s.style, Version: s.Version, Fingerprint: s.Registry.Fingerprint}
}

// page turns a function that renders into a handler with the headers that every page has.
func (s *site) page(render func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if err := render(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// show renders a template whole, then sends it.
func (s *site) show(w http.ResponseWriter, status int, name string, v view) error {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, v); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-cache")
	}
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	if err != nil {
		s.Log.Debug("visitor went away", "err", err)
	}
	return nil
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
