package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/minio/minio-go/v7"

	"hexhub/internal/kernel/blob"
)

// Open implements blob.Store. The first request is made at once, for all of the blob, and is the only
// one if it is read from start to end.
func (s *Store) Open(ctx context.Context, h blob.Hash) (blob.Reader, error) {
	o := &object{s: s, ctx: ctx, hash: h}
	if err := o.request(0); err != nil {
		return nil, err
	}
	return blob.NewReader(o, h, o.size), nil
}

// An object reads the bytes of a blob at offsets. It keeps the answer that it reads from, for whoever
// goes on where the last one stopped, and asks again for whoever does not.
type object struct {
	s    *Store
	ctx  context.Context //nolint:containedctx // of Open: a reader lives no longer than what it was opened for
	hash blob.Hash
	size int64

	mu   sync.Mutex    // guards both below
	body io.ReadCloser // nil when somebody reads from it
	at   int64         // offset of its next byte
}

// request asks for all bytes from an offset on.
func (o *object) request(at int64) error {
	return o.s.persist(o.ctx, "read", func() error {
		c, err := o.s.newest(o.ctx, o.hash)
		if err != nil {
			return err
		}
		var options minio.GetObjectOptions
		if at > 0 {
			if err := options.SetRange(at, c.size-1); err != nil {
				return err
			}
		}
		body, info, _, err := o.s.client.GetObject(o.ctx, o.s.o.Bucket, c.key, options)
		if codeOf(err) == minio.NoSuchKey {
			return errReplaced // by a newer copy since it was listed, or it is gone: look again
		}
		if err != nil {
			return err
		}
		if info.Size != c.size-at {
			return errors.Join(fmt.Errorf("the bucket sends %d bytes of %d from %d on", info.Size, c.size, at), body.Close())
		}
		o.size = c.size
		o.keep(body, at)
		return nil
	})
}

// keep puts an answer by for the next reader.
func (o *object) keep(body io.ReadCloser, at int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.body != nil {
		_ = o.body.Close() // it was only read
	}
	o.body, o.at = body, at
}

// take returns the answer that stands at an offset, if there is one.
func (o *object) take(at int64) io.ReadCloser {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.body == nil || o.at != at {
		return nil
	}
	body := o.body
	o.body = nil
	return body
}

// ReadAt implements io.ReaderAt.
func (o *object) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= o.size {
		return 0, io.EOF
	}
	end := false
	if rest := o.size - at; int64(len(p)) > rest {
		p, end = p[:rest], true
	}
	n, err := o.readFull(p, at)
	if err == nil && end {
		err = io.EOF
	}
	return n, err
}

// readFull fills p. Where an answer breaks off, it asks for the rest.
func (o *object) readFull(p []byte, at int64) (n int, err error) {
	for range tries {
		body := o.take(at + int64(n))
		for body == nil {
			if err := o.request(at + int64(n)); err != nil {
				return n, err
			}
			body = o.take(at + int64(n)) // unless another reader was quicker
		}
		var m int
		m, err = io.ReadFull(body, p[n:])
		if n += m; err == nil {
			o.keep(body, at+int64(n))
			return n, nil
		}
		_ = body.Close() // it has failed already
	}
	return n, fmt.Errorf("read blob %s: %w", o.hash, o.s.words("read", err))
}

// Close implements io.Closer.
func (o *object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.body == nil {
		return nil
	}
	err := o.body.Close()
	o.body = nil
	return err
}
