//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// A volume is a file system in a file, whose power can be cut: what was written to it and not synced is gone then.
// It takes root to have one.
type volume struct{ image, dir string }

// What ext4 calls going down without writing anything any more, the journal included.
const (
	shutdownRequest  = 0x8004587d // EXT4_IOC_SHUTDOWN
	shutdownNoFlush  = 2          // EXT4_GOING_FLAGS_NOLOGFLUSH
	volumeSize       = 8 << 30    // of a sparse file
	unmountingWithin = 10 * time.Second
)

// newVolume makes a volume below dir, and mounts it.
func newVolume(ctx context.Context, dir string) (*volume, error) {
	v := &volume{image: filepath.Join(dir, "image"), dir: filepath.Join(dir, "volume")}
	if err := errors.Join(
		os.WriteFile(v.image, nil, 0o600),
		os.Truncate(v.image, volumeSize),
		os.MkdirAll(v.dir, 0o700),
		run(ctx, "mkfs.ext4", "-q", "-F", v.image),
	); err != nil {
		return nil, err
	}
	return v, v.mount(ctx)
}

func (v *volume) mount(ctx context.Context) error {
	return run(ctx, "mount", "-o", "loop", v.image, v.dir)
}

// cut takes the power away, brings it back and mounts what is left. Nobody may use the volume meanwhile.
func (v *volume) cut(ctx context.Context) error {
	top, err := os.Open(v.dir)
	if err != nil {
		return err
	}
	err = unix.IoctlSetPointerInt(int(top.Fd()), shutdownRequest, shutdownNoFlush)
	if err := errors.Join(err, top.Close()); err != nil {
		return fmt.Errorf("cut the power of a volume: %w", err)
	}
	return errors.Join(v.unmount(ctx), v.mount(ctx))
}

// unmount waits for what the kernel still does for the dead.
func (v *volume) unmount(ctx context.Context) error {
	for deadline := time.Now().Add(unmountingWithin); ; time.Sleep(50 * time.Millisecond) {
		err := run(ctx, "umount", v.dir)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// close gives the volume back.
func (v *volume) close(ctx context.Context) error {
	return errors.Join(v.unmount(ctx), os.Remove(v.image))
}

func run(ctx context.Context, program string, args ...string) error {
	if said, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, said)
	}
	return nil
}
