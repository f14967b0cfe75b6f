package catalog

import (
	"time"

	"hexhub/hex/version"
	"hexhub/internal/kernel/store"
)

// PutForTest writes a package without a release, quickly.
func PutForTest(tx *store.Tx, ref Ref, description string, at time.Time) {
	packages.Put(tx, Package{
		Repository: ref.Repository, Name: ref.Name, Meta: Meta{Description: &description}, InsertedAt: at, UpdatedAt: at,
		Summary: Summary{Latest: version.MustParse("1.0.0"), BuildTools: []string{"mix"}, Depends: []string{"hexhub/jason", "hexhub/plug"}},
	})
}
