package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"hexhub/internal/kernel/fault"
)

// tmp is the directory of files that are not blobs yet, inside the store's own so that a rename is
// all it takes to make them blobs.
const tmp = "tmp"

// Disk is a Store in a directory: the blob abcd… lies in ab/cd/abcd….
//
// Two processes may open one directory, but only one of them may call Delete.
type Disk struct {
	root  *os.Root
	fs    fsys
	lock  *os.File // shared with other processes that have this directory open
	known sync.Map // names of directories that exist durably
	trust trust

	// mu makes a rename into place, and a look at the age of a blob with its removal, exclude each other.
	mu sync.Mutex

	// broken is set when a directory failed to sync: what is durable is then unknown, and a later
	// sync may succeed without making up for it. Nothing is acknowledged from there on.
	broken atomic.Pointer[fault.Error]
}

// OpenDisk opens the store in dir, which it makes if its parent exists. Temporary files that a
// crash has left behind are removed, unless another process has the store open and may be writing
// them.
func OpenDisk(dir string) (*Disk, error) {
	root, err := makeRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open blobs: %w", full(err))
	}
	d := &Disk{root: root, fs: rootFS{root}}
	if err := d.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("open blobs: %w", full(err)), d.Close())
	}
	return d, nil
}

// makeRoot opens dir, of which it knows afterwards that it will outlast a power cut.
func makeRoot(dir string) (*os.Root, error) {
	parent, err := os.OpenRoot(filepath.Dir(filepath.Clean(dir)))
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := (rootFS{parent}).syncDir("."); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

func (d *Disk) start() error {
	if err := d.root.MkdirAll(tmp, 0o700); err != nil {
		return err
	}
	var err error
	if d.lock, err = d.root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	return shareLock(d.lock, d.sweep)
}

// sweep removes every temporary file.
func (d *Disk) sweep() error {
	entries, err := fs.ReadDir(d.root.FS(), tmp)
	for _, e := range entries {
		err = errors.Join(err, d.root.RemoveAll(path.Join(tmp, e.Name())))
	}
	return err
}

// Close releases the directory. Readers and spooled uploads that are still open stay readable.
func (d *Disk) Close() error {
	var err error
	if d.lock != nil {
		err = d.lock.Close()
	}
	return errors.Join(err, d.root.Close())
}

// file names of blobs and their directories, relative to the root. 256 directories are soon all there,
// and a Put that makes none waits for half as many syncs.
func dirOf(h Hash) string  { return h.String()[:2] }
func fileOf(h Hash) string { return dirOf(h) + "/" + h.String() }

// Put implements Store.
func (d *Disk) Put(ctx context.Context, r io.Reader) (Hash, int64, error) {
	if s, ok := r.(*Spooled); ok {
		if t, ok := s.rest.(*tempFile); ok && t.disk == d && !t.gone {
			return s.hash, s.Size(), d.keep(s.hash, t)
		}
		r = io.NewSectionReader(s, 0, s.Size())
	}
	s, err := d.Spool(ctx, r, math.MaxInt64)
	if err != nil {
		return Hash{}, 0, err
	}
	defer s.Close()
	return d.Put(ctx, s)
}

// Spool implements Store. The bytes lie in a file beside the blobs, which is synced only when put.
func (d *Disk) Spool(ctx context.Context, r io.Reader, max int64) (*Spooled, error) {
	name := tmp + "/" + rand.Text()
	f, err := d.fs.create(name)
	if err != nil {
		return nil, full(fmt.Errorf("spool: %w", err))
	}
	t := &tempFile{file: f, disk: d, name: name}
	h, size, err := copyHashed(ctx, f, r, max)
	if err != nil {
		_ = t.Close() // what went wrong first is what counts
		return nil, full(err)
	}
	return newSpooled(t, h, size), nil
}

// tempFile is a file in tmp.
type tempFile struct {
	file
	disk *Disk
	name string
	gone bool // renamed or removed
}

// Close closes the file, and removes it if it has not become a blob.
func (t *tempFile) Close() error {
	err := t.file.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	if t.gone {
		return err
	}
	t.gone = true
	return errors.Join(err, t.disk.fs.remove(t.name))
}

// keep makes t the blob h. The order is the whole point: bytes durable, then visible, then the name
// durable, and only then is the caller told.
func (d *Disk) keep(h Hash, t *tempFile) error {
	if f := d.broken.Load(); f != nil {
		return f
	}
	if err := t.Sync(); err != nil {
		_ = t.Close() // a second sync could succeed without the bytes, so nobody may try one
		return full(fmt.Errorf("sync blob: %w", err))
	}
	if err := d.makeDir(dirOf(h)); err != nil {
		return full(err)
	}
	d.mu.Lock()
	err := d.fs.rename(t.name, fileOf(h))
	d.mu.Unlock()
	if err != nil {
		return full(fmt.Errorf("name blob: %w", err))
	}
	t.gone = true
	return d.syncDir(dirOf(h))
}

// makeDir makes a directory for blobs and sees to it that it will outlast a power cut.
func (d *Disk) makeDir(dir string) error {
	if _, ok := d.known.Load(dir); ok {
		return nil
	}
	if err := d.fs.mkdir(dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make blob directory: %w", err)
	}
	if err := d.syncDir("."); err != nil {
		return err
	}
	d.known.Store(dir, true)
	return nil
}

func (d *Disk) syncDir(dir string) error {
	err := d.fs.syncDir(dir)
	if f := d.broken.Load(); f != nil {
		return f // whatever this sync says, it may have been another that lost the entry
	}
	if err == nil {
		return nil
	}
	f := fault.Wrap(fault.Unavailable, fmt.Errorf("sync directory %s: %w", dir, err),
		"the server's disk failed to store data safely, so nothing more is written to it; "+
			"its administrator must check the disk and restart the server")
	d.broken.Store(f)
	return f
}

// Open implements Store. A blob that this process has read whole and found right is not hashed
// again until its file changes, and may then be sent by the kernel.
func (d *Disk) Open(_ context.Context, h Hash) (Reader, error) {
	f, err := d.root.Open(fileOf(h))
	if err != nil {
		return nil, missing(h, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	seen := stamp{info.Size(), info.ModTime().UnixNano()}
	if d.trust.has(h, seen) {
		return trusted{f, info.Size()}, nil
	}
	return verify(f, h, info.Size(), func() { d.trust.add(h, seen) }), nil
}

// Stat implements Store.
func (d *Disk) Stat(_ context.Context, h Hash) (Info, error) {
	info, err := d.root.Stat(fileOf(h))
	if err != nil {
		return Info{}, missing(h, err)
	}
	return Info{h, info.Size(), info.ModTime()}, nil
}

// Check implements Store. A blob found corrupt is hashed again at every Open.
func (d *Disk) Check(ctx context.Context, h Hash) error {
	f, err := d.root.Open(fileOf(h))
	if err != nil {
		return missing(h, err)
	}
	defer f.Close()
	got, _, err := copyHashed(ctx, io.Discard, f, math.MaxInt64)
	if err != nil {
		return fmt.Errorf("check blob %s: %w", h, err)
	}
	if got != h {
		d.trust.drop(h)
		return fmt.Errorf("blob %s: %w", h, ErrCorrupt)
	}
	return nil
}

// Delete implements Store. It is not synced: a blob that a power cut brings back is swept again.
func (d *Disk) Delete(_ context.Context, h Hash, before time.Time) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := d.root.Stat(fileOf(h))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("delete blob: %w", err)
	}
	if !info.ModTime().Before(before) {
		return false, nil
	}
	if err := d.fs.remove(fileOf(h)); err != nil {
		return false, fmt.Errorf("delete blob: %w", err)
	}
	return true, nil
}

// Walk implements Store. Files that are not blobs are passed over.
func (d *Disk) Walk(ctx context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		err := fs.WalkDir(d.root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			h, err := Parse(path.Base(name))
			if err != nil || name != fileOf(h) {
				return nil
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted since its directory was read
			}
			if err == nil && !yield(Info{h, info.Size(), info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil {
			yield(Info{}, fmt.Errorf("walk blobs: %w", err))
		}
	}
}
