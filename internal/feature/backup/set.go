package backup

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// format is the version of what is written here. A newer one is refused.
const format = 1

const (
	cardName   = "backup.json"
	headName   = "head"
	secretName = "secret.key"
)

// A Set is the backup of one server: a folder of its own within a target. A restored server begins another,
// and so two servers never write into one.
type Set struct {
	card
	target Target
	key    *Key
}

// A card says in the clear what a set is.
type card struct {
	Format int       `json:"format"`
	ID     string    `json:"set"`
	Sealed bool      `json:"sealed"` // under a key
	Made   time.Time `json:"made"`
}

// A head names what a set must have.
type head struct {
	Set       string    `json:"set"`
	Segment   string    `json:"segment,omitempty"` // name of the newest one
	Hash      blob.Hash `json:"hash"`              // of that
	Snapshots []heading `json:"snapshots,omitempty"`
	At        time.Time `json:"at"`
}

// A heading names a snapshot.
type heading struct {
	Revision store.Revision `json:"revision"`
	Hash     blob.Hash      `json:"hash"` // of its manifest
}

// makeSet begins a set.
func makeSet(ctx context.Context, t Target, key *Key) (*Set, error) {
	at := time.Now().UTC().Truncate(time.Second)
	s := &Set{card: card{format, at.Format("20060102-150405-") + strings.ToLower(rand.Text()[:8]), key != nil, at}, target: t, key: key}
	text, err := json.MarshalIndent(s.card, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := t.Put(ctx, s.ID+"/"+cardName, bytes.NewReader(text), int64(len(text))); err != nil {
		return nil, fmt.Errorf("begin a backup: %w", err)
	}
	return s, nil
}

// Sets lists the ids of the sets in a target, the oldest first.
func Sets(ctx context.Context, t Target) ([]string, error) {
	objects, err := all(ctx, t, "")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, o := range objects {
		if id, ok := strings.CutSuffix(o.Name, "/"+cardName); ok && !strings.Contains(id, "/") {
			out = append(out, id)
		}
	}
	return out, nil
}

// OpenSet opens a set by its id, or the only one there is if id is empty. The key is nil for one that is not
// encrypted; a key that is given for such a one is refused, since whoever can write to the target could
// have put a forged one there.
func OpenSet(ctx context.Context, t Target, id string, key *Key) (*Set, error) {
	if id == "" {
		ids, err := Sets(ctx, t)
		switch {
		case err != nil:
			return nil, err
		case len(ids) == 0:
			return nil, fault.New(fault.NotFound, "there is no backup")
		case len(ids) > 1:
			return nil, fault.New(fault.Invalid, "there are %d backups, of different servers or of a server before and after it was restored; name one with --set: %s", len(ids), strings.Join(ids, ", "))
		}
		id = ids[0]
	}
	r, err := t.Get(ctx, id+"/"+cardName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no backup %q", id)
	}
	if err != nil {
		return nil, fmt.Errorf("open backup %s: %w", id, err)
	}
	defer r.Close()
	s := &Set{target: t, key: key}
	if err := json.NewDecoder(io.LimitReader(r, 1<<16)).Decode(&s.card); err != nil || s.ID != id {
		return nil, fault.New(fault.Invalid, "%s/%s is not the card of this backup: altered, or of another one", id, cardName)
	}
	switch {
	case s.Format != format:
		return nil, fault.New(fault.Unsupported, "backup %s is in format %d and this program reads format %d: use the version of hexhub that made it, or a later one", id, s.Format, format)
	case s.Sealed && key == nil:
		return nil, fault.New(fault.Invalid, "backup %s is encrypted: give its key with --backup-key-file", id)
	case !s.Sealed && key != nil:
		return nil, fault.New(fault.Invalid, "backup %s is not encrypted, so it is none that was made with this key: give no key if you trust whoever can write to its target", id)
	}
	return s, nil
}

// put stores an object of the set and returns the hash of what was stored.
func (s *Set) put(ctx context.Context, name string, plain []byte) (blob.Hash, int64, error) {
	stored := plain
	if s.key != nil {
		var err error
		if stored, err = io.ReadAll(s.key.seal(s.ID+"/"+name, bytes.NewReader(plain))); err != nil {
			return blob.Hash{}, 0, err
		}
	}
	if err := s.target.Put(ctx, s.ID+"/"+name, bytes.NewReader(stored), int64(len(stored))); err != nil {
		return blob.Hash{}, 0, fmt.Errorf("write %s of the backup: %w", name, err)
	}
	return sha256.Sum256(stored), int64(len(stored)), nil
}

// maxObject bounds what is read into memory at once; what is written is a fourth of it at the most, and of
// manifests less.
const maxObject = 64 << 20

// get reads an object of the set, and returns the hash of what was stored.
func (s *Set) get(ctx context.Context, name string) ([]byte, blob.Hash, error) {
	r, err := s.target.Get(ctx, s.ID+"/"+name)
	if err != nil {
		return nil, blob.Hash{}, fmt.Errorf("read %s of the backup: %w", name, err)
	}
	defer r.Close()
	stored, err := io.ReadAll(io.LimitReader(r, maxObject+1))
	if err != nil {
		return nil, blob.Hash{}, fmt.Errorf("read %s of the backup: %w", name, err)
	}
	if len(stored) > maxObject {
		return nil, blob.Hash{}, refused(name)
	}
	hash := blob.Hash(sha256.Sum256(stored))
	if s.key == nil {
		return stored, hash, nil
	}
	plain, err := io.ReadAll(s.key.open(s.ID+"/"+name, bytes.NewReader(stored)))
	return plain, hash, err
}

func (s *Set) putJSON(ctx context.Context, name string, v any) (blob.Hash, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return blob.Hash{}, err
	}
	hash, _, err := s.put(ctx, name, text)
	return hash, err
}

func (s *Set) getJSON(ctx context.Context, name string, v any) (blob.Hash, error) {
	text, hash, err := s.get(ctx, name)
	if err != nil {
		return hash, err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return hash, refused(name)
	}
	return hash, nil
}

// head reads the head. A set that was never finished has none.
func (s *Set) head(ctx context.Context) (head, error) {
	var h head
	_, err := s.getJSON(ctx, headName, &h)
	if errors.Is(err, fs.ErrNotExist) {
		return head{Set: s.ID}, nil
	}
	if err == nil && h.Set != s.ID {
		err = refused(headName)
	}
	return h, err
}

// names lists the set's objects below a prefix, without the set's own.
func (s *Set) names(ctx context.Context, prefix string) ([]Object, error) {
	objects, err := all(ctx, s.target, s.ID+"/"+prefix)
	for i := range objects {
		objects[i].Name = strings.TrimPrefix(objects[i].Name, s.ID+"/")
	}
	return objects, err
}

// A Snapshot is every record at one revision.
type Snapshot struct {
	Set      string           `json:"set"`
	Revision store.Revision   `json:"revision"`
	At       time.Time        `json:"at"`    // when the server was so: from this moment on it may be restored from
	Whole    time.Time        `json:"whole"` // when all of it was in the target
	Version  string           `json:"version,omitempty"`
	Tables   map[string]int64 `json:"tables"` // records by table
	Parts    []Part           `json:"parts"`
	Blobs    int              `json:"blobs"`             // that its rows name
	Size     int64            `json:"size"`              // bytes of its parts
	Missing  []blob.Hash      `json:"missing,omitempty"` // blobs that rows named and the server did not have
}

// A Part is an object that a snapshot consists of.
type Part struct {
	Name string    `json:"name"`
	Hash blob.Hash `json:"hash"`
	Size int64     `json:"size"`
	List bool      `json:"list,omitempty"` // of blobs, not of records
}

// Rows counts the snapshot's records.
func (s Snapshot) Rows() (n int64) {
	for _, count := range s.Tables {
		n += count
	}
	return n
}

func snapshotFolder(r store.Revision) string { return fmt.Sprintf("snapshots/%020d/", r) }

func manifestName(r store.Revision) string { return snapshotFolder(r) + "manifest" }

// Snapshots lists the set's snapshots, the oldest first. One that the head names and that is not there, or is
// another, is an error.
func (s *Set) Snapshots(ctx context.Context) ([]Snapshot, error) {
	found, err := s.snapshots(ctx)
	out := make([]Snapshot, len(found))
	for i, f := range found {
		out[i] = f.Snapshot
	}
	return out, err
}

type hashedSnapshot struct {
	Snapshot
	hash blob.Hash // of the manifest
}

func (s *Set) snapshots(ctx context.Context) ([]hashedSnapshot, error) {
	h, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	objects, err := s.names(ctx, "snapshots/")
	if err != nil {
		return nil, err
	}
	var out []hashedSnapshot
	for _, o := range objects {
		if !strings.HasSuffix(o.Name, "/manifest") {
			continue
		}
		var m Snapshot
		hash, err := s.getJSON(ctx, o.Name, &m)
		if err == nil && (m.Set != s.ID || manifestName(m.Revision) != o.Name) {
			err = refused(o.Name)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, hashedSnapshot{m, hash})
	}
	for _, want := range h.Snapshots {
		i := slices.IndexFunc(out, func(m hashedSnapshot) bool { return m.Revision == want.Revision })
		if i < 0 {
			return nil, fmt.Errorf("%s is missing: %w", manifestName(want.Revision), ErrRefused)
		}
		if out[i].hash != want.Hash {
			return nil, refused(manifestName(want.Revision))
		}
	}
	return out, nil
}
