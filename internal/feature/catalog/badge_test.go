package catalog_test

import (
	"testing"

	"hexhub/internal/feature/catalog"
)

// Badges of a private package are shared by those who may write, with one secret at a time, and by nobody after it was
// taken back.
func TestBadgesAreSharedByOneSecret(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.publish(t, "ann", tool, "1.0.0")
	w.publish(t, "joe", jason, "1.0.0")
	secret := func() string {
		t.Helper()
		p, _ := catalog.Get(w.db.View(), tool)
		if p.ShowsBadges("") || p.ShowsBadges("a guess") {
			t.Error("badges are shown to everybody")
		}
		return p.BadgeSecret
	}
	if secret() != "" {
		t.Error("badges are shared that nobody has shared")
	}
	check(t, "a reader shares", w.ShareBadges(ctx, w.as("rob"), tool), isForbidden)
	check(t, "a public package", w.ShareBadges(ctx, w.as("joe"), jason), "repository is public, and so are its badges")
	check(t, "a writer shares", w.ShareBadges(ctx, w.as("wes"), tool), "ok")
	first := secret()
	check(t, "a writer shares again", w.ShareBadges(ctx, w.as("wes"), tool), "ok")
	p, _ := catalog.Get(w.db.View(), tool)
	if first == "" || p.ShowsBadges(first) || !p.ShowsBadges(p.BadgeSecret) {
		t.Error("not the newest secret alone shows badges")
	}
	check(t, "hide", w.HideBadges(ctx, w.as("ann"), tool), "ok")
	if now := secret(); now != "" {
		t.Errorf("badges are shared still, by %q", now)
	}
}

// Z5: whoever gets a package gets it without the addresses that others gave out.
func TestZ5TransferEndsSharedBadges(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "ann", tool, "1.0.0")
	check(t, "share", w.ShareBadges(t.Context(), w.as("ann"), tool), "ok")
	check(t, "transfer", w.SetOwner(t.Context(), w.as("ann"), tool, "wes", "", true), "ok")
	if p, _ := catalog.Get(w.db.View(), tool); p.BadgeSecret != "" {
		t.Error("badges are shared still")
	}
}
