package setting_test

import (
	"errors"
	"testing"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

func open(t *testing.T) (*setting.Settings, *store.DB) {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, setting.Tables, audit.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return setting.New(db, []setting.Definition{{
		Name: "registration", Default: "invite",
		Check: func(v string) error {
			if v != "open" && v != "invite" {
				return errors.New("must be open or invite")
			}
			return nil
		},
	}}), db
}

func TestDefaultHoldsUntilSet(t *testing.T) {
	s, db := open(t)
	if v, row := s.Value(db.View(), "registration"); v != "invite" || row.By != "" {
		t.Fatalf("value = %q by %q, want the default", v, row.By)
	}
	before := db.View()
	s.Value(before, "registration")
	if err := s.Set(t.Context(), audit.By{Username: "eva"}, "registration", "open"); err != nil {
		t.Fatal(err)
	}
	if v, row := s.Value(db.View(), "registration"); v != "open" || row.By != "eva" {
		t.Fatalf("value = %q by %q, want open by eva", v, row.By)
	}
	if !before.Stale() {
		t.Error("whoever read the old value is not told")
	}
}

func TestBadValuesChangeNothing(t *testing.T) {
	s, db := open(t)
	if err := s.Set(t.Context(), audit.By{}, "registration", "all"); !fault.Is(err, fault.Invalid) {
		t.Errorf("err = %v, want invalid", err)
	}
	if err := s.Set(t.Context(), audit.By{}, "registratoin", "open"); !fault.Is(err, fault.NotFound) {
		t.Errorf("err = %v, want not found", err)
	}
	if v, _ := s.Value(db.View(), "registration"); v != "invite" {
		t.Errorf("value = %q", v)
	}
}
