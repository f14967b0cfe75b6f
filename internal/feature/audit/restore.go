package audit

import (
	"encoding/json"

	"hexhub/internal/kernel/blob"
)

// RowBlobs returns the blobs that must be there for a row of a table as it is stored: what [Blobs] yields of it.
func RowBlobs(table string, value []byte) ([]blob.Hash, error) {
	if table != segments.Name() {
		return nil, nil
	}
	var s Segment
	if err := json.Unmarshal(value, &s); err != nil {
		return nil, err
	}
	return []blob.Hash{s.Blob}, nil
}
