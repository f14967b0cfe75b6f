package id_test

import (
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhub/internal/kernel/id"
)

var look = regexp.MustCompile(`^[0-9a-v]{26}$`)

func TestIdsNeverRepeat(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		for _, s := range []string{id.New(), id.Newest(time.Unix(1, 0))} {
			if !look.MatchString(s) || seen[s] {
				t.Fatalf("id %q is malformed or came twice", s)
			}
			seen[s] = true
		}
	}
}

func TestLaterSortsFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nanos := rapid.Int64Range(0, 1<<62)
		a, b := nanos.Draw(t, "a"), nanos.Draw(t, "b")
		if a < b && id.Newest(time.Unix(0, a)) <= id.Newest(time.Unix(0, b)) {
			t.Fatalf("the id of %d does not come after that of %d", a, b)
		}
	})
}

func TestFloorIsBelowItsTimeAndAboveLaterOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nanos := rapid.Int64Range(0, 1<<62)
		a, b := nanos.Draw(t, "a"), nanos.Draw(t, "b")
		if got, floor := id.Newest(time.Unix(0, a)), id.Floor(time.Unix(0, b)); (got >= floor) != (a <= b) {
			t.Fatalf("the id of %d is at or above the floor of %d: %t", a, b, got >= floor)
		}
	})
}

func TestOnlyIdsAreValid(t *testing.T) {
	for text, want := range map[string]bool{
		id.New(): true, id.Newest(time.Now()): true, id.Floor(time.Now()): true,
		"": false, "x": false, id.New() + "0": false, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ": false, "0000000000000000000000000v": false,
	} {
		if id.Valid(text) != want {
			t.Errorf("Valid(%q) = %t", text, !want)
		}
	}
}
