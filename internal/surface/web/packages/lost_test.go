package packages_test

import (
	"net/http"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

// What was taken back is told to those who could read it, with what there is instead; to all others it looks like what
// never was.
func TestWhatWasTakenBackIsGone(t *testing.T) {
	s := newSite(t)
	s.takeBack(t, "hub", "decimal", "1.0.0")
	p := s.page(http.StatusGone, "/packages/decimal/1.0.0", visit{})
	if got := words(p.one(t, "main", "", "")); !strings.Contains(got, "Version 1.0.0 of decimal was taken back on") {
		t.Errorf("it says %s", got)
	}
	p.one(t, "a", "href", "/packages/decimal/versions")
	s.page(http.StatusNotFound, "/packages/decimal/7.0.0", visit{})

	s.takeBack(t, "hub", "early", "0.1.0-dev")
	for _, path := range []string{"/packages/early", "/packages/early/0.1.0-dev", "/packages/early/versions"} {
		if got := words(s.page(http.StatusGone, path, visit{}).one(t, "main", "", "")); !strings.Contains(got, "was taken back on") {
			t.Errorf("%s says %s", path, got)
		}
	}
}

// L4: nobody learns from a page that a private package was here.
func TestL4WhatWasTakenBackInPrivateLooksAbsent(t *testing.T) {
	s := newSite(t)
	err := s.db.Update(t.Context(), func(tx *store.Tx) error {
		r, _ := org.Repositories.Get(tx, "guild")
		r.Windows = true
		org.Repositories.Put(tx, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.takeBack(t, "guild", "vault", "1.0.0")
	s.page(http.StatusGone, "/packages/guild/vault", visit{as: "eva"})
	for _, who := range []string{"", "sam"} {
		was := s.page(http.StatusNotFound, "/packages/guild/vault", visit{as: who}).raw
		never := s.page(http.StatusNotFound, "/packages/guild/never", visit{as: who}).raw
		if strings.ReplaceAll(was, "vault", "never") != never {
			t.Errorf("they differ for %q:\n%s\n%s", who, was, never)
		}
	}
}

func (s *site) takeBack(t *testing.T, repository, pkg, ver string) {
	t.Helper()
	c := catalog.New(s.db, catalog.Options{DefaultRepository: name.MustRepository("hub")})
	ref := catalog.Ref{Repository: name.MustRepository(repository), Name: name.MustPackage(pkg)}
	if err := c.Revert(t.Context(), access.SystemActor("test"), ref, version.MustParse(ver)); err != nil {
		t.Fatal(err)
	}
}
