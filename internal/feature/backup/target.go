package backup

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"hexhub/internal/kernel/blob/s3"
)

// A Target is a place elsewhere that keeps objects by name. Names are slash-separated paths of plain letters.
// All methods may be called concurrently. What is not there is an error that wraps fs.ErrNotExist.
type Target interface {
	// Put stores size bytes of r under the name, in the place of what was there. The object appears whole or
	// not at all, and is durable when Put returns.
	Put(ctx context.Context, name string, r io.Reader, size int64) error

	// Get returns a reader of the object, which the caller closes.
	Get(ctx context.Context, name string) (io.ReadCloser, error)

	// List yields the objects whose name starts with prefix, in any order. An error ends it.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]

	// Delete removes the object, if it is there.
	Delete(ctx context.Context, name string) error
}

// An Object is what List tells of one.
type Object struct {
	Name string
	Size int64 // bytes
}

// all lists a prefix by name.
func all(ctx context.Context, t Target, prefix string) ([]Object, error) {
	var out []Object
	for o, err := range t.List(ctx, prefix) {
		if err != nil {
			return nil, fmt.Errorf("list %s of the backup: %w", cmp.Or(prefix, "all"), err)
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// partial is where a Folder writes what is not whole yet.
const partial = "partial"

// A Folder is a Target in a directory, such as a mounted disk.
type Folder struct{ root *os.Root }

// OpenFolder opens the directory. With create, it is made if its parent exists.
func OpenFolder(dir string, create bool) (*Folder, error) {
	if create {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the backup's folder: %w", err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the backup's folder: %w", err)
	}
	return &Folder{root}, nil
}

// Close gives the directory back.
func (f *Folder) Close() error { return f.root.Close() }

// Put implements Target.
func (f *Folder) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name = filepath.FromSlash(name)
	temp := filepath.Join(partial, rand.Text())
	if err := errors.Join(f.makeDirs(partial), f.makeDirs(filepath.Dir(name))); err != nil {
		return err
	}
	if err := f.write(temp, r, size); err != nil {
		return errors.Join(err, ignoreAbsent(f.root.Remove(temp)))
	}
	if err := f.root.Rename(temp, name); err != nil {
		return errors.Join(err, ignoreAbsent(f.root.Remove(temp)))
	}
	return f.sync(filepath.Dir(name))
}

func (f *Folder) write(name string, r io.Reader, size int64) error {
	w, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(w, r)
	if err == nil && n != size {
		err = fmt.Errorf("wrote %d bytes of %d", n, size)
	}
	return errors.Join(err, w.Sync(), w.Close())
}

// makeDirs makes a directory and those above it, and sees to it that they outlast a power cut.
func (f *Folder) makeDirs(dir string) error {
	if _, err := f.root.Stat(dir); err == nil {
		return nil
	}
	if above := filepath.Dir(dir); above != dir {
		if err := f.makeDirs(above); err != nil {
			return err
		}
	}
	if err := f.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.sync(filepath.Dir(dir))
}

func (f *Folder) sync(dir string) error {
	d, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Get implements Target.
func (f *Folder) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return f.root.Open(filepath.FromSlash(name))
}

// List implements Target.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		top := path.Dir(prefix + "x")
		err := fs.WalkDir(f.root.FS(), top, func(name string, e fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // never there, or deleted meanwhile
			case errors.Join(err, ctx.Err()) != nil:
				return errors.Join(err, ctx.Err())
			case e.IsDir() && name == partial:
				return fs.SkipDir
			case e.IsDir() || !strings.HasPrefix(name, prefix):
				return nil
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && !yield(Object{name, info.Size()}, nil) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil {
			yield(Object{}, err)
		}
	}
}

// Delete implements Target.
func (f *Folder) Delete(_ context.Context, name string) error {
	return ignoreAbsent(f.root.Remove(filepath.FromSlash(name)))
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// A Bucket is a Target in a bucket of a server that speaks S3.
type Bucket struct{ *s3.Objects }

// List implements Target.
func (b Bucket) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for o, err := range b.Objects.List(ctx, prefix) {
			if !yield(Object(o), err) {
				return
			}
		}
	}
}
