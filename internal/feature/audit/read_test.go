package audit_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
)

// find reads every page of a query.
func find(t *testing.T, a *audit.Audit, q audit.Query, limit int) []string {
	t.Helper()
	var actions []string
	for {
		page, next, err := a.Find(t.Context(), a.View(), q, limit)
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
		q.After = next
	}
}

// deeds are the actions of record from one number down to another.
func deeds(from, to int) (out []string) {
	for i := from; i >= to; i-- {
		out = append(out, fmt.Sprint("deed.", i))
	}
	return out
}

func TestTimesBoundWhatIsFound(t *testing.T) {
	db := open(t)
	a := audit.New(db, audit.Options{})
	record(t, db, 10, func(int) string { return "org:acme" })
	at := func(i int) time.Time { return start.Add(time.Duration(i) * time.Second) }
	for _, c := range []struct {
		name     string
		from, to time.Time
		want     []string
	}{
		{"no bounds", time.Time{}, time.Time{}, deeds(9, 0)},
		{"from, with the moment itself", at(3), time.Time{}, deeds(9, 3)},
		{"to, without the moment itself", time.Time{}, at(3), deeds(2, 0)},
		{"both", at(3), at(5), deeds(4, 3)},
		{"between two entries", at(3).Add(time.Millisecond), at(3).Add(time.Second - time.Microsecond), nil},
		{"a second of nothing", at(20), at(30), nil},
	} {
		for _, ref := range []string{"", "org:acme"} {
			for _, limit := range []int{1, 3, 100} {
				if got := find(t, a, audit.Query{Ref: ref, From: c.from, To: c.to}, limit); !slices.Equal(got, c.want) {
					t.Errorf("%s, of %q, %d a page: %v, want %v", c.name, ref, limit, got, c.want)
				}
			}
		}
	}
}

func TestActionsAreFoundAloneAndByFamily(t *testing.T) {
	db := open(t)
	a := audit.New(db, audit.Options{})
	record(t, db, 12, func(int) string { return "org:acme" })
	for action, want := range map[string][]string{
		"deed.1": {"deed.1"}, "deed.": deeds(11, 0), "deed": nil, "dee.": nil,
	} {
		for _, limit := range []int{1, 5, 100} {
			if got := find(t, a, audit.Query{Action: action}, limit); !slices.Equal(got, want) {
				t.Errorf("%q, %d a page: %v, want %v", action, limit, got, want)
			}
		}
	}
}

func TestCursorsOfStrangersAreRefused(t *testing.T) {
	a := audit.New(open(t), audit.Options{})
	for _, after := range []string{"x", "../../audit", "org:acme/00000000000000000000000000"} {
		if _, _, err := a.Find(t.Context(), a.View(), audit.Query{After: after}, 10); !fault.Is(err, fault.Malformed) {
			t.Errorf("%q as a cursor: %v, want a malformed request", after, err)
		}
	}
}

func TestExportIsALineOfJSONForEachEntry(t *testing.T) {
	db := open(t)
	a := audit.New(db, audit.Options{})
	record(t, db, 1203, func(i int) string { return fmt.Sprint("org:", i%2) })
	var b bytes.Buffer
	if err := a.Export(t.Context(), &b, start.Add(3*time.Second), time.Time{}, "org:1"); err != nil {
		t.Fatal(err)
	}
	var got []string
	for lines := bufio.NewScanner(&b); lines.Scan(); {
		var e audit.Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		got = append(got, e.Action)
	}
	var want []string
	for i := 1201; i >= 3; i -= 2 {
		want = append(want, fmt.Sprint("deed.", i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d lines, want %d; the first are %v and %v", len(got), len(want), got[:3], want[:3])
	}
}
