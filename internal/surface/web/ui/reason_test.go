package ui_test

import (
	"slices"
	"testing"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/surface/web/ui"
)

// Each reason that there is can be chosen, once.
func TestAllReasonsCanBeChosen(t *testing.T) {
	var offered []catalog.Reason
	for _, o := range ui.Reasons() {
		offered = append(offered, catalog.Reason(o.Value))
	}
	all := slices.Sorted(slices.Values(catalog.Reasons))
	if slices.Sort(offered); !slices.Equal(offered, all) {
		t.Errorf("offered are %v, want %v", offered, all)
	}
}
