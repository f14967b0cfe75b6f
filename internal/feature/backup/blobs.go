package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// Named yields the blobs that the rows of a log name at a time, each perhaps several times.
func Named(ctx context.Context, log store.Log, names func(string, []byte, time.Time) ([]blob.Hash, error), at time.Time) iter.Seq2[blob.Hash, error] {
	return func(yield func(blob.Hash, error) bool) {
		revision := store.Revision(0)
		for key, more := "\x00", true; more; {
			p, err := log.Range(ctx, key, "\xff", revision, snapshotPage)
			if err != nil {
				yield(blob.Hash{}, err)
				return
			}
			revision = p.At
			for _, r := range p.Records {
				found, err := namedBy(names, r.Key, r.Value, at)
				if err != nil {
					yield(blob.Hash{}, err)
					return
				}
				for _, h := range found {
					if !yield(h, nil) {
						return
					}
				}
				key = r.Key + "\x00"
			}
			more = p.More
		}
	}
}

// blob opens a blob's object. What it reads is authenticated under a key, and otherwise only what its hash says.
func (s *Set) blob(ctx context.Context, h blob.Hash) (io.ReadCloser, error) {
	name := s.ID + "/" + s.blobName(h)
	r, err := s.target.Get(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("blob %s is not in the backup: %w", h, blob.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read blob %s of the backup: %w", h, err)
	}
	if s.key == nil {
		return r, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{s.key.open(name, r), r}, nil
}

// PutBlob copies a blob of the backup into a store. One that is not there, or is not what it should be, is an
// error that wraps blob.ErrNotFound or blob.ErrCorrupt.
func (s *Set) PutBlob(ctx context.Context, into blob.Store, h blob.Hash) (int64, error) {
	r, err := s.blob(ctx, h)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	up, err := into.Spool(ctx, r, math.MaxInt64)
	if errors.Is(err, ErrRefused) || err == nil && up.Hash() != h {
		err = fmt.Errorf("blob %s in the backup is damaged, or was altered: %w", h, blob.ErrCorrupt)
	}
	if up != nil {
		defer up.Close()
	}
	if err != nil {
		return 0, err
	}
	_, size, err := into.Put(ctx, up)
	return size, err
}

// Secret returns the server's secret key, if the set has it.
func (s *Set) Secret(ctx context.Context) ([]byte, bool, error) {
	if s.key == nil {
		return nil, false, nil
	}
	secret, _, err := s.get(ctx, secretName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return secret, err == nil, err
}

// Blobs returns the blobs of the backup as a store that is only read.
func (s *Set) Blobs() blob.Store { return readOnly{s} }

// readOnly is a set's blobs.
type readOnly struct{ s *Set }

var errReadOnly = errors.New("the blobs of a backup are only read")

// Put implements blob.Store.
func (readOnly) Put(context.Context, io.Reader) (blob.Hash, int64, error) {
	return blob.Hash{}, 0, errReadOnly
}

// Spool implements blob.Store.
func (readOnly) Spool(context.Context, io.Reader, int64) (*blob.Spooled, error) {
	return nil, errReadOnly
}

// Delete implements blob.Store.
func (readOnly) Delete(context.Context, blob.Hash, time.Time) (bool, error) {
	return false, errReadOnly
}

// Open implements blob.Store.
func (b readOnly) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	var m blob.Memory
	if _, err := b.s.PutBlob(ctx, &m, h); err != nil {
		return nil, err
	}
	return m.Open(ctx, h)
}

// Stat implements blob.Store. It reads the blob whole, since what is stored is larger than it when encrypted.
func (b readOnly) Stat(ctx context.Context, h blob.Hash) (blob.Info, error) {
	r, err := b.Open(ctx, h)
	if err != nil {
		return blob.Info{}, err
	}
	defer r.Close()
	return blob.Info{Hash: h, Size: r.Size()}, nil
}

// Check implements blob.Store.
func (b readOnly) Check(ctx context.Context, h blob.Hash) error {
	_, err := b.Stat(ctx, h)
	return err
}

// Walk implements blob.Store. Under a key nobody can tell which blobs there are, so it yields none.
func (readOnly) Walk(context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) { yield(blob.Info{}, errReadOnly) }
}
