package org

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Repository is a set of packages that is served and signed under one name: the server's default
// one, or that of an organization.
type Repository struct {
	Name       name.Repository `json:"name"`
	Public     bool            `json:"public,omitempty"`
	Org        name.Repository `json:"org"`               // zero for the default repository
	Windows    bool            `json:"windows,omitempty"` // versions may be replaced for a while, as on hex.pm; else never
	InsertedAt time.Time       `json:"inserted_at"`
	UpdatedAt  time.Time       `json:"updated_at"`
}

// Default reports whether r is the server's own repository rather than an organization's.
func (r Repository) Default() bool {
	return r.Name != (name.Repository{}) && r.Org == (name.Repository{})
}

// EnsureDefault makes the server's default repository, public and with hex.pm's windows, if it is not
// there. A server that has one under another name refuses, for its packages would be lost from sight.
func (s *Orgs) EnsureDefault(ctx context.Context, n name.Repository) (Repository, error) {
	for r := range Repositories.All(s.db.View()) {
		if r.Default() && r.Name != n {
			return Repository{}, fmt.Errorf("the default repository of this server is named %s, not %s: set repository.name back, or start with empty data", r.Name, n)
		}
	}
	at := now()
	fresh := Repository{Name: n, Public: true, Windows: true, InsertedAt: at, UpdatedAt: at}
	var kept Repository
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		var ok bool
		switch kept, ok = Repositories.Get(tx, n.String()); {
		case ok && !kept.Default():
			return fault.New(fault.Conflict, "the repository %s belongs to an organization; set another repository.name", n)
		case ok:
			return nil
		}
		kept = fresh
		holdTx(tx, n, at)
		Repositories.Put(tx, fresh)
		return nil
	})
	return kept, err
}

// holdTx keeps users from taking the repository's name. One who has it already may keep it.
func holdTx(tx *store.Tx, n name.Repository, at time.Time) {
	if _, held := account.Names.Get(tx, n.String()); !held {
		account.Names.Put(tx, account.Holder{Name: n.String(), Ref: "repository:" + n.String(), Since: at})
	}
}

// AllNames are the names of all repositories, in order.
func AllNames(v *store.View) (all []name.Repository) {
	for r := range Repositories.All(v) {
		all = append(all, r.Name)
	}
	return all
}

// Resolve finds the repository that a client means by a name: the empty text, "hexpm" and the default
// repository's own name mean the default one, and the part before a colon, which some clients send,
// is ignored. Names of repositories are told apart by case.
func Resolve(r store.Reader, defaultName name.Repository, text string) (Repository, bool) {
	if _, after, prefixed := strings.Cut(text, ":"); prefixed {
		if text = after; text == "" {
			return Repository{}, false
		}
	}
	if text == "" || text == "hexpm" {
		text = defaultName.String()
	}
	n, err := name.ParseRepository(text)
	if err != nil || n.String() != text {
		return Repository{}, false
	}
	return Repositories.Get(r, text)
}
