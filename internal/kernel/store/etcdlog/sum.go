package etcdlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"hexhub/internal/kernel/store"
)

// etcd's database has no checksums: a bit that flips on the disk would be served as if it had been
// committed. So each value is stored with one of its own behind it, which covers the key, too, and is
// looked at whenever the value is read.

const sumSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(key string, value []byte) uint32 {
	return crc32.Update(crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, []byte{0}), castagnoli, value)
}

// withSum returns what is stored for a value.
func withSum(key string, value []byte) string {
	return string(binary.BigEndian.AppendUint32(append(make([]byte, 0, len(value)+sumSize), value...), sum(key, value)))
}

// record returns the record of what is stored, if it is what was committed.
func record(key, stored []byte, revision int64) (store.Record, error) {
	r := store.Record{Key: string(key), Revision: store.Revision(revision)}
	end := len(stored) - sumSize
	if end < 0 || binary.BigEndian.Uint32(stored[end:]) != sum(r.Key, stored[:end]) {
		return r, fmt.Errorf("row %q of revision %d: %w", r.Key, revision, store.ErrDamaged)
	}
	r.Value = stored[:end:end]
	return r, nil
}
