package tarball

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Code names a reason for refusing a tarball. Codes are stable: they appear in logs and metrics.
type Code string

// The reasons for refusing a tarball.
const (
	TooBig         Code = "too_big"          // the tarball, a member, the contents or their ratio
	TooMany        Code = "too_many"         // entries, or bytes of paths
	Truncated      Code = "truncated"        // the archive ends too early, or has no end marker
	TrailingData   Code = "trailing_data"    // bytes after the end of an archive
	BadHeader      Code = "bad_header"       // a tar header no two readers need agree about
	BadGzip        Code = "bad_gzip"         // not gzip, or damaged, or more than one member
	MissingFiles   Code = "missing_files"    // one of the four members is not there
	Duplicate      Code = "duplicate"        // a name occurs twice
	Unexpected     Code = "unexpected"       // a fifth member
	BadKind        Code = "bad_kind"         // not a regular file, or in contents: no file, directory or link
	BadVersion     Code = "bad_version"      // VERSION is not 3
	BadChecksum    Code = "bad_checksum"     // CHECKSUM is not a checksum, or not of this tarball
	BadMetadata    Code = "bad_metadata"     // metadata.config is no sequence of key-value terms
	Empty          Code = "empty"            // the contents have no file
	UnsafePath     Code = "unsafe_path"      // a path that could leave the package
	BadPath        Code = "bad_path"         // a path that hides, deceives or is too long
	PathCollision  Code = "path_collision"   // two paths that some file systems take for one
	PathConflict   Code = "path_conflict"    // a file or link used as a directory
	UnsafeLink     Code = "unsafe_link"      // a link that could leave the package
	BadMode        Code = "bad_mode"         // set-user-id or set-group-id
	UnlistedFile   Code = "unlisted_file"    // contents that the metadata does not mention
	VersionedPaths Code = "versioned_folder" // docs whose first folder is a version
)

// An Error says why a tarball was refused. Its text is meant for the publisher; the API
// sends it as errors.tar.
type Error struct {
	Code Code
	Text string
}

func (e *Error) Error() string { return e.Text }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// in says in which archive or entry a refusal happened.
func in(place string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Code: e.Code, Text: place + e.Text}
	}
	return err
}

// FieldErrors are faults in the shape of metadata: what is wrong by field, keyed as in
// API answers ("version", "meta.licenses", "requirements.jason").
type FieldErrors map[string]string

func (e FieldErrors) Error() string {
	var b strings.Builder
	b.WriteString("invalid package metadata")
	sep := ": "
	for _, k := range slices.Sorted(maps.Keys(e)) {
		b.WriteString(sep + k + " " + e[k])
		sep = ", "
	}
	return b.String()
}
