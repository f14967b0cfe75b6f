// Package buildtool points the build tools of somebody's machine at a registry, and takes that back.
//
// It knows which files of their owner rebar3 and Hex read, and changes no more of them than it has to: what is kept
// here for rebar3 stands between two marks, and mix is asked to keep its repositories itself. Before a file is
// changed for the first time, a copy is left beside it. The package asks nobody and prints nothing; commands do.
package buildtool

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hexhub/internal/kernel/wholefile"
)

// A State is how a build tool stands to a registry.
type State int

// The states.
const (
	Unknown   State = iota // it does not know the registry
	Connected              // it knows the registry as it is
	Differs                // it knows another under the registry's name: at another address, or with another key
)

// BackupSuffix is added to the name of a file for that of its copy.
const BackupSuffix = ".before-hexhub"

// A file is one that a build tool reads; both are zero of one that is not there.
type file struct {
	path string
	text []byte
	mode fs.FileMode
}

func readFile(path string) (file, error) {
	f := file{path: path, mode: 0o600}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("read the configuration: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return f, fmt.Errorf("read the configuration: %w", err)
	}
	f.text, f.mode = text, info.Mode().Perm()
	return f, nil
}

// replace puts text in the file's place, or removes the file if there is none. Whoever reads it finds all of the change or
// nothing. A file that is a link stays one.
func (f file) replace(text []byte) error {
	if string(text) == string(f.text) {
		return nil
	}
	if linked, err := filepath.EvalSymlinks(f.path); err == nil {
		f.path = linked
	}
	if len(text) == 0 {
		return os.Remove(f.path)
	}
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("make a folder for the configuration: %w", err)
	}
	return write(f.path, text, f.mode)
}

// keep leaves a copy of the file as it was before its first change.
func (f file) keep() error {
	if len(f.text) == 0 {
		return nil
	}
	if _, err := os.Lstat(f.path + BackupSuffix); err == nil {
		return nil
	}
	return write(f.path+BackupSuffix, f.text, f.mode)
}

func write(path string, text []byte, mode fs.FileMode) error {
	if err := wholefile.Replace(path, bytes.NewReader(text), mode); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}
