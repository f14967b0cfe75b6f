package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
)

// A keeper writes a set. Only one does, at the leader; should two for a moment, what they write is the same
// history, and whoever reads it takes the longer way.
type keeper struct {
	set  *Set
	from Source

	mu   sync.Mutex // held while anything is written that the head names, or deleted that it does not
	head head       // as it is written
}

// newKeeper takes a set over from whoever wrote it before.
func newKeeper(ctx context.Context, s *Set, from Source) (*keeper, error) {
	h, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	k := &keeper{set: s, from: from, head: h}
	found, err := s.snapshots(ctx)
	if err != nil {
		return nil, err
	}
	k.head.Snapshots = nil
	for _, m := range found { // with one that was finished just before its writer ended
		k.head.Snapshots = append(k.head.Snapshots, heading{m.Revision, m.hash})
	}
	return k, nil
}

func (k *keeper) putHead(ctx context.Context) error {
	_, err := k.set.putJSON(ctx, headName, k.head)
	return err
}

// claim writes the head as it is known, which shows that the target can be written.
func (k *keeper) claim(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.putHead(ctx)
}

// snapshot takes one and names it in the head.
func (k *keeper) snapshot(ctx context.Context) (Snapshot, error) {
	m, err := k.set.snapshot(ctx, k.from)
	if err != nil {
		return Snapshot{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.head.Snapshots = slices.DeleteFunc(k.head.Snapshots, func(h heading) bool { return h.Revision == m.Revision })
	k.head.Snapshots = append(k.head.Snapshots, heading{m.Revision, m.hash})
	k.head.At = store.Now()
	return m.Snapshot, k.putHead(ctx)
}

// prune deletes the oldest snapshots but the newest keep, and the one that was verified last, and then all
// that no snapshot is left to need: segments before the oldest, and blobs that nothing names. It returns how
// many snapshots went.
func (k *keeper) prune(ctx context.Context, keep int, verified store.Revision) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, err := k.set.snapshots(ctx)
	if err != nil {
		return 0, err
	}
	var stay, gone []hashedSnapshot
	for i, m := range found {
		if len(found)-i <= keep || m.Revision == verified {
			stay = append(stay, m)
		} else {
			gone = append(gone, m)
		}
	}
	if len(gone) == 0 {
		return 0, nil
	}
	k.head.Snapshots = nil
	for _, m := range stay {
		k.head.Snapshots = append(k.head.Snapshots, heading{m.Revision, m.hash})
	}
	if err := k.putHead(ctx); err != nil {
		return 0, err
	}
	for _, m := range gone {
		if err := k.remove(ctx, m.Snapshot); err != nil {
			return 0, fmt.Errorf("delete snapshot %d of the backup: %w", m.Revision, err)
		}
	}
	if err := k.removeSegments(ctx, stay[0].Revision); err != nil {
		return 0, fmt.Errorf("delete old segments of the backup: %w", err)
	}
	if err := k.removeBlobs(ctx, stay); err != nil {
		return 0, fmt.Errorf("delete old blobs of the backup: %w", err)
	}
	return len(gone), nil
}

// remove deletes a snapshot, its manifest first: without it, it is none.
func (k *keeper) remove(ctx context.Context, m Snapshot) error {
	if err := k.delete(ctx, manifestName(m.Revision)); err != nil {
		return err
	}
	objects, err := k.set.names(ctx, snapshotFolder(m.Revision))
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := k.delete(ctx, o.Name); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) delete(ctx context.Context, name string) error {
	return k.set.target.Delete(ctx, k.set.ID+"/"+name)
}

// removeSegments deletes those of which all is in the oldest snapshot.
func (k *keeper) removeSegments(ctx context.Context, oldest store.Revision) error {
	places, err := k.set.places(ctx)
	if err != nil {
		return err
	}
	for _, p := range places {
		if p.last <= oldest && p.name != k.head.Segment {
			if err := k.delete(ctx, p.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeBlobs deletes those that no snapshot and no segment names.
func (k *keeper) removeBlobs(ctx context.Context, stay []hashedSnapshot) error {
	named := map[string]struct{}{}
	for _, m := range stay {
		if err := k.set.listed(ctx, m.Snapshot, func(h blob.Hash) { named[k.set.blobName(h)] = struct{}{} }); err != nil {
			return err
		}
	}
	places, err := k.set.places(ctx)
	if err != nil {
		return err
	}
	for _, p := range places {
		g, _, err := k.set.segment(ctx, p, func(commit) error { return nil })
		if err != nil {
			return err
		}
		for _, h := range g.Blobs {
			named[k.set.blobName(h)] = struct{}{}
		}
	}
	objects, err := k.set.names(ctx, "blobs/")
	if err != nil {
		return err
	}
	for _, o := range objects {
		if _, ok := named[o.Name]; ok || strings.HasSuffix(o.Name, "/") {
			continue
		}
		if err := k.delete(ctx, o.Name); err != nil {
			return err
		}
	}
	return nil
}

// listed yields the blobs that a snapshot lists.
func (s *Set) listed(ctx context.Context, m Snapshot, each func(blob.Hash)) error {
	for _, part := range m.Parts {
		if !part.List {
			continue
		}
		packed, hash, err := s.get(ctx, part.Name)
		if err != nil {
			return err
		}
		if hash != part.Hash {
			return refused(part.Name)
		}
		err = readAll(packed, func(r *reader) error {
			b, err := r.field()
			if err != nil || len(b) != len(blob.Hash{}) {
				return refused(part.Name)
			}
			each(blob.Hash(b))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
