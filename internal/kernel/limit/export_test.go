package limit

import "hexhub/internal/kernel/store"

// LargestShare is how many keys the row of a node tells of, at most.
func LargestShare(v *store.View) int {
	most := 0
	for row := range shares.All(v) {
		most = max(most, len(row.Counts))
	}
	return most
}
