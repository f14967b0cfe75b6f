//go:build !demo

package node

import "hexhub/internal/surface/web/ui"

// addDemo adds nothing to what is released.
func addDemo(*ui.Web) {}
