//go:build demo

package node

import (
	"hexhub/internal/surface/web/gallery"
	"hexhub/internal/surface/web/ui"
)

// addDemo adds what only those see who build pages.
func addDemo(w *ui.Web) { gallery.Register(w) }
