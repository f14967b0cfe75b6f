package packages_test

import (
	"net/http"
	"strings"
	"testing"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
)

// there reports whether a version of decimal is there.
func (s *site) there(t *testing.T, v string) bool {
	t.Helper()
	_, ok := catalog.GetRelease(s.db.View(), s.decimal(t).Ref(), version.MustParse(v))
	return ok
}

// Whoever takes a version back says why, once he was told whom that concerns. The owners read the reason, and nobody else.
func TestVersionsAreTakenBackForAReason(t *testing.T) {
	s := newSite(t)
	s.fetched("decimal", "1.0.0", 3)
	settings := visit{as: "jose", method: http.MethodPost}
	form := words(s.page(200, "/packages/decimal/settings", visit{as: "jose"}).one(t, "main", "", ""))
	for _, want := range []string{"UTC: 3 downloads, 3 this week", "No package that you may see depends on decimal."} {
		if !strings.Contains(form, want) {
			t.Errorf("the form lacks %q: %s", want, form)
		}
	}
	for what, wrong := range map[string]filled{
		"reason: must be given": {"deed": "revert", "version": "1.0.0", "sure": "yes"},
		"Tick the box":          {"deed": "revert", "version": "1.0.0", "reason": "it was a mistake"},
	} {
		settings.form = wrong.values()
		p := s.page(http.StatusUnprocessableEntity, "/packages/decimal/settings", settings)
		if got := words(p.one(t, "main", "", "")); !strings.Contains(strings.ToLower(got), strings.ToLower(strings.TrimPrefix(what, "reason: "))) || !s.there(t, "1.0.0") {
			t.Errorf("it does not say %q, or the version is gone: %s", what, got)
		}
	}
	settings.form = filled{"deed": "revert", "version": "1.0.0", "reason": "it was a <b>mistake", "sure": "yes"}.values()
	if rec := s.ask("/packages/decimal/settings", settings); rec.Code != http.StatusSeeOther || s.there(t, "1.0.0") {
		t.Fatalf("%d, and it is there: %v", rec.Code, s.there(t, "1.0.0"))
	}
	for who, reads := range map[string]bool{"": false, "eva": false, "sam": true, "jose": true} {
		got := words(s.page(200, "/packages/decimal/audit-logs", visit{as: who}).one(t, "main", "", ""))
		if strings.Contains(got, "it was a <b>mistake") != reads {
			t.Errorf("%q reads the reason = %t: %s", who, !reads, got)
		}
	}
}
