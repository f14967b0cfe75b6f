package packages_test

import (
	"strings"
	"testing"

	"hexhub/internal/feature/audit"
	"hexhub/internal/hubtest"
)

// Where everybody may publish, search engines leave out what is new, for as long as the administrator says.
func TestNewPackagesAreUnlistedWhereAllMayRegister(t *testing.T) {
	h := hubtest.World(t, "user joe\npackage hexhub/decimal owner=joe\nrelease hexhub/decimal 1.0.0\n")
	unlisted := func() bool {
		t.Helper()
		return strings.Contains(string(h.Anonymous().Get("/packages/decimal").Expect(t, 200).Body), `<meta name="robots" content="noindex, follow">`)
	}
	set := func(name, value string) {
		t.Helper()
		if err := h.Settings.Set(t.Context(), audit.By{}, name, value); err != nil {
			t.Fatal(err)
		}
	}
	if !unlisted() {
		t.Error("a new package of a registry that is open is listed")
	}
	set("site.noindex", "0")
	if unlisted() {
		t.Error("the administrator lists all, and it is not listed")
	}
	set("site.noindex", "30d")
	set("registration", "invite")
	if unlisted() {
		t.Error("a new package of a registry that is not open is not listed")
	}
	for _, bad := range []string{"", "soon", "-1d"} {
		if err := h.Settings.Set(t.Context(), audit.By{}, "site.noindex", bad); err == nil {
			t.Errorf("%q is taken for a time", bad)
		}
	}
}
