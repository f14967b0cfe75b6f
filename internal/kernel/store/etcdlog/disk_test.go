package etcdlog

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"hexhub/internal/kernel/store"
)

// A gauge is a disk whose free space the test sets.
type gauge struct {
	mu     sync.Mutex // guards free and err
	free   uint64
	err    error
	looked chan struct{}
}

func (g *gauge) read(string) (uint64, error) {
	select {
	case g.looked <- struct{}{}:
	default:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.free, g.err
}

// set changes the gauge and returns when a look that saw it is over.
func (g *gauge) set(free uint64, err error) {
	g.mu.Lock()
	g.free, g.err = free, err
	g.mu.Unlock()
	for range 3 { // one look may be under way, one then sees the value, one more has begun after it
		<-g.looked
	}
}

func TestFullDiskRefusesCommitsAndNothingElse(t *testing.T) {
	t.Parallel()
	const reserve = 100 << 20
	g := &gauge{free: 1 << 40, looked: make(chan struct{})}
	var lines bytes.Buffer
	log := openDir(t, t.TempDir(), func(o *Options) {
		o.free, o.DiskReserve = g.read, reserve
		o.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelError}))
	})
	mustPut(t, log, "a", "1")
	for _, c := range []struct {
		name string
		free uint64
		err  error
		full bool
	}{
		{"just enough", reserve, nil, false},
		{"C5 one byte short", reserve - 1, nil, true},
		{"C5 shorter", reserve / 2, nil, true},
		{"a little above again", reserve + 1, nil, true},
		{"well above", reserve + reserve/8, nil, false},
		{"C5 a disk that does not answer", 1 << 40, syscall.EIO, true},
		{"it answers again", 1 << 40, nil, false},
	} {
		g.set(c.free, c.err)
		err := put(t, log, "b", c.name)
		if c.full != errors.Is(err, store.ErrNoSpace) || (!c.full && err != nil) {
			t.Errorf("%s: Commit = %v, want full = %v", c.name, err, c.full)
		}
		mustGet(t, log, "a", "1")
		if s, err := log.Status(t.Context()); err != nil || s.DiskFull != c.full {
			t.Errorf("%s: Status = %+v, %v", c.name, s, err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(lines.String(), "nearly full"); n != 2 {
		t.Errorf("two bouts of a full disk were told of %d times:\n%s", n, &lines)
	}
}

func TestSpareIsGivenUpOnlyInNeed(t *testing.T) {
	dir := t.TempDir()
	g := &gauge{free: 1 << 40}
	d := newDisk(Options{Dir: dir, free: g.read, DiskReserve: 100 << 20})
	for _, c := range []struct {
		name string
		free uint64
		kept bool
	}{
		{"plenty", 1 << 40, true},
		{"below the reserve", 50 << 20, true},
		{"C5 next to nothing", spareBelow - 1, false},
		{"what the spare itself gave", spareBytes, false},
		{"still too little for another", 120 << 20, false},
		{"plenty again", 1 << 30, true},
	} {
		g.free = c.free
		d.check()
		info, err := os.Stat(filepath.Join(dir, "spare"))
		if kept := err == nil; kept != c.kept {
			t.Errorf("%s: spare kept = %v, want %v", c.name, kept, c.kept)
		}
		if err == nil && info.Size() != spareBytes {
			t.Errorf("%s: spare is %d bytes", c.name, info.Size())
		}
	}
}

func TestC5WhatTheSpareGaveIsNotSpace(t *testing.T) {
	g := &gauge{free: 1 << 30}
	d := newDisk(Options{Dir: t.TempDir(), free: g.read, DiskReserve: 32 << 20})
	for _, c := range []struct {
		name string
		free uint64
		full bool
	}{
		{"plenty", 1 << 30, false},
		{"next to nothing", spareBelow - 1, true},
		{"what the spare itself gave", spareBelow - 1 + spareBytes, true},
		{"room for the spare as well", 36<<20 + spareBytes, false},
	} {
		g.free = c.free
		d.check()
		if d.full.Load() != c.full {
			t.Errorf("%s: full = %v, want %v", c.name, d.full.Load(), c.full)
		}
	}
}
