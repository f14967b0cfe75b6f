package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"hexhub/internal/feature/audit"
)

// checkRestore looks for the mark of a restoring that was not finished.
func checkRestore(_ context.Context, x *examination) Finding {
	if x.Dir == "" {
		return skip("nothing is kept on disk")
	}
	if _, err := os.Lstat(filepath.Join(x.Dir, RestoringFile)); err == nil {
		return fail("a backup was being restored into this directory, and that was not finished: no server starts on it",
			"hexhub backup restore again, which begins anew")
	}
	if _, err := os.Lstat(filepath.Join(x.Dir, RecoveringFile)); err == nil {
		f := fail("this node was being made a cluster of one, and that was not finished: no server starts on it",
			"hexhub cluster recover again, which finishes it")
		f.More = manual("disaster-recovery")
		return f
	}
	return ok("no restoring was left unfinished")
}

// RestoringFile is there in a data directory while a backup is restored into it.
const RestoringFile = "restoring"

// RecoveringFile is there in a data directory while the log of a recovered node takes the place of the one before.
const RecoveringFile = "recovering"

func checkSocket(_ context.Context, x *examination) Finding {
	if x.Server == nil || x.Dir == "" {
		return skip(unknown)
	}
	info, err := os.Stat(x.socket())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return warn(x.socket()+" is gone: commands on this machine do not find the server", "restart the server")
	case err != nil:
		return fail(err.Error(), "give "+x.Dir+" to the account that runs the server")
	}
	if p := info.Mode().Perm(); p&0o077 != 0 && runtime.GOOS != "windows" {
		return fail(fmt.Sprintf("others on this machine may operate the server (mode %04o)", p), "hexhub doctor --fix socket")
	}
	return ok("for the owner only")
}

func (x *examination) socket() string { return filepath.Join(x.Dir, "ops.sock") }

// leftOver is the age from which on a temporary file belongs to nobody: no upload takes that long.
const leftOver = 24 * time.Hour

func checkTemp(_ context.Context, x *examination) Finding {
	if x.Dir == "" {
		return skip("nothing is kept on disk")
	}
	names, bytes, err := x.leftovers()
	switch {
	case err != nil:
		return fail(err.Error(), "give "+x.Dir+" to the account that runs the server")
	case len(names) > 0:
		return warn(fmt.Sprintf("left behind: %s, %s", plural(len(names), "temporary file"), size(bytes)), "hexhub doctor --fix temp")
	}
	return ok("none left behind")
}

// leftovers are temporary files that nobody writes any more.
func (x *examination) leftovers() (names []string, bytes int64, err error) {
	for _, pattern := range []string{"doctor-*", "node.json.*", "secret.key.*", "setup-url.*", filepath.Join("blobs", "tmp", "*")} {
		found, err := filepath.Glob(filepath.Join(x.Dir, pattern))
		if err != nil {
			return nil, 0, err
		}
		for _, name := range found {
			info, err := os.Lstat(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, 0, err
			}
			if info.Mode().IsRegular() && time.Since(info.ModTime()) > leftOver {
				names, bytes = append(names, name), bytes+info.Size()
			}
		}
	}
	return names, bytes, nil
}

func checkWrites(_ context.Context, x *examination) Finding {
	switch {
	case x.DB == nil:
		return skip(noStore)
	case x.Server == nil:
		return skip(unknown)
	}
	if err := x.DB.ReadOnly(); err != nil {
		return fail("the server takes no writes: "+words(err), "hexhub status")
	}
	return ok("taken")
}

// checkAudit follows the chain of sealed segments.
func checkAudit(ctx context.Context, x *examination) Finding {
	if x.DB == nil || x.Blobs == nil {
		return skip(noStore)
	}
	sealer, err := x.sealer()
	if err != nil {
		return skip("no secret key to open it with")
	}
	ctx, cancel := x.patience(ctx)
	defer cancel()
	v, err := audit.New(x.DB, audit.Options{Blobs: x.Blobs, Sealer: sealer}).Verify(ctx)
	switch {
	case len(v.Problems) > 0 && ctx.Err() == nil:
		return fail(v.Problems[0], "hexhub audit verify; put the folder blobs back from a backup")
	case ctx.Err() != nil:
		return ok(fmt.Sprintf("the first %s are whole; hexhub audit verify looks at all", plural(v.Segments, "segment")))
	case err != nil:
		return fail(err.Error(), "hexhub doctor store")
	}
	return ok(fmt.Sprintf("%s and %s, none missing", plural(v.Segments, "segment"), plural(v.Rows, "row")))
}
