package catalog

import (
	"encoding/json"
	"time"

	"hexhub/hex/tarball"
)

// RowBlobs returns the blobs that must be there for a row of a table as it is stored: what [Blobs] yields of it.
func RowBlobs(table string, value []byte, at time.Time) ([]tarball.Sum, error) {
	switch table {
	case releases.Name():
		var r struct {
			Outer tarball.Sum `json:"outer"`
			Docs  *Docs       `json:"docs"`
		}
		if err := json.Unmarshal(value, &r); err != nil {
			return nil, err
		}
		if r.Docs == nil {
			return []tarball.Sum{r.Outer}, nil
		}
		return []tarball.Sum{r.Outer, r.Docs.Hash}, nil
	case kept.Name():
		var k Kept
		if err := json.Unmarshal(value, &k); err != nil || !k.Until.After(at) {
			return nil, err
		}
		return []tarball.Sum{k.Hash}, nil
	}
	return nil, nil
}
