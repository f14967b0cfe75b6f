//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's program be a node, as the command itself can.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-peer" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Both engines do all that is measured, and tell of each row that is not there.
func TestEnginesDoWhatIsMeasured(t *testing.T) {
	dir, err := os.MkdirTemp("", "hexhub") //nolint:usetesting // shorter than t.TempDir, as a socket's path must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := &bench{dir: dir, rows: 100, rounds: 1, nodes: 1, each: time.Millisecond}
	t.Run("store", func(t *testing.T) {
		t.Parallel()
		b.exercise(t, storeEngine())
	})
	t.Run("mnesia", func(t *testing.T) {
		t.Parallel()
		m, err := newMnesia(t.Context(), filepath.Join(dir, "mnesia"))
		if errors.Is(err, errNoErlang) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := m.close(); err != nil {
				t.Error(err)
			}
		})
		b.exercise(t, m.engine())
	})
}

// exercise has one node of the engine do everything once.
func (b *bench) exercise(t *testing.T, e engine) {
	dir, err := os.MkdirTemp(b.dir, "fleet") //nolint:usetesting // as above
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context()) // close ends the node
	f, err := startFleet(ctx, e, dir, b.rows, b.nodes)
	t.Cleanup(func() {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	found := finding{}
	if err := errors.Join(b.loading(ctx, f, found), b.repeating(ctx, f, found)); err != nil {
		t.Fatal(err)
	}
	for _, l := range rates() {
		if able, did := (promise{store: l.store, mnesia: l.mnesia}).deed(e) != "", found[l.name()] != ""; able != did {
			t.Errorf("%s, %s, %s: measured %t, want %t", l.chapter, l.what, l.crowd, did, able)
		}
	}
	p := f.peers[0]
	if err := write(f.peers, lasting.deed(e), "new/1"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.kill(), p.start(ctx, "")); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "keys")
	if err := os.WriteFile(list, []byte(strings.Join([]string{"package_000000/1.0.0", "new/1", "new/2"}, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if missing, err := p.number("missing", list); missing != 1 || err != nil {
		t.Errorf("of three keys, one of which nobody wrote, %d are missing, %v; want 1", missing, err)
	}
}
