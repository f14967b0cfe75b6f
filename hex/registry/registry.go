// Package registry writes and reads the signed files of a Hex repository: names,
// versions, one file per package, and policies.
//
// It knows the format: which fields are written and which are left out, in what
// order, how a payload is signed, wrapped and named. It refuses to know where
// the facts come from or how the files are served. In particular it does not
// compare versions: whoever calls lists them in ascending precedence.
//
// A [Signer] signs what it has itself built from [Names], [Versions], [Package]
// or [Policy], and nothing else, so that a server cannot be talked into signing
// a stranger's bytes. Reading is the other way round: the bytes are a stranger's
// until the signature holds, and then still have to be about what was asked for.
//
// The format is hex_core's; see registry.proto.
package registry

//go:generate go -C ../../tools run ./protogen hex/registry/registry.proto

import "time"

// Names is the list of every package in a repository.
type Names struct {
	Repository string
	Packages   []NamesEntry // in any order; written by name
}

// A NamesEntry is one package in [Names].
type NamesEntry struct {
	Name      string
	UpdatedAt time.Time // written to the microsecond; zero leaves it out
}

// Versions is the list of every version of every package in a repository.
type Versions struct {
	Repository string
	Packages   []VersionsEntry // in any order; written by name
}

// A VersionsEntry is one package in [Versions]. One without versions is not
// written, and refused when read.
type VersionsEntry struct {
	Name     string
	Versions []VersionFlags // in ascending precedence
}

// VersionFlags is one version and what a resolver must know before it opens the
// package's own file.
type VersionFlags struct {
	Version       string
	Retired       bool
	HasAdvisories bool
}

// Package is everything that clients resolve and check one package by.
type Package struct {
	Repository string
	Name       string
	Releases   []Release  // at least one, in ascending precedence
	Advisories []Advisory // in any order; written by ID, which must be unique
}

// A Release is one version of a [Package].
type Release struct {
	Version       string
	InnerChecksum [32]byte // SHA-256 that the tarball's CHECKSUM file holds
	// OuterChecksum is the SHA-256 of the whole tarball. It must be written, but
	// very old files lack it: then it reads as zero.
	OuterChecksum [32]byte
	Dependencies  []Dependency // in any order; written by repository, then name
	Retirement    *Retirement  // nil means not retired
	AdvisoryIDs   []string     // which of Package.Advisories affect this release
	PublishedAt   time.Time    // written to the microsecond; zero leaves it out
}

// A Dependency is a package that a [Release] needs. The empty fields are those
// that the file leaves out.
type Dependency struct {
	Package     string
	Requirement string // empty is written as ">= 0.0.0"
	Optional    bool
	App         string // OTP application; empty means the same as Package
	Repository  string // empty means the repository of the release
}

// A Retirement says why a release should no longer be chosen.
type Retirement struct {
	Reason  Reason
	Message string // may be empty
}

// A Reason is why a release was retired. Files from elsewhere may hold values
// that are not named here.
type Reason int32

// The reasons that Hex knows, numbered as they are written.
const (
	ReasonOther Reason = iota
	ReasonInvalid
	ReasonSecurity
	ReasonDeprecated
	ReasonRenamed
)

// An Advisory is a known vulnerability of a package.
type Advisory struct {
	ID       string
	Summary  string
	HTMLURL  string // page for people
	APIURL   string // the same in OSV's JSON
	Severity Severity
	Score    *float32 // CVSS base score, 0 to 10; nil means unknown
	Aliases  []string // other identifiers of the same vulnerability
}

// A Severity grades an [Advisory]. The zero value is [SeverityUnknown], which
// the file expresses by leaving the field out. Files from elsewhere may hold
// values above [SeverityCritical].
type Severity int32

// The severities, one above the number that is written.
const (
	SeverityUnknown Severity = iota
	SeverityNone
	SeverityLow
	SeverityMedium
	SeverityHigh
	SeverityCritical
)
