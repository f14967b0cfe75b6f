package site

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// numbers are what the home page tells of the default repository.
type numbers struct {
	Packages, Releases int
	Newest             []newest
}

type newest struct{ Name, Version, About string }

const (
	shownNewest = 8                      // packages on the home page
	recount     = 100 * time.Millisecond // at most so often, however much is published
)

// cached keeps numbers for as long as the rows they were counted from stand.
type cached struct {
	mu   sync.Mutex // guards all below
	view *store.View
	at   time.Time
	last numbers
}

func (c *cached) now(r *http.Request, count func() (numbers, *store.View)) numbers {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.view == nil || c.view.Stale() && time.Since(c.at) >= recount {
		c.last, c.view = count()
		c.view.Close()
		c.at = time.Now()
	}
	ui.Saw(r, c.view)
	return c.last
}

// count reads the default repository, which is public; nothing private is counted.
func (s *site) count() (numbers, *store.View) {
	v := s.DB.View()
	var n numbers
	repository, err := name.ParseRepository(s.Registry.Repository)
	if err != nil {
		return n, v // the configuration was checked: it cannot be
	}
	for range catalog.ReleasesIn(v, repository) {
		n.Releases++
	}
	packages := slices.Collect(catalog.In(v, repository))
	n.Packages = len(packages)
	slices.SortFunc(packages, func(a, b catalog.Package) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), strings.Compare(a.Name.String(), b.Name.String()))
	})
	for _, p := range packages[:min(shownNewest, len(packages))] {
		about := ""
		if p.Meta.Description != nil {
			about = *p.Meta.Description
		}
		n.Newest = append(n.Newest, newest{Name: p.Name.String(), Version: p.Summary.Latest.String(), About: about})
	}
	return n, v
}
