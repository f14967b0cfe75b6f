package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/store"
)

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{}, audit.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

var start = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// record writes one entry a second, with the ref that of returns for its number.
func record(t *testing.T, db *store.DB, n int, of func(int) string) {
	t.Helper()
	for i := range n {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			audit.RecordTx(tx, audit.By{UserID: "u"}, fmt.Sprint("deed.", i), map[string]any{"n": float64(i)}, start.Add(time.Duration(i)*time.Second), of(i))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// all reads every page of a reference.
func all(t *testing.T, db *store.DB, ref string, limit int) []string {
	t.Helper()
	var actions []string
	for after := ""; ; {
		page, next, err := audit.List(t.Context(), db.View(), ref, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > limit {
			t.Fatalf("a page of %d entries has %d", limit, len(page))
		}
		for _, e := range page {
			actions = append(actions, e.Action)
		}
		if next == "" {
			return actions
		}
		after = next
	}
}

func TestNewestEntriesComeFirstOnEveryPage(t *testing.T) {
	db := open(t)
	record(t, db, 7, func(int) string { return audit.PackageRef("acme", "plug") })
	want := []string{"deed.6", "deed.5", "deed.4", "deed.3", "deed.2", "deed.1", "deed.0"}
	for _, ref := range []string{"", audit.PackageRef("acme", "plug"), audit.UserRef("u")} {
		for limit := 1; limit <= 8; limit++ {
			if got := all(t, db, ref, limit); !slices.Equal(got, want) {
				t.Errorf("entries of %q, %d a page = %v, want %v", ref, limit, got, want)
			}
		}
	}
}

func TestReferencesDoNotReachIntoEachOther(t *testing.T) {
	db := open(t)
	refs := []string{audit.PackageRef("a", "b"), audit.PackageRef("a", "bc"), audit.PackageRef("a", "b/c"), audit.OrgRef("a"), audit.UserRef("a")}
	record(t, db, len(refs), func(i int) string { return refs[i] })
	for i, ref := range refs {
		if got, want := all(t, db, ref, 10), []string{fmt.Sprint("deed.", i)}; !slices.Equal(got, want) {
			t.Errorf("entries of %q = %v, want %v", ref, got, want)
		}
	}
	if got := all(t, db, "package:a", 10); len(got) != 0 {
		t.Errorf("half a reference finds %v", got)
	}
}

func TestNoDeedNoEntry(t *testing.T) {
	db := open(t)
	refusal := errors.New("refused")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		audit.RecordTx(tx, audit.By{}, "deed", nil, start, "user:u")
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Fatal(err)
	}
	if got := all(t, db, "", 10); len(got) != 0 {
		t.Errorf("a refused deed left %v", got)
	}
}

func TestEntryComesBackAsItWasWritten(t *testing.T) {
	db := open(t)
	by := audit.By{UserID: "u", Username: "jose", Org: "acme", KeyID: "k", KeyName: "ci", Session: "s", IP: "::1", UserAgent: "mix"}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		audit.RecordTx(tx, by, "key.generate", map[string]any{"name": "ci"}, start.Add(1500*time.Nanosecond), "user:u", "user:other")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	page, _, err := audit.List(t.Context(), db.View(), "user:other", "", 10)
	if err != nil || len(page) != 1 {
		t.Fatalf("entries = %v, %v; want one", page, err)
	}
	want := audit.Entry{
		ID: page[0].ID, At: start.Add(time.Microsecond), Action: "key.generate", By: by,
		Params: map[string]any{"name": "ci"}, Refs: []string{"user:u", "user:other", "org:acme"},
	}
	if d := cmp.Diff(want, page[0]); d != "" {
		t.Error(d)
	}
}

func TestUserAgentIsCutBetweenCharacters(t *testing.T) {
	for _, long := range []string{strings.Repeat("x", 300), "x" + strings.Repeat("é", 200), strings.Repeat("€", 300)} {
		db := open(t)
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			audit.RecordTx(tx, audit.By{UserID: "u", UserAgent: long}, "deed", nil, start)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		page, _, err := audit.List(context.Background(), db.View(), "", "", 1)
		if err != nil || len(page) != 1 {
			t.Fatalf("entries = %v, %v; want one", page, err)
		}
		if got := page[0].By.UserAgent; len(got) > 255 || len(got) < 252 || !utf8.ValidString(got) || !strings.HasPrefix(long, got) {
			t.Errorf("a User-Agent of %d bytes is kept as %d bytes: %q", len(long), len(got), got)
		}
	}
}
