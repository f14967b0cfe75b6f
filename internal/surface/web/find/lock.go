package find

import (
	"errors"
	"io"
	"net/http"

	"hexhub/hex/lockfile"
	"hexhub/internal/kernel/fault"
)

// readLock reads a form with a lock file, pasted or as a file, and what is to be searched for.
func readLock(w http.ResponseWriter, r *http.Request) (text string, q question, err error) {
	const most = 3 * lockfile.MaxSize // escaped, and pasted as well
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if err := r.ParseMultipartForm(most); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return "", q, fault.Wrap(fault.TooLarge, err, "That is too large for a lock file. Send mix.lock, rebar.lock or manifest.toml, of up to 1 MiB.")
		}
		return "", q, fault.Wrap(fault.Malformed, err, "The form could not be read. Go back and send it again.")
	}
	q = parseQuestion(r.PostForm)
	if text = r.PostForm.Get("lockfile"); text != "" || r.MultipartForm == nil {
		return text, q, nil
	}
	files := r.MultipartForm.File["file"]
	if len(files) == 0 {
		return "", q, nil
	}
	f, err := files[0].Open()
	if err != nil {
		return "", q, fault.Wrap(fault.Malformed, err, "The file could not be read. Send it again.")
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, lockfile.MaxSize+1))
	return string(all), q, err
}
