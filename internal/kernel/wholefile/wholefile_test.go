package wholefile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"hexhub/internal/kernel/wholefile"
)

// A file is replaced as a whole or not at all, and nothing is left beside it.
func TestFilesAreReplacedWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, c := range []struct {
		from io.Reader
		want string
		ok   bool
	}{
		{strings.NewReader("first"), "first", true},
		{strings.NewReader("second"), "second", true},
		{io.MultiReader(strings.NewReader("third"), iotest.ErrReader(errors.New("torn"))), "second", false},
	} {
		if err := wholefile.Replace(path, c.from, 0o640); (err == nil) != c.ok {
			t.Errorf("to %q: %v", c.want, err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != c.want {
			t.Errorf("it is %q, %v; want %q", got, err, c.want)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("beside it are %v, %v", all, err)
	}
}
