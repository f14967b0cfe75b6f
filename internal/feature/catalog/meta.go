package catalog

import (
	"context"

	"hexhub/internal/kernel/store"
)

// MetaOf returns what a release of the package says of itself. That of the package is what the tarball said that was
// published last, which need not be the newest version. What was taken in without metadata of its own has the package's.
// It fails when the log cannot be read.
func MetaOf(ctx context.Context, r store.Reader, p Package, v Release) (Meta, error) {
	own, ok, err := Metadata(ctx, r, v.Ref(), v.Version)
	if err != nil || !ok {
		return p.Meta, err
	}
	m := own.Metadata
	return Meta{Description: m.Description, Licenses: m.Licenses, Links: m.Links, Maintainers: m.Maintainers}, nil
}
