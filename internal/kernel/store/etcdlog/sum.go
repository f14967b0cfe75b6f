package etcdlog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"hexhub/internal/kernel/store"
)

// etcd's database has no checksums: a bit that flips on the disk would be served as if it had been
// committed. So each value is stored with one of its own behind it, which covers the key, too, and is
// looked at whenever the value is read. Between the two stands when it was written, in microseconds since
// 1970, which etcd does not know either.

const (
	timeSize = 8
	sumSize  = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(key string, value []byte) uint32 {
	return crc32.Update(crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, []byte{0}), castagnoli, value)
}

// stored returns what is stored for a value.
func stored(key string, value []byte, at time.Time) string {
	b := append(make([]byte, 0, len(value)+timeSize+sumSize), value...)
	b = binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro()))
	return string(binary.BigEndian.AppendUint32(b, sum(key, b)))
}

// record returns the record of what is stored, if it is what was committed.
func record(key, stored []byte, revision int64) (store.Record, error) {
	r := store.Record{Key: string(key), Revision: store.Revision(revision)}
	end := len(stored) - sumSize
	if end < timeSize || binary.BigEndian.Uint32(stored[end:]) != sum(r.Key, stored[:end]) {
		return r, fmt.Errorf("row %q of revision %d: %w", r.Key, revision, store.ErrDamaged)
	}
	r.At = time.UnixMicro(int64(binary.BigEndian.Uint64(stored[end-timeSize:]))).UTC()
	end -= timeSize
	r.Value = stored[:end:end]
	return r, nil
}
