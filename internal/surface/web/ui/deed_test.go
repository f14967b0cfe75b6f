package ui_test

import (
	"testing"

	"hexhub/internal/feature/audit"
	"hexhub/internal/surface/web/ui"
)

func TestDeedsNameOwnersAndReasons(t *testing.T) {
	for _, c := range []struct {
		action string
		params map[string]any
		want   string
	}{
		{"owner.add", params("level", "maintainer"), "ada became a maintainer of decimal"},
		{"owner.update", params("level", "full"), "ada is now an owner of decimal"},
		{"owner.remove", params("level", "full"), "ada is no longer an owner of decimal"},
		{"owner.transfer", params("level", "full"), "decimal was given to ada"},
		{"owner.add", map[string]any{"package": map[string]any{"name": "decimal"}, "organization": map[string]any{"name": "acme"}}, "acme became an owner of decimal"},
		{"owner.add", map[string]any{"package": map[string]any{"name": "decimal"}}, "An owner was added to decimal"},
		{"release.retire", map[string]any{"package": map[string]any{"name": "decimal"}, "release": map[string]any{"version": "1.0.0", "retirement": map[string]any{"status": "security", "message": "use 1.0.1"}}}, "decimal 1.0.0 was retired: security: use 1.0.1"},
	} {
		if got := ui.DeedInWords(audit.Entry{Action: c.action, Params: c.params}); got != c.want {
			t.Errorf("%s: %q, want %q", c.action, got, c.want)
		}
	}
}

func params(name string, value any) map[string]any {
	return map[string]any{"package": map[string]any{"name": "decimal"}, "user": map[string]any{"username": "ada"}, name: value}
}
