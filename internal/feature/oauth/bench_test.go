package oauth_test

import (
	"testing"

	"hexhub/internal/feature/access"
)

// A token costs about what a key costs, once it is known.
func BenchmarkBearer(b *testing.B) {
	w := newWorld(b)
	_, key := w.key(w.of("jose"), "repositories")
	ofKey, err := w.exchange(key, "repositories")
	w.must(err)
	for what, header := range map[string]string{
		"key": key, "token of a key": "Bearer " + ofKey.Access, "token of a user": "Bearer " + w.device("jose", "api repositories").Access,
	} {
		b.Run(what, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.access.Authenticate(b.Context(), header, "", there, "mix"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	repository := w.repository(acme)
	for what, header := range map[string]string{"key": key, "token of a key": "Bearer " + ofKey.Access} {
		b.Run(what+", fetching", func(b *testing.B) {
			a, err := w.access.Authenticate(b.Context(), header, "", there, "mix")
			w.must(err)
			for b.Loop() {
				if err := access.May(w.db.View(), a, access.Fetch, access.Thing{Repository: repository}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("forged", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.bearer("x" + ofKey.Access); err == nil {
				b.Fatal("it was taken")
			}
		}
	})
}
