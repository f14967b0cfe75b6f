package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

const (
	snapshotPage = 4000    // records asked for at once
	partSize     = 8 << 20 // bytes of records in a part, before compression
	listedMost   = 1 << 17 // blobs in a list
	tries        = 3       // of a snapshot whose revision is compacted meanwhile
)

// A Source is the server that is backed up.
type Source struct {
	Log   store.Log
	Blobs blob.Store

	// Names returns the blobs that must be there for a row at a time: its tarball, its documentation.
	Names func(table string, value []byte, at time.Time) ([]blob.Hash, error)

	Version string // of the program
	Secret  []byte // the server's secret key; it is kept in a set that is encrypted, and only there
}

// snapshot writes one, and the blobs that it names and the set lacks.
func (s *Set) snapshot(ctx context.Context, from Source) (hashedSnapshot, error) {
	for try := 1; ; try++ {
		m, hash, err := s.trySnapshot(ctx, from)
		if !errors.Is(err, store.ErrCompacted) || try == tries {
			return hashedSnapshot{m, hash}, err
		}
	}
}

// A taking is a snapshot in the making.
type taking struct {
	Snapshot
	s     *Set
	from  Source
	w     *writer
	blobs map[blob.Hash]struct{}
}

func (s *Set) trySnapshot(ctx context.Context, from Source) (Snapshot, blob.Hash, error) {
	t := &taking{
		Snapshot: Snapshot{Set: s.ID, Version: from.Version, Tables: map[string]int64{}},
		s:        s, from: from, w: newWriter(), blobs: map[blob.Hash]struct{}{},
	}
	if err := t.records(ctx); err != nil {
		return t.Snapshot, blob.Hash{}, fmt.Errorf("take a snapshot: %w", err)
	}
	if err := t.copyBlobs(ctx); err != nil {
		return t.Snapshot, blob.Hash{}, fmt.Errorf("take a snapshot: %w", err)
	}
	if s.key != nil && from.Secret != nil {
		if _, _, err := s.put(ctx, secretName, from.Secret); err != nil {
			return t.Snapshot, blob.Hash{}, err
		}
	}
	t.Whole = store.Now()
	hash, err := s.putJSON(ctx, manifestName(t.Revision), t.Snapshot)
	return t.Snapshot, hash, err
}

// records copies all records, a page in memory at a time.
func (t *taking) records(ctx context.Context) error {
	for key, more := "\x00", true; more; {
		p, err := t.from.Log.Range(ctx, key, "\xff", t.Revision, snapshotPage)
		if err != nil {
			return err
		}
		if t.Revision == 0 {
			t.Revision, t.At = p.At, store.Now()
		}
		for _, r := range p.Records {
			if err := t.record(ctx, r); err != nil {
				return err
			}
		}
		if more = p.More; more {
			key = p.Records[len(p.Records)-1].Key + "\x00"
		}
	}
	return t.flush(ctx, false)
}

func (t *taking) record(ctx context.Context, r store.Record) error {
	table := tableOf(r.Key)
	t.Tables[table]++
	t.w.record(r)
	named, err := namedBy(t.from.Names, r.Key, r.Value, t.At)
	if err != nil {
		return err
	}
	for _, h := range named {
		t.blobs[h] = struct{}{}
	}
	if t.w.size < partSize {
		return nil
	}
	return t.flush(ctx, false)
}

// namedBy asks for the blobs of a row. Claims and fences have none.
func namedBy(names func(string, []byte, time.Time) ([]blob.Hash, error), key string, value []byte, at time.Time) ([]blob.Hash, error) {
	table := tableOf(key)
	if len(key) <= len(table) || key[:len(table)] != table || key[len(table)] != '/' {
		return nil, nil
	}
	named, err := names(table, value, at)
	if err != nil {
		return nil, fmt.Errorf("find the blobs of %s: %w", key, err)
	}
	return named, nil
}

// flush writes what was gathered as a part.
func (t *taking) flush(ctx context.Context, list bool) error {
	if t.w.size == 0 {
		return nil
	}
	name := fmt.Sprintf("%spart-%06d", snapshotFolder(t.Revision), len(t.Parts)+1)
	hash, size, err := t.s.put(ctx, name, t.w.close())
	if err != nil {
		return err
	}
	t.Parts = append(t.Parts, Part{name, hash, size, list})
	t.Size += size
	t.w = newWriter()
	return nil
}

// copyBlobs copies what the set lacks, and lists what the snapshot names.
func (t *taking) copyBlobs(ctx context.Context) error {
	have, err := t.s.haveBlobs(ctx)
	if err != nil {
		return err
	}
	t.Blobs = len(t.blobs)
	listed := 0
	for h := range t.blobs {
		if _, ok := have[t.s.blobName(h)]; !ok {
			there, err := t.s.copyBlob(ctx, t.from.Blobs, h)
			if err != nil {
				return err
			}
			if !there {
				t.Missing = append(t.Missing, h)
			}
		}
		t.w.bytes(h[:])
		if listed++; listed%listedMost == 0 {
			if err := t.flush(ctx, true); err != nil {
				return err
			}
		}
	}
	return t.flush(ctx, true)
}

func (s *Set) haveBlobs(ctx context.Context) (map[string]int64, error) {
	objects, err := s.names(ctx, "blobs/")
	have := make(map[string]int64, len(objects))
	for _, o := range objects {
		have[o.Name] = o.Size
	}
	return have, err
}

// copyBlob copies a blob into the set. It reports false if the server does not have it, or not whole.
func (s *Set) copyBlob(ctx context.Context, from blob.Store, h blob.Hash) (bool, error) {
	r, err := from.Open(ctx, h)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer r.Close()
	name, size, in := s.ID+"/"+s.blobName(h), r.Size(), io.Reader(r)
	if s.key != nil {
		in, size = s.key.seal(name, r), sealedSize(size)
	}
	err = s.target.Put(ctx, name, in, size)
	if errors.Is(err, blob.ErrCorrupt) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("copy blob %s into the backup: %w", h, err)
	}
	return true, nil
}
