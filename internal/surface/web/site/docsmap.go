package site

import (
	"net/http"
	"sync"
	"time"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// A docsmap keeps the lists of addresses of documentation for a while: robots are in no hurry.
type docsmap struct {
	mu    sync.Mutex // guards all below
	at    time.Time
	files [][]byte
}

// keepDocsmap is how old the list may be.
const keepDocsmap = time.Minute

// docsSitemap lists the documentation that everybody may read, each at its latest.
func (s *site) docsSitemap(r *http.Request) (ui.File, error) {
	m := &s.docsmap
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Now(); now.Sub(m.at) > keepDocsmap {
		v := s.DB.View()
		m.files, m.at = inParts(s.documented(v), s.Registry.URL+"/docs_sitemap.xml"), now
		v.Close()
	}
	return partOf(r, m.files)
}

// documented are the addresses of all public documentation.
func (s *site) documented(v *store.View) []address {
	var out []address
	for p := range catalog.In(v, s.Default) {
		if p.DocsUpdatedAt.IsZero() {
			continue // it never had any
		}
		if _, ok := docs.Of(v, p.Ref()).Latest(); ok {
			out = append(out, address{s.Docs.Package(p.Ref()), p.DocsUpdatedAt})
		}
	}
	return out
}
