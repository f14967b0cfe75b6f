package index_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hexhub/internal/feature/index"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

func newSealer(t *testing.T) *seal.Sealer {
	t.Helper()
	s, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// However many nodes start at once, and however often they start again, the server has one key.
func TestServerHasOneKey(t *testing.T) {
	log, sealer := store.NewMemory(), newSealer(t)
	fingerprints := make([]string, 4)
	var nodes sync.WaitGroup
	for i := range fingerprints {
		db := open(t, log)
		nodes.Go(func() {
			s, err := index.EnsureKey(t.Context(), db, sealer)
			if err != nil {
				t.Error(err)
				return
			}
			fingerprints[i] = s.Public().Fingerprint()
		})
	}
	nodes.Wait()
	again, err := index.EnsureKey(t.Context(), open(t, log), sealer)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range fingerprints {
		if f != again.Public().Fingerprint() {
			t.Errorf("node %d has key %s, a later one %s", i, f, again.Public().Fingerprint())
		}
	}
}

func TestKeyIsSealedInItsRow(t *testing.T) {
	log := store.NewMemory()
	if _, err := index.EnsureKey(t.Context(), open(t, log), newSealer(t)); err != nil {
		t.Fatal(err)
	}
	page, err := log.Range(t.Context(), "signing-key/", "signing-key0", 0, 10)
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("rows = %d, error = %v", len(page.Records), err)
	}
	if bytes.Contains(page.Records[0].Value, []byte("PRIVATE")) {
		t.Errorf("the row shows the key: %s", page.Records[0].Value)
	}
}

// C16: a server that cannot get at its signing key says what to do. It neither makes another nor goes without.
func TestC16SigningKeyOutOfReachIsNotReplaced(t *testing.T) {
	log := store.NewMemory()
	if _, err := index.EnsureKey(t.Context(), open(t, log), newSealer(t)); err != nil {
		t.Fatal(err)
	}
	before, err := log.Range(t.Context(), "", "\xff", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := index.EnsureKey(t.Context(), open(t, log), newSealer(t))
	if signer != nil || !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "secret key file") {
		t.Errorf("%v, error = %v, want what to do about the secret key file", signer, err)
	}
	after, err := log.Range(t.Context(), "", "\xff", 0, 10)
	if err != nil || after.At != before.At || len(after.Records) != len(before.Records) {
		t.Errorf("revision %d became %d, %v", before.At, after.At, err)
	}
}
