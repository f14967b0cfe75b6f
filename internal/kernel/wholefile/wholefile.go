// Package wholefile replaces files at once: who reads one finds what it was or what it is to be, also after a power cut.
package wholefile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace puts what it reads in the place of a file, which need not be there, and whose folder has to be. While it is
// written it lies beside the file, for its owner alone; when it is whole and synced it gets the mode and the name. The name
// itself is as durable as the folder is: who promises that one syncs the folder.
func Replace(path string, from io.Reader, mode fs.FileMode) error {
	t, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(t.Name()) // fails when all went well
	_, err = io.Copy(t, from)
	if err = errors.Join(err, t.Chmod(mode), t.Sync(), t.Close()); err != nil {
		return err
	}
	return os.Rename(t.Name(), path)
}
