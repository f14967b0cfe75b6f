package docs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"hexhub/hex/tarball"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/pack"
)

// Reasons to refuse documentation besides those of [tarball.OpenDocs].
const (
	NoFront     tarball.Code = "no_front"    // nothing is shown at the address of the documentation
	Unreachable tarball.Code = "unreachable" // a file whose address means something else
)

// front is the page that the address of documentation shows.
const front = "index.html"

var errNoFront = &tarball.Error{Code: NoFront, Text: "tarball error, index.html: is missing, and is the page that readers come to first; pack the folder's files, not the folder"}

// Check reads all of an archive, which is dear, and says why it is no documentation that could be shown. On hex.pm nobody
// would hear of it. If it is the archive's fault, the error is a *[tarball.Error].
func Check(f io.ReaderAt, size int64) error { return check(f, size, nil) }

// check is Check, and lets visit see the files on the way. An error takes back what was visited before.
func check(f io.ReaderAt, size int64, visit func(tarball.File, io.Reader) error) error {
	files, err := tarball.WalkDocs(f, size, visit)
	if err != nil {
		return err
	}
	fronted := false
	for _, f := range files {
		if unreachable(f.Path) {
			return &tarball.Error{Code: Unreachable, Text: fmt.Sprintf("tarball error, %s: has an address that stands for something else, as all have that begin with latest, ~ or -/; give it another name", f.Path)}
		}
		fronted = fronted || f.Path == front
	}
	if !fronted {
		return errNoFront
	}
	return nil
}

// unreachable reports whether the address of a file, below that of the package, means something else: readers ask for a
// version by latest and ~1.2, and behind a dash the hosts of documentation have addresses of their own. On hex.pm, whose
// hosts have none of these, such files are no worse than others.
func unreachable(path string) bool {
	first, _, folder := strings.Cut(path, "/")
	return first == "latest" || strings.HasPrefix(first, "~") || first == "-" && folder
}

// An Archive is an upload that was examined and found to be documentation. Whoever spooled it closes it, and closes the
// Archive before.
type Archive struct {
	up   *blob.Spooled
	tree *pack.Made // what is in it; nil if it was not unpacked
}

// Close releases what the examination has made, unless the documentation was uploaded.
func (a Archive) Close() {
	if a.tree != nil {
		a.tree.Close()
	}
}

// Examine is [Check] of an upload, in the words of the Hex API.
func Examine(up *blob.Spooled) (Archive, error) {
	if err := Check(up, up.Size()); err != nil {
		return Archive{}, refusal(err)
	}
	return Archive{up: up}, nil
}

// Examine is [Examine], and unpacks what is good: once a release names it, nobody waits for it here. What it does and how
// long that takes does not depend on what is unpacked or stored already, be it the very same bytes.
func (t *Trees) Examine(ctx context.Context, up *blob.Spooled) (Archive, error) {
	tree, err := t.shelf.Make(ctx, func(ctx context.Context, w *pack.Writer) error {
		return check(up, up.Size(), into(ctx, w, whole))
	})
	if err != nil {
		return Archive{}, refusal(err)
	}
	return Archive{up, tree}, nil
}

// refusal says in the words of the API what is wrong with an archive, and which file it is.
func refusal(err error) error {
	if refused, ok := errors.AsType[*tarball.Error](err); ok {
		return fault.Field(refused.Text, "tar")
	}
	if errors.Is(err, pack.ErrTooLarge) {
		return fault.Wrap(fault.TooLarge, err, "Unpacked, this documentation is larger than all that this registry keeps unpacked, so that nobody could read it. Leave out what is large, or ask the operator to raise unpacked.size.")
	}
	return fmt.Errorf("examine documentation: %w", err)
}
