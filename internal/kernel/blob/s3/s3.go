package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"hexhub/internal/kernel/blob"
)

// Store is a blob.Store in a bucket.
type Store struct{ *bucket }

// New returns the store in a bucket. It makes no request; see Probe.
func New(o Options) (*Store, error) {
	b, err := open(o)
	if err != nil {
		return nil, err
	}
	return &Store{b}, nil
}

// stem is what the keys of all copies of a blob begin with.
func (s *Store) stem(h blob.Hash) string {
	return s.prefix + h.String()[:2] + "/" + h.String() + "."
}

// hashOf reads the hash from a key.
func (s *Store) hashOf(key string) (blob.Hash, bool) {
	dir, file := path.Split(strings.TrimPrefix(key, s.prefix))
	digits, _, ok := strings.Cut(file, ".")
	h, err := blob.Parse(digits)
	return h, ok && err == nil && dir == digits[:2]+"/"
}

// A copyOf a blob is one object. Each Put makes a new one, and takes the older ones away.
type copyOf struct {
	key      string
	etag     string
	size     int64
	modified time.Time // by the server's clock
}

// newer orders the copies of a blob. All who list them agree on it.
func (c copyOf) newer(d copyOf) bool {
	if !c.modified.Equal(d.modified) {
		return c.modified.After(d.modified)
	}
	return c.key > d.key
}

// Put implements blob.Store. The server compares the bytes with their SHA-256 before it takes them,
// and is asked afterwards what it has.
func (s *Store) Put(ctx context.Context, r io.Reader) (blob.Hash, int64, error) {
	sp, ok := r.(*blob.Spooled)
	if !ok {
		var err error
		if sp, err = s.Spool(ctx, r, math.MaxInt64); err != nil {
			return blob.Hash{}, 0, err
		}
		defer sp.Close()
	}
	tag, err := tagOf(sp)
	if err != nil {
		return blob.Hash{}, 0, err
	}
	if err := s.persist(ctx, "store", func() error { return s.put(ctx, sp, tag) }); err != nil {
		return blob.Hash{}, 0, err
	}
	return sp.Hash(), sp.Size(), nil
}

// put makes a new copy, and once the bucket shows it, takes away those it replaces.
func (s *Store) put(ctx context.Context, sp *blob.Spooled, tag string) error {
	h, size := sp.Hash(), sp.Size()
	key := s.stem(h) + fmt.Sprintf("%016x", time.Now().UnixNano()) + rand.Text()[:10]
	if err := s.send(ctx, key, sp, tag); err != nil {
		return err
	}
	copies, err := s.copies(ctx, h)
	if err != nil {
		return err
	}
	var mine copyOf
	for _, c := range copies {
		if c.key == key {
			mine = c
		}
	}
	switch {
	case mine.key == "":
		return s.replaced(ctx, key, len(copies))
	case mine.size != size:
		return fmt.Errorf("the bucket shows %d bytes of %d", mine.size, size)
	case mine.etag != tag:
		// Encrypted buckets have other tags, and some servers have wrong ones: only the bytes tell.
		if err := s.readBack(ctx, h, mine); err != nil {
			return err
		}
	}
	for _, c := range copies {
		if mine.newer(c) {
			if err := s.remove(ctx, c.key); err != nil {
				s.o.Log.Debug("an older copy of a blob stays until the next sweep", "key", c.key, "err", err)
			}
		}
	}
	return nil
}

// replaced returns nil if a copy that a listing does not show was taken away by a Put that made a newer
// one, which is as good.
func (s *Store) replaced(ctx context.Context, key string, others int) error {
	_, err := s.client.StatObject(ctx, s.o.Bucket, key, minio.StatObjectOptions{})
	if others > 0 && codeOf(err) == minio.NoSuchKey {
		return nil
	}
	return errors.Join(errors.New("the bucket does not show what was just stored"), err)
}

func (s *Store) readBack(ctx context.Context, h blob.Hash, c copyOf) error {
	body, _, _, err := s.client.GetObject(ctx, s.o.Bucket, c.key, minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	r := blob.NewReader(&object{s: s, ctx: ctx, hash: h, size: c.size, body: body}, h, c.size)
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	if errors.Is(err, blob.ErrCorrupt) {
		return errors.Join(err, s.remove(ctx, c.key)) // or it would be read in place of a good one
	}
	return err
}

// Spool implements blob.Store. Uploads rest on this machine.
func (s *Store) Spool(ctx context.Context, r io.Reader, max int64) (*blob.Spooled, error) {
	return s.o.Spool.Spool(ctx, r, max)
}

// copies lists the copies of a blob, or none.
func (s *Store) copies(ctx context.Context, h blob.Hash) (out []copyOf, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing if it is left early
	for o := range s.client.ListObjectsIter(ctx, s.o.Bucket, minio.ListObjectsOptions{Prefix: s.stem(h), Recursive: true}) {
		if o.Err != nil {
			return nil, o.Err
		}
		out = append(out, describe(o))
	}
	return out, ctx.Err()
}

func describe(o minio.ObjectInfo) copyOf {
	return copyOf{key: o.Key, etag: etagOf(o), size: o.Size, modified: o.LastModified}
}

// newest is the copy that is read.
func (s *Store) newest(ctx context.Context, h blob.Hash) (copyOf, error) {
	copies, err := s.copies(ctx, h)
	if err != nil {
		return copyOf{}, err
	}
	if len(copies) == 0 {
		return copyOf{}, fmt.Errorf("blob %s: %w", h, blob.ErrNotFound)
	}
	best := copies[0]
	for _, c := range copies[1:] {
		if c.newer(best) {
			best = c
		}
	}
	return best, nil
}

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, h blob.Hash) (info blob.Info, err error) {
	err = s.persist(ctx, "find", func() error {
		c, err := s.newest(ctx, h)
		info = blob.Info{Hash: h, Size: c.size, Modified: c.modified}
		return err
	})
	return info, err
}

// Check implements blob.Store.
func (s *Store) Check(ctx context.Context, h blob.Hash) error {
	r, err := s.Open(ctx, h)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

// Delete implements blob.Store. It removes the copies that it found old, by their names; a Put that
// comes meanwhile makes another, which it cannot reach.
func (s *Store) Delete(ctx context.Context, h blob.Hash, before time.Time) (gone bool, err error) {
	err = s.persist(ctx, "delete", func() error {
		copies, err := s.copies(ctx, h)
		if err != nil {
			return err
		}
		for _, c := range copies {
			if !c.modified.Before(before) {
				return nil
			}
		}
		for _, c := range copies {
			if err := s.remove(ctx, c.key); err != nil {
				return err
			}
			gone = true
		}
		return nil
	})
	return gone, err
}

// Walk implements blob.Store. Objects that are not blobs are passed over.
func (s *Store) Walk(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the listing if it is left early
		var last blob.Info
		seen := false
		for o := range s.client.ListObjectsIter(ctx, s.o.Bucket, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
			if o.Err != nil {
				yield(blob.Info{}, fmt.Errorf("walk blobs: %w", s.words("list", o.Err)))
				return
			}
			h, ok := s.hashOf(o.Key)
			if !ok {
				continue
			}
			if seen && h != last.Hash && !yield(last, nil) {
				return
			}
			c := describe(o)
			if !seen || h != last.Hash || c.modified.After(last.Modified) {
				last = blob.Info{Hash: h, Size: c.size, Modified: c.modified}
			}
			seen = true
		}
		if err := ctx.Err(); err != nil {
			yield(blob.Info{}, fmt.Errorf("walk blobs: %w", err))
		} else if seen {
			yield(last, nil)
		}
	}
}
