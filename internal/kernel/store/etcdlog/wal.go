package etcdlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"google.golang.org/protobuf/encoding/protowire"
)

// The write-ahead log is frames one behind the other, and zeros. A frame is a length of eight bytes, a record
// and zeros up to the next eight bytes. The last byte of the length tells of the zeros.
const (
	frameBytes  = 8
	sectorBytes = 512 // that come to the disk whole or not at all
)

// checkWAL refuses a write-ahead log of which etcd would forget what it has promised.
//
// etcd has a checksum over each record, but none over the lengths. One that is damaged looks to it like a write that
// the power cut short, or like the end, and it drops the record and all behind. Now a record of which all
// bytes are there, with the right checksum, was not cut short: if one follows on the place where etcd would stop
// reading, then the length is wrong. Only the newest file can be cut; each one tells the checksum of that before.
func checkWAL(dir string) error {
	path, err := newestWAL(dir)
	if err != nil || path == "" {
		return err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if at, damaged := walk(b); damaged {
		return fmt.Errorf("the length of the record at byte %d of %s is damaged, so what follows would be lost: "+
			"restore the file, or remove this node and let it join anew, or restore a backup", at, path)
	}
	return nil
}

// reclaim gives the newest file its full place on the disk again, where etcd has cut it behind a write that the power
// cut short. Without, etcd would need space for each commit, and die as soon as there is none.
func reclaim(dir string) error {
	path, err := newestWAL(dir)
	if err != nil || path == "" {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() < wal.SegmentSizeBytes {
		err = fileutil.Preallocate(f, wal.SegmentSizeBytes, true) // zeros behind what is there, which etcd goes on writing over
	}
	return errors.Join(err, f.Close())
}

// newestWAL is the path of the newest file of the write-ahead log, or empty if there is none yet.
func newestWAL(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "member", "wal", "*.wal"))
	if err != nil || len(names) == 0 {
		return "", err
	}
	return slices.Max(names), nil
}

// walk returns where the records of a write-ahead file end, and whether the length there is what is damaged. If it is
// not, then this is the end, or a write that was cut short, or damage that etcd finds itself.
func walk(file []byte) (at int, damaged bool) {
	for crc := uint32(0); at+frameBytes <= len(file); {
		length := binary.LittleEndian.Uint64(file[at:])
		size, whole := readRecord(file[at+frameBytes:], &crc)
		if !whole {
			return at, false
		}
		if length != lengthOf(size) {
			// A sector that holds the length and nothing of the record may be the one that never came.
			cut := length == 0 && (at+frameBytes)%sectorBytes == 0
			return at, !cut
		}
		at += frameBytes + (size+frameBytes-1)/frameBytes*frameBytes
	}
	return at, false
}

// lengthOf is what precedes a record of so many bytes.
func lengthOf(size int) uint64 {
	length := uint64(size)
	if pad := -size & (frameBytes - 1); pad != 0 {
		length |= uint64(0x80|pad) << 56
	}
	return length
}

// readRecord reads the record that b begins with, whatever length is told of it. It reports whether that is whole: has
// its checksum, which covers all data of the file up to its own, and is told on in crc.
func readRecord(b []byte, crc *uint32) (size int, whole bool) {
	kind, n := field(b, 1, protowire.VarintType)
	if n == 0 {
		return 0, false
	}
	sum, m := field(b[n:], 2, protowire.VarintType)
	if m == 0 {
		return 0, false
	}
	size = n + m
	if kind == checksumRecord {
		*crc = uint32(sum)
		return size, true
	}
	length, n := field(b[size:], 3, protowire.BytesType)
	if n == 0 || length > uint64(len(b)-size-n) {
		return 0, false
	}
	data := b[size+n:][:length]
	next := crc32.Update(*crc, castagnoli, data)
	if sum != uint64(next) {
		return 0, false
	}
	*crc = next
	return size + n + len(data), true
}

// checksumRecord is the type of a record that only says what the checksum is so far.
const checksumRecord = 4

// field reads the tag of a field and the number behind it, which is a value or a length, and returns it and how many
// bytes that was: zero if it is another field.
func field(b []byte, want protowire.Number, as protowire.Type) (value uint64, n int) {
	number, kind, n := protowire.ConsumeTag(b)
	if n < 0 || number != want || kind != as {
		return 0, 0
	}
	value, m := protowire.ConsumeVarint(b[n:])
	if m < 0 {
		return 0, 0
	}
	return value, n + m
}
