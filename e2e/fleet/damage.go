//go:build linux

package fleet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// A Damage is something wrong with a file of a node that is down.
type Damage struct {
	What string
	Path string
	was  []byte
}

// Undo makes the file what it was.
func (d *Damage) Undo() error { return os.WriteFile(d.Path, d.was, 0o600) }

// inflict changes a file and remembers what it was.
func inflict(what, path string, change func([]byte) []byte) (*Damage, error) {
	was, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d := &Damage{what, path, was}
	if err := os.WriteFile(path, change(slices.Clone(was)), 0o600); err != nil {
		return nil, err
	}
	return d, nil
}

func flipAt(at int, bit int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[at] ^= 1 << bit
		return b
	}
}

// TearWAL adds half a record behind the last of the write-ahead log: the power went while it was written,
// and nobody was told that it was safe.
func (n *Node) TearWAL() (*Damage, error) {
	path, ends, err := n.wal()
	if err != nil {
		return nil, err
	}
	return inflict("torn record behind the last", path, func(b []byte) []byte {
		end := ends[len(ends)-1]
		b = append(b, make([]byte, max(0, end+4104-len(b)))...)
		binary.LittleEndian.PutUint64(b[end:], 4096)
		for i := end + 8; i < end+600; i++ {
			b[i] = 0xa5 // the first sectors came through, the others are still zero
		}
		return b
	})
}

// FlipWAL flips a bit of a record in the write-ahead log, or of its length. It spares what some bits of mean nothing:
// zeros behind a record, and its first eight bytes, which are its type and checksum.
func (n *Node) FlipWAL(r *rand.Rand) (*Damage, error) {
	path, ends, err := n.wal()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	start := ends[r.IntN(len(ends)-1)]
	at := start + r.IntN(8+sizeAt(b, start))
	if at >= start+8 && at < start+16 {
		at -= 8
	}
	bit := r.IntN(8)
	what := fmt.Sprintf("flipped bit %d of byte %d in the write-ahead log, of a record at %d", bit, at, start)
	return inflict(what, path, flipAt(at, bit))
}

// sizeAt is the size of the record whose length is at that place; the top byte tells of padding to eight bytes.
func sizeAt(wal []byte, at int) int { return int(binary.LittleEndian.Uint64(wal[at:]) & (1<<56 - 1)) }

// wal is the newest segment of the write-ahead log, and where each of its records ends.
func (n *Node) wal() (string, []int, error) {
	segments, err := filepath.Glob(filepath.Join(n.Data, "etcd", "member", "wal", "*.wal"))
	if err != nil || len(segments) == 0 {
		return "", nil, errors.Join(err, fmt.Errorf("%s has no write-ahead log", n.Name))
	}
	path := slices.Max(segments)
	b, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	var ends []int
	for at := 0; at+8 <= len(b); {
		size := sizeAt(b, at)
		if size == 0 {
			break
		}
		at += 8 + (size+7)/8*8
		ends = append(ends, at)
	}
	if len(ends) < 8 {
		return "", nil, fmt.Errorf("%s has only %d records", path, len(ends))
	}
	return path, ends, nil
}

// FlipDB flips a bit somewhere in the database below the tables, where there is something.
func (n *Node) FlipDB(r *rand.Rand) (*Damage, error) {
	path := filepath.Join(n.Data, "etcd", "member", "snap", "db")
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	at, bit := r.IntN(len(b)), r.IntN(8)
	for b[at] == 0 {
		at = r.IntN(len(b))
	}
	return inflict(fmt.Sprintf("flipped bit %d of byte %d in the database", bit, at), path, flipAt(at, bit))
}

// FlipBlob flips a bit in the node's copy of a blob.
func (n *Node) FlipBlob(hash string, r *rand.Rand) (*Damage, error) {
	all, err := n.Blobs()
	if err != nil {
		return nil, err
	}
	path, ok := all[hash]
	if !ok {
		return nil, fmt.Errorf("%s has no blob %s", n.Name, hash)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return inflict("flipped bit in blob "+hash, path, flipAt(r.IntN(int(info.Size())), r.IntN(8)))
}

var hash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Blobs are the files of all blobs on the node's disk, by their hash in hexadecimal digits.
func (n *Node) Blobs() (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(n.Data, "blobs"), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // moved while we look
		}
		if err == nil && hash.MatchString(e.Name()) {
			all[e.Name()] = path
		}
		return err
	})
	return all, err
}
