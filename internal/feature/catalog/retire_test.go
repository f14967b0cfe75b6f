package catalog_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
)

func TestRetirementIsChecked(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	for _, test := range []struct {
		name, reason, message, want string
	}{
		{"no reason", "", "", "retirement.reason can't be blank"},
		{"unknown reason", "boring", "", "retirement.reason is invalid"},
		{"short message", "other", "no", "retirement.message should be at least 3 character(s)"},
		{"long message", "other", strings.Repeat("é", 141), "retirement.message should be at most 140 character(s)"},
		{"both", "Renamed", "no", "retirement.message should be at least 3 character(s); retirement.reason is invalid"},
		{"longest message", "renamed", strings.Repeat("é", 140), "ok"},
		{"other", "other", "", "ok"},
		{"invalid", "invalid", "it is", "ok"},
		{"security", "security", "", "ok"},
		{"deprecated", "deprecated", "", "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := catalog.Retirement{Reason: catalog.Reason(test.reason), Message: test.message}
			check(t, "retire", w.Retire(t.Context(), w.as("joe"), jason, v("1.0.0"), r), test.want)
			check(t, "retire all", w.RetireAll(t.Context(), w.as("joe"), jason, r, false), test.want)
			if now, _ := catalog.GetRelease(w.db.View(), jason, v("1.0.0")); test.want == "ok" && *now.Retirement != r {
				t.Errorf("retirement is %+v", now.Retirement)
			}
		})
	}
}

func TestRetireAndUnretire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		security, renamed := catalog.Retirement{Reason: catalog.Security, Message: "hole"}, catalog.Retirement{Reason: catalog.Renamed}
		for _, ver := range []string{"1.0.0", "1.1.0", "1.2.0"} {
			w.publish(t, "joe", jason, ver)
		}
		time.Sleep(1000 * time.Hour) // there is no window
		retired := func() string {
			var s []string
			for _, r := range catalog.Releases(w.db.View(), jason) {
				if r.Retirement != nil {
					s = append(s, r.Version.String()+"="+string(r.Retirement.Reason))
				}
			}
			return strings.Join(s, " ")
		}
		check(t, "retire", w.Retire(ctx, w.as("joe"), jason, v("1.1.0"), security), "ok")
		if got := retired(); got != "1.1.0=security" {
			t.Errorf("retired: %s", got)
		}
		if p, _ := catalog.Get(w.db.View(), jason); !p.UpdatedAt.Equal(time.Now()) {
			t.Errorf("retiring did not move the package's time: %v", p.UpdatedAt)
		}
		check(t, "the rest", w.RetireAll(ctx, w.as("joe"), jason, renamed, false), "ok")
		if got := retired(); got != "1.0.0=renamed 1.1.0=security 1.2.0=renamed" {
			t.Errorf("retired: %s", got)
		}
		check(t, "nothing to do", w.RetireAll(ctx, w.as("joe"), jason, security, false), "ok")
		check(t, "all", w.RetireAll(ctx, w.as("joe"), jason, security, true), "ok")
		check(t, "unretire", w.Unretire(ctx, w.as("joe"), jason, v("1.2.0")), "ok")
		check(t, "unretire again", w.Unretire(ctx, w.as("joe"), jason, v("1.2.0")), "ok")
		if got := retired(); got != "1.0.0=security 1.1.0=security" {
			t.Errorf("retired: %s", got)
		}
		if got, want := strings.Count(w.actions(t, packageRef(jason)), "release.retire"), 1+2+3; got != want {
			t.Errorf("%d retirements are recorded, want %d", got, want)
		}
	})
}

func TestWhoMayRetire(t *testing.T) {
	w := newWorld(t)
	w.publish(t, "joe", jason, "1.0.0")
	w.publish(t, "wes", tool, "1.0.0")
	check(t, "owner", w.SetOwner(t.Context(), w.as("joe"), jason, "bob", access.Maintainer, false), "ok")
	for _, test := range []struct {
		name, who string
		ref       catalog.Ref
		version   string
		want      string
	}{
		{"maintainer", "bob", jason, "1.0.0", "ok"},
		{"stranger", "eve", jason, "1.0.0", isForbidden},
		{"anonymous", "", jason, "1.0.0", isForbidden},
		{"no such version", "joe", jason, "9.0.0", isNotFound},
		{"no such package", "joe", plug, "1.0.0", isNotFound},
		{"writer", "wes", tool, "1.0.0", "ok"},
		{"reader", "rob", tool, "1.0.0", isForbidden},
		{"Z2 another organization's", "bob", tool, "1.0.0", isNotFound},
		{"anonymous, private", "", tool, "1.0.0", isNotFound},
		{"Z2 private and not there", "bob", tool, "9.0.0", isNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := catalog.Retirement{Reason: catalog.Other}
			check(t, "retire", w.Retire(t.Context(), w.as(test.who), test.ref, v(test.version), r), test.want)
			check(t, "unretire", w.Unretire(t.Context(), w.as(test.who), test.ref, v(test.version)), test.want)
			if test.version == "1.0.0" {
				check(t, "retire all", w.RetireAll(t.Context(), w.as(test.who), test.ref, r, true), test.want)
			}
		})
	}
}
