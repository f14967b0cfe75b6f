package storetest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hexhub/internal/kernel/store"
)

// A model is what the tables should hold: rows by name.
type model map[string]row

func (m model) where(keep func(row) bool) (out []row) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if keep(m[k]) {
			out = append(out, m[k])
		}
	}
	return out
}

// free reports whether r may have its mail.
func (m model) free(r row) bool {
	return r.Mail == "" || len(m.where(func(o row) bool { return o.Mail == r.Mail && o.Name != r.Name })) == 0
}

var (
	someName = rapid.SampledFrom([]string{"a", "a/b", "a/c", "ab", "b"})
	someRow  = rapid.Custom(func(t *rapid.T) row {
		return row{
			Name: someName.Draw(t, "name"),
			Mail: rapid.SampledFrom([]string{"", "m", "mm", "n"}).Draw(t, "mail"),
			Team: rapid.SampledFrom([]string{"", "t", "tt"}).Draw(t, "team"),
			Tags: rapid.SampledFrom([][]string{nil, {"g"}, {"g", "gg"}, {"h"}}).Draw(t, "tags"),
			N:    rapid.IntRange(0, 3).Draw(t, "n"),
		}
	})
)

// agreesWithModel runs random transactions on both nodes, and compares every way of reading.
func agreesWithModel(t *testing.T, p pair) {
	rapid.Check(t, func(rt *rapid.T) {
		m := model{}
		update(t, p.a, func(tx *store.Tx) {
			for _, n := range []string{"a", "a/b", "a/c", "ab", "b"} {
				rows.Delete(tx, n)
				colds.Delete(tx, n)
			}
		})
		p.meet(t)
		for i := range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			m = transact(rt, p.either(i), m)
			if err := p.either(i+1).WaitFor(t.Context(), p.either(i).Revision()); err != nil {
				rt.Fatal(err)
			}
			for _, db := range []*store.DB{p.a, p.b} {
				v := db.View()
				compare(rt, v, m)
				for r := range rows.All(v) {
					if c, ok, err := colds.Get(t.Context(), v, r.Name); err != nil || !ok || !cmp.Equal(c, r) {
						rt.Fatalf("cold %s is %+v, %v, %v; want %+v", r.Name, c, ok, err, r)
					}
				}
			}
		}
	})
}

// transact runs one random transaction and returns what the model becomes.
func transact(rt *rapid.T, db *store.DB, before model) model {
	type step struct {
		put bool
		row row
	}
	var steps []step
	for range rapid.IntRange(1, 5).Draw(rt, "steps") {
		steps = append(steps, step{rapid.Bool().Draw(rt, "put"), someRow.Draw(rt, "row")})
	}
	giveUp := rapid.IntRange(0, 9).Draw(rt, "fate") == 0
	gaveUp := errors.New("gave up")
	after, taken := before, false
	err := db.Update(rt.Context(), func(tx *store.Tx) error {
		after, taken = maps.Clone(before), false
		for _, s := range steps {
			if s.put {
				taken = taken || !after.free(s.row)
				rows.Put(tx, s.row)
				colds.Put(tx, s.row)
				after[s.row.Name] = s.row
			} else {
				_, there := after[s.row.Name]
				if rows.Delete(tx, s.row.Name) != there {
					rt.Fatalf("Delete(%s) does not know that it was there: %v", s.row.Name, there)
				}
				colds.Delete(tx, s.row.Name)
				delete(after, s.row.Name)
			}
			if taken {
				return nil // the Tx is lost already
			}
			compare(rt, tx, after)
		}
		if giveUp {
			return gaveUp
		}
		return nil
	})
	_, isTaken := errors.AsType[*store.TakenError](err)
	if isTaken != taken && !(giveUp && !taken) {
		rt.Fatalf("Update = %v; a mail was taken: %v", err, taken)
	}
	switch {
	case taken || errors.Is(err, gaveUp):
		return before
	case err != nil:
		rt.Fatal(err)
	}
	return after
}

// compare reads in every way that the reader allows.
func compare(rt *rapid.T, r store.Reader, m model) {
	for _, n := range []string{"a", "a/b", "a/c", "ab", "b", "c"} {
		got, ok := rows.Get(r, n)
		want, there := m[n]
		same(rt, "Get "+n, []any{got, ok}, []any{want, there})
	}
	for _, mail := range []string{"m", "mm", "n"} {
		got, ok := byMail.Get(r, mail)
		owner := m.where(func(o row) bool { return o.Mail == mail })
		if ok != (len(owner) == 1) || ok && got.Name != owner[0].Name {
			rt.Fatalf("owner of %s is %+v, %v; want %+v", mail, got, ok, owner)
		}
	}
	for _, team := range []string{"t", "tt"} {
		same(rt, "team "+team, slices.Collect(byTeam.In(r, team)), m.where(func(o row) bool { return o.Team == team }))
	}
	v, ok := r.(*store.View)
	if !ok {
		return
	}
	for _, tag := range []string{"g", "gg", "h"} {
		same(rt, "tag "+tag, slices.Collect(byTag.Each(v, tag)), m.where(func(o row) bool { return slices.Contains(o.Tags, tag) }))
	}
	for _, prefix := range []string{"", "a", "a/", "b", "c"} {
		same(rt, "prefix "+prefix, slices.Collect(rows.Prefix(v, prefix)), m.where(func(o row) bool { return strings.HasPrefix(o.Name, prefix) }))
		same(rt, "from "+prefix, slices.Collect(rows.From(v, prefix)), m.where(func(o row) bool { return o.Name >= prefix }))
	}
}

func same(rt *rapid.T, what string, got, want any) {
	if d := cmp.Diff(want, got); d != "" {
		rt.Fatalf("%s (-want +got):\n%s", what, d)
	}
}
