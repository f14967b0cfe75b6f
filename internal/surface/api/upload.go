package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
)

const (
	maxSpool = 20 << 20 // bytes taken in; what is over the format's own limit hears so in its words
	chunk    = 100_000  // bytes of an upload that must come within
	perChunk = 10 * time.Second
)

// take takes in what is uploaded, whatever type it says it is of, if the head of the request is in order.
// The body stays as it comes; encodings are those that it may say it has besides none.
func (a *api) take(r *request, encodings ...string) (*blob.Spooled, error) {
	if err := acceptable(r, encodings); err != nil {
		return nil, err
	}
	return a.spool(r)
}

// acceptable judges the head of an upload.
func acceptable(r *request, encodings []string) error {
	switch encoding := r.Header.Get("Content-Encoding"); {
	case encoding != "" && encoding != "identity" && !slices.Contains(encodings, encoding):
		return fault.New(fault.Unsupported, "Unsupported content encoding %.40q: send the tarball as it is", encoding)
	case r.ContentLength > tarball.MaxSize:
		return fault.Field("too big", "tar")
	case r.ContentLength < 0 && r.Header.Get("Expect") != "":
		return errLengthRequired
	}
	return nil
}

// spool takes the body in, as long as it keeps coming.
func (a *api) spool(r *request) (*blob.Spooled, error) {
	up, err := a.Blobs.Spool(r.Context(), &patient{r: r}, maxSpool)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errTooSlow
	case fault.Is(err, fault.TooLarge):
		return nil, fault.Wrap(fault.TooLarge, err, "Payload too large")
	case errors.Is(err, io.ErrUnexpectedEOF): // the client is gone
		return nil, fault.Wrap(fault.Malformed, err, "Bad request")
	case err != nil:
		return nil, fmt.Errorf("take upload: %w", err)
	}
	r.bodyRead()
	return up, nil
}

// patient reads a body and waits so long for each chunk of it. A client that sends a byte a second is
// too slow, although each byte comes in time.
type patient struct {
	r    *request
	left int // bytes of the chunk that are yet to come
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	if p.left <= 0 {
		p.left = chunk
		// Without a connection, as in tests, there is no deadline to set.
		if err := p.r.control.SetReadDeadline(time.Now().Add(perChunk)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return 0, err
		}
	}
	n, err := p.r.Body.Read(b)
	p.left -= n
	return n, err
}

// examining runs f, which examines an archive, when it is its turn: only so many are examined at a time.
func (a *api) examining(ctx context.Context, f func() error) error {
	select {
	case a.checks <- struct{}{}:
		defer func() { <-a.checks }()
		return f()
	case <-ctx.Done():
		return fmt.Errorf("wait to examine an archive: %w", context.Cause(ctx))
	}
}
