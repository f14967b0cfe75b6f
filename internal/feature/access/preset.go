package access

import "time"

// A Preset is what keys are mostly made for. A text that is none of the constants permits nothing.
type Preset string

// The presets.
const (
	PublishChosen Preset = "publish"    // publish the packages that are named, and do nothing else
	FetchOnly     Preset = "fetch"      // fetch packages from wherever the owner can
	Everything    Preset = "everything" // what the owner may do
)

// Permissions returns what a key of the preset is permitted. Packages are named as PackageResource does; of a
// preset that is not about any they are ignored.
func (p Preset) Permissions(packages ...string) []Permission {
	switch p {
	case PublishChosen:
		var all []Permission
		for _, resource := range packages {
			if resource != "" { // the domain alone would be all packages
				all = append(all, Permission{DomainPackage, resource})
			}
		}
		return all
	case FetchOnly:
		return []Permission{{Domain: DomainRepositories}}
	case Everything:
		return []Permission{{Domain: DomainAPI}, {Domain: DomainRepositories}}
	}
	return nil
}

// When a key deserves its owner's attention.
const (
	idleAfter = 90 * 24 * time.Hour
	endsSoon  = 14 * 24 * time.Hour
)

// Idle reports whether nobody has used the key for ninety days. Its last use is the zero KeyUse if there was none.
func (k Key) Idle(last KeyUse, at time.Time) bool {
	since := k.InsertedAt
	if last.At.After(since) {
		since = last.At
	}
	return at.Sub(since) > idleAfter
}

// EndsSoon reports whether the key expires within fourteen days, having been made for longer.
func (k Key) EndsSoon(at time.Time) bool {
	return k.Live(at) && k.RevokeAt != nil && k.RevokeAt.Sub(at) <= endsSoon && k.RevokeAt.Sub(k.InsertedAt) > endsSoon
}
