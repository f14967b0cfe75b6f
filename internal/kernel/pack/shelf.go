package pack

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"hexhub/internal/kernel/flight"
	"hexhub/internal/kernel/line"
)

// Options are what a shelf may be told. The zero value works.
type Options struct {
	Bytes int64 // that all packs may take on disk; zero means 2 GiB
	Open  int   // packs that are kept open; zero means 64
}

const (
	defaultBytes = 2 << 30
	defaultOpen  = 64
	suffix       = ".pack"
)

// A Shelf keeps packs in a directory that is its own. It is safe for concurrent use, by one process.
type Shelf struct {
	Options
	root    *os.Root
	flight  flight.Group[struct{}]
	readers *line.Line // those who want to read what is not there
	makers  *line.Line // those who may not want what they make; readers do not wait for them

	mu    sync.Mutex // guards all below
	order *list.List // of *item, those asked for lately in front
	items map[string]*list.Element
	bytes int64 // on disk
	open  int
}

// An item is a pack on the shelf.
type item struct {
	key  string
	size int64
	pack *Pack // nil while it is closed
	file *os.File
	uses int  // of the open pack; it is not closed meanwhile
	gone bool // taken from the shelf, and closed by its last user
}

// block is what even the smallest file takes of a disk.
const block = 4 << 10

// room is about what the pack takes on the disk: of very small ones, more than it has bytes.
func (i *item) room() int64 { return max(i.size, block) }

// NewShelf returns the shelf in dir, which is made if it is not there. What a crash left half made is removed.
func NewShelf(dir string, o Options) (*Shelf, error) {
	if o.Bytes == 0 {
		o.Bytes = defaultBytes
	}
	if o.Open == 0 {
		o.Open = defaultOpen
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the shelf of packs: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the shelf of packs: %w", err)
	}
	s := &Shelf{Options: o, root: root, readers: line.New(atOnce, inLine), makers: line.New(atOnce, inLine), order: list.New(), items: map[string]*list.Element{}}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the shelf of packs: %w", err), root.Close())
	}
	return s, nil
}

// load finds what is on the shelf, in the order in which it was last used before.
func (s *Shelf) load() error {
	var found []fs.FileInfo
	err := fs.WalkDir(s.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !strings.HasSuffix(path, suffix) {
			return s.root.Remove(path)
		}
		info, err := d.Info()
		found = append(found, info)
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range found {
		s.put(&item{key: strings.TrimSuffix(info.Name(), suffix), size: info.Size()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shrink(s.Bytes)
	return nil
}

// Get returns the pack that is called key, of small letters, digits and dashes. If it is not there, fill makes it, while
// others who want the same wait. Who gets it closes it. A damaged one is made again. If too many wait, that is unavailable.
func (s *Shelf) Get(ctx context.Context, key string, fill func(context.Context, *Writer) error) (*Pack, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	for {
		p, err := s.take(key)
		if err != nil || p != nil {
			return p, err
		}
		if err := s.want(ctx, key, fill); err != nil {
			return nil, err
		}
	}
}

func checkKey(key string) error {
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || key == "" {
		return fmt.Errorf("%q is no name of a pack", key)
	}
	return nil
}

// want has the pack made, by one of those who want it.
func (s *Shelf) want(ctx context.Context, key string, fill func(context.Context, *Writer) error) error {
	there := func() (struct{}, bool) { return struct{}{}, s.Holds(key) }
	_, err := s.flight.Once(ctx, key, there, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.fill(ctx, key, fill)
	})
	return err
}

// Find returns the pack that is called key, if it is there and can be read. Who finds it closes it.
func (s *Shelf) Find(key string) (*Pack, bool) {
	p, err := s.take(key)
	return p, err == nil && p != nil
}

// Holds reports whether the pack is there, without making it or counting as use.
func (s *Shelf) Holds(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[key] != nil
}

// Drop takes a pack from the shelf, if it is there. Who has it open reads on.
func (s *Shelf) Drop(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.items[key]; e != nil {
		s.remove(e)
	}
}

// Close closes the packs that nobody has open. Nothing is to be asked of the shelf afterwards.
func (s *Shelf) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.order.Front(); e != nil; e = e.Next() {
		i := e.Value.(*item)
		if i.gone = true; i.uses == 0 {
			i.close()
		}
	}
	return s.root.Close()
}

// take opens what is on the shelf; nil if it is not.
func (s *Shelf) take(key string) (*Pack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.items[key]
	if e == nil {
		return nil, nil //nolint:nilnil // as documented
	}
	i := e.Value.(*item)
	if i.pack == nil {
		if err := s.openItem(i); err != nil {
			s.remove(e) // to be made again
			if errors.Is(err, errDamaged) || errors.Is(err, fs.ErrNotExist) {
				return nil, nil //nolint:nilnil // as documented
			}
			return nil, fmt.Errorf("open pack %s: %w", key, err)
		}
	}
	s.order.MoveToFront(e)
	i.uses++
	s.closeOthers()
	return &Pack{r: i.pack.r, files: i.pack.files, size: i.size, release: sync.OnceFunc(func() { s.giveBack(i) })}, nil
}

func (s *Shelf) openItem(i *item) error {
	f, err := s.root.Open(i.key + suffix)
	if err != nil {
		return err
	}
	p, err := open(f, i.size)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	now := time.Now()
	if err := s.root.Chtimes(i.key+suffix, now, now); err != nil { // for the order after a restart
		return errors.Join(err, f.Close())
	}
	i.file, i.pack = f, p
	s.open++
	return nil
}

func (s *Shelf) giveBack(i *item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.uses--; i.uses == 0 && i.gone {
		i.close()
	}
}

// closeOthers closes what was not asked for longest, as long as more are open than may be.
func (s *Shelf) closeOthers() {
	for e := s.order.Back(); e != nil && s.open > s.Open; e = e.Prev() {
		if i := e.Value.(*item); i.pack != nil && i.uses == 0 {
			i.close()
			s.open--
		}
	}
}

func (i *item) close() {
	if i.file != nil {
		i.file.Close()
	}
	i.file, i.pack = nil, nil
}

// fill makes a pack that others want and puts it on the shelf, unless they have all left before it is its turn. What is
// begun is finished: it will be wanted again.
func (s *Shelf) fill(ctx context.Context, key string, fill func(context.Context, *Writer) error) error {
	leave, err := enter(ctx, s.readers)
	if err != nil {
		return err
	}
	defer leave()
	m, err := s.make(context.WithoutCancel(ctx), fill)
	if err != nil {
		return fmt.Errorf("fill pack %s: %w", key, err)
	}
	defer m.Close()
	return m.Keep(key)
}

// put adds an item as the one asked for last.
func (s *Shelf) put(i *item) {
	if e := s.items[i.key]; e != nil {
		s.remove(e)
	}
	s.items[i.key] = s.order.PushFront(i)
	s.bytes += i.room()
}

// shrink forgets what was not asked for longest until the packs take no more than most; the one asked for last stays.
func (s *Shelf) shrink(most int64) {
	for s.bytes > most && s.order.Len() > 1 {
		s.remove(s.order.Back())
	}
}

func (s *Shelf) remove(e *list.Element) {
	i := s.order.Remove(e).(*item)
	delete(s.items, i.key)
	s.bytes -= i.room()
	_ = s.root.Remove(i.key + suffix) // what cannot be removed now is found at the next start
	if i.pack != nil {
		s.open--
	}
	if i.gone = true; i.uses == 0 {
		i.close()
	}
}
