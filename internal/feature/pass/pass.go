// Package pass lets people read private documentation in a browser, where the cookie that they have of the site must
// not reach.
//
// Documentation has origins of its own, so that its scripts cannot act for whoever reads them. Thus a browser is let
// onto such an origin by the site: with a code that works once, which it exchanges there for a cookie that is good
// there alone. Where pages lie in a sandbox, what they load comes without any cookie, and is let through by a ticket
// that lasts for minutes and stands in its address. Cookie and ticket are sealed, and name the session in which their
// bearer logged in to the site; no row of them is kept. With each use it is asked whether the session still lives and
// its user may still read, so they end when these do.
//
// The package knows rows and addresses, and neither pages nor HTTP.
package pass

import (
	"context"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

const (
	// Path is the page of the site that lets browsers onto the origins of documentation.
	Path = "/docs-access"
	// Enter is where an origin of documentation exchanges a code for a cookie. It is no page of any package.
	Enter = "/-/enter"
)

// Passes lets browsers in. It is safe for concurrent use.
type Passes struct {
	db         *store.DB
	sealer     *seal.Sealer
	origins    origin.Origins
	repository name.Repository
}

// New returns what lets browsers read documentation at the origins. The default repository is the one that addresses
// do not name.
func New(db *store.DB, sealer *seal.Sealer, origins origin.Origins, defaultRepository name.Repository) *Passes {
	return &Passes{db, sealer, origins, defaultRepository}
}

// Tables are what the package keeps.
var Tables = store.Schema{codes}

// Transient are the tables whose rows must not come back when an old state of the server is restored.
var Transient = store.Schema{codes}

// errNone is the answer to those who may not read and for what is not there.
var errNone = fault.New(fault.NotFound, "There is no documentation here. Check the spelling; if it is that of an organization, check that you are one of its members.")

// Repository returns the repository that a place is in. Of one that does not exist the zero one is returned, which is
// private.
func (s *Passes) Repository(r store.Reader, p origin.Place) org.Repository {
	repository, _ := org.Resolve(r, s.repository, p.Repository.String())
	return repository
}

// May returns nil if the actor may read documentation at the place, else the answer that he gets where nothing is. That
// there is some is not asked.
func (s *Passes) May(r store.Reader, a access.Actor, p origin.Place) error {
	if s.why(r, a, p) != nil {
		return errNone
	}
	return nil
}

// why returns the reason for which the actor may not read, which he is not told.
func (s *Passes) why(r store.Reader, a access.Actor, p origin.Place) error {
	return access.May(r, a, access.FetchDocs, access.Thing{Repository: s.Repository(r, p), Package: p.Name})
}

// bearer is whoever holds something that names a session of a browser, if that session is still good.
func bearer(r store.Reader, session string, at time.Time) (access.Actor, bool) {
	live, ok := account.LiveSession(r, session, at)
	if !ok || live.Kind != account.Browser {
		return access.Actor{}, false
	}
	u, ok := account.Users.Get(r, live.UserID)
	return access.Actor{User: u, Session: live.ID, Via: access.Browser}, ok
}

// OfSite returns who has the cookie of the site, for what lies on the site itself.
func (s *Passes) OfSite(r store.Reader, secret string, moment time.Time) (access.Actor, bool) {
	u, session, ok := account.OfCookie(r, secret, moment)
	return access.Actor{User: u, Session: session.ID, Via: access.Browser}, ok
}

// Forget deletes codes that nobody used in time.
func (s *Passes) Forget(ctx context.Context) error {
	old := time.Now().Add(-forgetGrace)
	return store.Sweep(ctx, s.db, codes, func(_ store.Reader, c code) bool { return c.ExpiresAt.Before(old) })
}

// forgetGrace is more than the clocks of nodes differ.
const forgetGrace = time.Minute
