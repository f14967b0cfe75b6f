package etcdlog

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
)

const (
	diskEvery  = 100 * time.Millisecond // between looks at the disk; at 1 GB/s it loses 100 MB meanwhile
	spareBytes = 64 << 20               // what etcd takes for its next write-ahead segment
	spareBelow = 16 << 20               // free bytes at which the spare is given up
)

// A disk watches the free space below the log, so that the log becomes read-only before etcd dies of
// a failing write. It also holds a spare file, given up when others have filled the disk all the same,
// so that etcd can still turn over a segment, and can start.
type disk struct {
	dir     string
	reserve uint64
	free    func(dir string) (uint64, error)
	log     *slog.Logger

	full atomic.Bool   // commits must be refused
	left atomic.Uint64 // free bytes at the last look
}

func newDisk(o Options) *disk {
	d := &disk{dir: o.Dir, reserve: o.DiskReserve, free: o.free, log: o.Logger}
	if d.reserve == 0 {
		d.reserve = defaultReserve
	}
	if d.free == nil {
		d.free = freeBytes
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	return d
}

// watch looks at the disk until ctx ends.
func (d *disk) watch(ctx context.Context) {
	tick := time.NewTicker(diskEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.check()
		case <-ctx.Done():
			return
		}
	}
}

// check looks once. A disk that cannot be asked counts as full. Having been full, it must offer an
// eighth more than the reserve to count as well again, lest the state flutter, and room for the spare
// if that was given up: what it gave is not space that somebody freed.
func (d *disk) check() {
	left, err := d.free(d.dir)
	if err != nil {
		left = 0
	}
	d.left.Store(left)
	enough := d.reserve + d.reserve/8
	if _, err := os.Lstat(d.spare()); errors.Is(err, fs.ErrNotExist) {
		enough += spareBytes
	}
	switch full := d.full.Load(); {
	case !full && left < d.reserve:
		d.full.Store(true)
		d.log.Error("the disk is nearly full: the log takes no more writes until space is freed",
			"dir", d.dir, "free", left, "reserve", d.reserve, "unknown", err != nil)
	case full && left >= enough:
		d.full.Store(false)
		d.log.Info("the disk has space again: the log takes writes", "dir", d.dir, "free", left)
	}
	if err == nil {
		d.keepSpare(left)
	}
}

// spare is where the spare file lies.
func (d *disk) spare() string { return filepath.Join(d.dir, "spare") }

func (d *disk) keepSpare(left uint64) {
	path := d.spare()
	_, err := os.Lstat(path)
	switch {
	case err == nil && left < spareBelow:
		err = os.Remove(path)
		d.log.Warn("gave up the spare file for the log to live on", "bytes", spareBytes, "error", err)
	case errors.Is(err, fs.ErrNotExist) && left > d.reserve+d.reserve/8+spareBytes:
		if err := makeSpare(path); err != nil {
			d.log.Warn("cannot keep a spare file", "error", err)
		}
	}
}

func makeSpare(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(fileutil.Preallocate(f, spareBytes, true), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
