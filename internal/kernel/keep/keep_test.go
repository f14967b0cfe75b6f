package keep_test

import (
	"fmt"
	"sync"
	"testing"

	"hexhub/internal/kernel/keep"
)

// What was not asked for longest is forgotten first; what alone exceeds the room is not kept.
func TestTheOldestIsForgotten(t *testing.T) {
	s := keep.New[string, int](3 * 1600)
	for i, key := range []string{"a", "b", "c"} {
		s.Put(key, i, 1000)
	}
	s.Get("a")
	s.Put("d", 3, 1000)
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if _, ok := s.Get(key); ok != want {
			t.Errorf("%s is kept: %t", key, ok)
		}
	}
	s.Put("a", 9, 10)
	if got, _ := s.Get("a"); got != 9 {
		t.Errorf("a = %d", got)
	}
	s.Put("large", 1, 1<<20)
	if _, ok := s.Get("large"); ok {
		t.Error("what exceeds the room is kept")
	}
	if _, ok := s.Get("d"); !ok {
		t.Error("what exceeds the room drove out what is kept")
	}
	s.Put("d", 1, 1<<20)
	if _, ok := s.Get("d"); ok {
		t.Error("what was kept under the key of another is")
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	s := keep.New[string, int](10_000)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			key := fmt.Sprint(i % 20)
			s.Put(key, i%20, 1000)
			if got, ok := s.Get(key); ok && fmt.Sprint(got) != key {
				t.Errorf("%s = %d", key, got)
			}
		})
	}
	wg.Wait()
}
