package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"hexhub/internal/kernel/fault"
)

// Open reads the master key in the file path, which it makes if there is none. Of several processes
// that make it at once one wins, and all get that one's key. A file that others than its owner may
// read or write, or that is no key, is refused with a fault that says what to do.
func Open(path string) (*Sealer, error) {
	s, err := read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	master := make([]byte, KeySize)
	rand.Read(master) // never fails
	if err := Install(path, master); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return read(path)
}

func read(path string) (*Sealer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open secret key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open secret key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New(fault.Invalid, "%s must be a file with the server's secret key, but is %v", path, info.Mode())
	}
	if p := info.Mode().Perm(); p&0o077 != 0 {
		return nil, fault.New(fault.Invalid, "the secret key %s is open to other users of this machine (mode %04o): "+
			"run `chmod 600 %s`, and if somebody may have read it, take what it protects for known", path, p, path)
	}
	if info.Size() != KeySize {
		return nil, fault.New(fault.Invalid, "%s holds %d bytes, but a secret key has %d: "+
			"restore it from a backup or copy it from another node; a new one could not open what this one has sealed",
			path, info.Size(), KeySize)
	}
	master := make([]byte, KeySize)
	if _, err := io.ReadFull(f, master); err != nil {
		return nil, fmt.Errorf("read secret key: %w", err)
	}
	return &Sealer{NewSecret(string(master))}, nil
}

// Install writes a master key, as made by Open or told by another node, to the new file path. The
// file appears whole and durable or not at all; one that exists is left alone, and the error is
// fs.ErrExist then.
func Install(path string, master []byte) error {
	if len(master) != KeySize {
		return fmt.Errorf("install secret key: it has %d bytes, not %d", len(master), KeySize)
	}
	temp := path + "." + rand.Text()
	defer os.Remove(temp)
	if err := write(temp, master); err != nil {
		return fmt.Errorf("install secret key: %w", err)
	}
	// A link, unlike a rename, fails if the name is taken; and unlike an exclusive create, it never
	// shows others a file that is not yet written.
	if err := os.Link(temp, path); err != nil {
		return fmt.Errorf("install secret key: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("install secret key: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("install secret key: %w", err)
	}
	return nil
}

func write(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}
