package catalog

import (
	"time"

	"hexhub/internal/feature/org"
)

// The windows of hex.pm in which a version in a public repository may be published again or reverted.
const (
	releaseWindow = time.Hour      // after its publication
	packageWindow = 24 * time.Hour // after that of the package's first version
)

// Grace is for how long the tarball of a replaced or reverted version is kept.
const Grace = 30 * 24 * time.Hour

// open reports whether a release may be replaced or reverted at the time. Versions are immutable unless
// the repository opts for hex.pm's windows, which never close in a private one.
func open(repository org.Repository, pkg, release, at time.Time) bool {
	switch {
	case !repository.Windows:
		return false
	case !repository.Public:
		return true
	}
	return at.Sub(release) <= releaseWindow || at.Sub(pkg) <= packageWindow
}

// RevertibleUntil tells until when a release may be taken back, or false if it may not any more, if ever. The
// zero time is for ever.
func RevertibleUntil(repository org.Repository, p Package, r Release, at time.Time) (until time.Time, ok bool) {
	if !open(repository, p.InsertedAt, r.InsertedAt, at) {
		return time.Time{}, false
	}
	if !repository.Public {
		return time.Time{}, true
	}
	until = r.InsertedAt.Add(releaseWindow)
	if whole := p.InsertedAt.Add(packageWindow); whole.After(until) {
		until = whole
	}
	return until, true
}

// The words for a window that is closed; the first two are hex.pm's.
const (
	tooLateToReplace = "can only modify a release up to one hour after publication"
	tooLateToRevert  = "can only delete a release up to one hour after publication"
	immutable        = "versions in this repository are immutable; publish a new version, or retire this one"
)

// closed says why, given the words for a window that was open once.
func closed(repository org.Repository, tooLate string) string {
	if !repository.Windows {
		return immutable
	}
	return tooLate
}

// mayVanish reports whether a package could lose its last release about now. It errs on the side of yes, by more than
// clocks of a cluster may differ.
func mayVanish(repository org.Repository, p Package, at time.Time) bool {
	removed := !p.RemovingAt.IsZero() && at.Sub(p.RemovingAt) <= time.Hour
	return removed || repository.Windows && (!repository.Public || at.Sub(p.UpdatedAt) <= packageWindow+time.Hour)
}

// Settled reports whether a release's tarball can no longer be replaced by another. It errs on the side
// of no, by more than clocks of a cluster may differ.
func Settled(repository org.Repository, r Release, at time.Time) bool {
	return !repository.Windows || repository.Public && at.Sub(r.InsertedAt) > packageWindow+time.Hour
}
