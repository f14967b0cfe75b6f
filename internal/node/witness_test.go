package node_test

import "slices"

// Some tests ask every route as everybody, in every way. Where many are answered by the same lines of code, the race
// detector learns nothing more from the second of them, so under it a few witnesses ask for all: the first of each kind,
// and the first who gets each answer. `make test` runs this package once more without it, and there all ask.

// witnesses are the first n, or all if the race detector does not look on.
func witnesses[T any](n int, all ...T) []T {
	if raced {
		return all[:min(n, len(all))]
	}
	return all
}

// kinds of caller differ in how they show who they are, and so in the code that finds out.
var kinds = map[string]string{
	"anon": "nobody", "bad": "unknown", "expired": "expired", "gone": "deactivated", "token": "program", "coded": "program", "bot": "organization", "fetch": "organization",
	"read": "part of a right", "write": "part of a right", "pack": "part of a right", "slim": "part of a right", "repo": "part of a right", "docs": "part of a right",
	"root": "administrator", "stale": "stale", // the others are people
}

// witnesses are those of the row's callers who ask: all of them, or under the race detector one of each kind and one for
// each answer.
func (row matrixRow) witnesses() []string {
	all := row.callers()
	if !raced {
		return all
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(all), func(caller string) bool {
		kind, answer := "kind "+kinds[caller], "answer "+row.want[caller]
		known := seen[kind] && seen[answer]
		seen[kind], seen[answer] = true, true
		return known
	})
}
