package etcdlog

import (
	"log/slog"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"

	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/storetest"
)

// swift makes a lone node elect itself at once.
func swift(c *embed.Config) { c.TickMs, c.ElectionMs = 10, 100 }

func openDir(t testing.TB, dir string, change ...func(*Options)) *Log {
	t.Helper()
	o := Options{Dir: dir, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Configure: swift}
	for _, f := range change {
		f(&o)
	}
	log, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return log
}

func openTemp(t testing.TB) store.Log { return openDir(t, t.TempDir()) }

func TestEmbeddedLogKeepsTheLaws(t *testing.T) { storetest.TestLog(t, openTemp) }
