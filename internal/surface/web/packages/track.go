package packages

import (
	"fmt"
	"slices"

	"hexhub/hex/version"
	"hexhub/internal/feature/catalog"
)

// A track is the versions that differ in no more than their last number.
type track struct {
	Name     string            // such as 1.7
	Releases []catalog.Release // the newest first
}

// tracks are those of releases in ascending order, the newest first. They share one copy of the releases.
func tracks(ascending []catalog.Release) []track {
	down := slices.Clone(ascending)
	slices.Reverse(down)
	var all []track
	for len(down) > 0 {
		first := down[0].Version
		n := slices.IndexFunc(down, func(r catalog.Release) bool {
			return r.Version.Major() != first.Major() || r.Version.Minor() != first.Minor()
		})
		if n < 0 {
			n = len(down)
		}
		all = append(all, track{fmt.Sprintf("%d.%d", first.Major(), first.Minor()), down[:n:n]})
		down = down[n:]
	}
	return all
}

// newer counts the releases that somebody who has v may want to go on to: stable ones that follow it, and all
// if there is none.
func newer(releases []catalog.Release, newest, v version.Version) (n int) {
	for _, r := range releases {
		if r.Version.Compare(v) > 0 && r.Version.Compare(newest) <= 0 && (newest.IsPre() || !r.Version.IsPre()) {
			n++
		}
	}
	return n
}

// Bounds of the menu of versions, beyond which it leads to the page that has them all.
const (
	menuTracks   = 12
	menuPerTrack = 8
)

// shortened are the newest of the newest tracks.
func shortened(all []track) []track {
	short := slices.Clone(all[:min(len(all), menuTracks)])
	for i, t := range short {
		short[i].Releases = t.Releases[:min(len(t.Releases), menuPerTrack)]
	}
	return short
}
