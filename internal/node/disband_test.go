package node_test

import (
	"bytes"
	"fmt"
	"testing"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// empty takes back all that guild has, whose versions are not kept for ever here.
func (h *leaver) empty() {
	h.t.Helper()
	system := access.SystemActor("test")
	h.must(h.DB.Update(h.t.Context(), func(tx *store.Tx) error {
		r, _ := org.Repositories.Get(tx, guild.String())
		r.Windows = true
		org.Repositories.Put(tx, r)
		return nil
	}))
	v := h.DB.View()
	defer v.Close()
	for r := range catalog.ReleasesIn(v, guild) {
		h.must(h.Catalog.Revert(h.t.Context(), system, r.Ref(), r.Version))
	}
	for p := range catalog.OwnedBy(v, access.OfOrg(guild)) {
		if p.Repository != guild {
			h.must(h.Catalog.SetOwner(h.t.Context(), system, p.Ref(), "eva", access.Full, true))
		}
	}
}

// Z3, Z7: with an organization ends all that was had through it, by every way, and nobody can take its name.
func TestZ7ADeletedOrganizationIsAbsent(t *testing.T) {
	t.Parallel()
	h := newLeaver(t)
	if err := h.Orgs.Delete(t.Context(), audit.By{}, guild); !fault.Is(err, fault.Conflict) {
		t.Fatalf("with packages: %v", err)
	}
	h.empty()
	h.must(h.Orgs.Delete(t.Context(), audit.By{}, guild))
	if got, want := h.good(), "key:known slim: swap:known token:known word:known page:known"; got != want {
		t.Errorf("afterwards:\n%s, want\n%s", got, want)
	}
	if got := h.As("guild/bot").Get("/api/repos/guild/packages").Status; got != 401 {
		t.Errorf("its own key is answered %d", got)
	}
	if _, err := h.Orgs.Create(t.Context(), audit.By{}, guild, h.user("wim").ID); !fault.Is(err, fault.Invalid) {
		t.Errorf("its name can be taken: %v", err)
	}
	for who, c := range map[string]hubtest.Client{"nobody": h.Anonymous(), "its administrator": h.As("eva/all"), "the site's": h.As("root/all")} {
		h.looksAbsent(who, c)
	}
}

// looksAbsent compares what is answered about guild with what is answered about what never was.
func (h *leaver) looksAbsent(who string, c hubtest.Client) {
	h.t.Helper()
	for _, path := range []string{
		"/api/orgs/%s", "/api/orgs/%s/members", "/api/repos/%s", "/api/repos/%s/packages", "/api/repos/%s/packages/vault", "/repo/repos/%s/names",
		"/repo/repos/%s/packages/vault", "/repo/repos/%s/tarballs/vault-1.0.0.tar", "/repo/repos/%s/public_key", "/packages/%s/vault", "/orgs/%s",
	} {
		got, want := c.Get(fmt.Sprintf(path, "guild")), c.Get(fmt.Sprintf(path, "ghost"))
		same := path == "/packages/%s/vault" || path == "/orgs/%s" || bytes.Equal(got.Body, bytes.ReplaceAll(want.Body, []byte("ghost"), []byte("guild")))
		if got.Status != want.Status || !same {
			h.t.Errorf("%s is answered about "+path+" %d %.200s, and about another %d %.200s", who, "guild", got.Status, got.Body, want.Status, want.Body)
		}
	}
}
