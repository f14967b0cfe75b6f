package pack_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/pack"
)

// until fills a pack when it is told to.
func until(told <-chan struct{}) func(context.Context, *pack.Writer) error {
	return func(_ context.Context, w *pack.Writer) error {
		<-told
		return w.Add("a", strings.NewReader("a"))
	}
}

// What is made lies on the shelf once it is kept, and nowhere if it is not; one that is there already stays.
func TestWhatIsMadeIsKeptOrGone(t *testing.T) {
	dir := t.TempDir()
	s := newShelf(t, dir, pack.Options{})
	for i, keep := range []bool{false, true, true} {
		m, err := s.Make(t.Context(), filler(members()))
		if err != nil {
			t.Fatal(err)
		}
		if keep {
			err = m.Keep("one")
		}
		m.Close()
		m.Close()
		if left, _ := os.ReadDir(dir); err != nil || s.Holds("one") != keep || keep != (len(left) == 1) {
			t.Errorf("pack %d: %v, held %v, %d files", i, err, s.Holds("one"), len(left))
		}
	}
	get(t, s, "one", never)
	m, err := s.Make(t.Context(), filler(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Keep("../x"); err == nil {
		t.Error("a path was taken for a key")
	}
	m.Close()
}

// Who makes what he may not want, and waits for others who do, stands in the way of no reader.
func TestReadersDoNotWaitForMakers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, go1 := newShelf(t, t.TempDir(), pack.Options{}), make(chan struct{})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if m, err := s.Make(t.Context(), until(go1)); err != nil {
					t.Error(err)
				} else {
					m.Close()
				}
			})
		}
		synctest.Wait()
		get(t, s, "read", filler(members()))
		close(go1)
		wg.Wait()
	})
}

// Only so many wait; who comes then is told to come again, and who leaves makes room.
func TestTheLineIsBounded(t *testing.T) {
	for name, ask := range map[string]func(*pack.Shelf, context.Context, string, func(context.Context, *pack.Writer) error) error{
		"readers": func(s *pack.Shelf, ctx context.Context, key string, fill func(context.Context, *pack.Writer) error) error {
			p, err := s.Get(ctx, key, fill)
			if err == nil {
				p.Close()
			}
			return err
		},
		"makers": func(s *pack.Shelf, ctx context.Context, _ string, fill func(context.Context, *pack.Writer) error) error {
			m, err := s.Make(ctx, fill)
			if err == nil {
				m.Close()
			}
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, told := newShelf(t, t.TempDir(), pack.Options{}), make(chan struct{})
			leaving, leave := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for i := range 2 + 50 {
				ctx := t.Context()
				if i >= 2 {
					ctx = leaving
				}
				wg.Go(func() {
					if err := ask(s, ctx, fmt.Sprint("k", i), until(told)); (i < 2) != (err == nil) || i >= 2 && !errors.Is(err, context.Canceled) {
						t.Errorf("%s: %d: %v", name, i, err)
					}
				})
				synctest.Wait()
			}
			err := ask(s, t.Context(), "late", until(told))
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Unavailable || f.RetryAfter == 0 {
				t.Errorf("%s: one too many: %v", name, err)
			}
			leave()
			synctest.Wait()
			wg.Go(func() {
				if err := ask(s, t.Context(), "late", until(told)); err != nil {
					t.Errorf("%s: after the others left: %v", name, err)
				}
			})
			synctest.Wait()
			close(told)
			wg.Wait()
			if s.Holds("k2") {
				t.Errorf("%s: a pack was made that nobody waits for", name)
			}
		})
	}
}

// Who asks for what one who left has asked for gets it, although the other's place in the line is gone.
func TestWhoStaysIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, told := newShelf(t, t.TempDir(), pack.Options{}), make(chan struct{})
		var wg sync.WaitGroup
		ask := func(ctx context.Context, key string) {
			wg.Go(func() {
				p, err := s.Get(ctx, key, until(told))
				if err == nil {
					p.Close()
				} else if ctx.Err() == nil {
					t.Errorf("%s: %v", key, err)
				}
			})
			synctest.Wait()
		}
		leaving, leave := context.WithCancel(t.Context())
		ask(t.Context(), "a")
		ask(t.Context(), "b")
		ask(leaving, "c")
		ask(t.Context(), "c")
		ask(leaving, "d")
		leave()
		ask(t.Context(), "d")
		close(told)
		wg.Wait()
		for _, key := range []string{"a", "b", "c", "d"} {
			if !s.Holds(key) {
				t.Errorf("%s was not made", key)
			}
		}
	})
}
