package store_test

import (
	"testing"
	"testing/synctest"

	"hexhub/internal/kernel/store"
)

// A Sight goes stale with the first of its Views, its own, a stranger's or another Sight's, and with nothing else.
func TestSightKnowsWhenStale(t *testing.T) {
	for name, see := range map[string]func(*store.DB, *store.Sight) *store.View{
		"opened": func(db *store.DB, s *store.Sight) *store.View { return s.Open(db) },
		"added": func(db *store.DB, s *store.Sight) *store.View {
			v := db.View()
			s.Add(v)
			return v
		},
		"joined": func(db *store.DB, s *store.Sight) *store.View {
			var other store.Sight
			v := other.Open(db)
			s.Join(&other)
			return v
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, store.NewMemory())
			put(t, db, person{Name: "ann"}, person{Name: "bob"}, person{Name: "zoe"})
			var s store.Sight
			if !s.Empty() {
				t.Error("saw something before it looked")
			}
			people.Get(s.Open(db), "bob")
			people.Get(see(db, &s), "ann")
			s.Close()
			put(t, db, person{Name: "zoe", Count: 1})
			if s.Empty() || s.Stale() {
				t.Errorf("empty %t, stale %t for a row that was not read", s.Empty(), s.Stale())
			}
			put(t, db, person{Name: "ann", Count: 1})
			if !s.Stale() {
				t.Error("not stale although a row has changed")
			}
			if err := s.Wait(t.Context()); err != nil {
				t.Errorf("Wait on a stale Sight = %v", err)
			}
		})
	}
}

// Who waits is woken by the row that the Sight has seen.
func TestSightWakesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		put(t, db, person{Name: "ann"}, person{Name: "zoe"})
		var s store.Sight
		people.Get(s.Open(db), "ann")
		s.Close()
		woken := false
		go func() {
			woken = s.Wait(t.Context()) == nil
		}()
		synctest.Wait()
		put(t, db, person{Name: "zoe", Count: 1})
		synctest.Wait()
		if woken {
			t.Error("woken for a row that was not read")
		}
		put(t, db, person{Name: "ann", Count: 1})
		synctest.Wait()
		if !woken {
			t.Error("asleep although the row has changed")
		}
	})
}

// A View that is to see all goes stale with any commit.
func TestViewOfAllIsStaleWithTheNextCommit(t *testing.T) {
	db := open(t, store.NewMemory())
	v := db.View()
	v.SeeAll()
	if v.Stale() {
		t.Error("stale although nothing happened")
	}
	put(t, db, person{Name: "zoe"})
	if !v.Stale() {
		t.Error("slept through a commit")
	}
}
