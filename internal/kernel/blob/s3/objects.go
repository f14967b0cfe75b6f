package s3

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/minio/minio-go/v7"

	"hexhub/internal/kernel/blob"
)

// Objects are what a bucket has under its prefix, by names that others choose. All methods may be called
// concurrently. What is not there is an error that wraps fs.ErrNotExist; a failure is a fault that says what
// to mend.
type Objects struct{ *bucket }

// NewObjects returns the objects in a bucket. It makes no request; see Probe.
func NewObjects(o Options) (*Objects, error) {
	b, err := open(o)
	if err != nil {
		return nil, err
	}
	return &Objects{b}, nil
}

// Put stores size bytes of r under the name, in the place of what was there. They rest in the spool until the
// server has shown that it has them: it appears whole or not at all.
func (o *Objects) Put(ctx context.Context, name string, r io.Reader, size int64) error {
	sp, err := o.o.Spool.Spool(ctx, r, size)
	if err != nil {
		return err
	}
	defer sp.Close()
	if sp.Size() != size {
		return fmt.Errorf("read %d bytes of %d", sp.Size(), size)
	}
	tag, err := tagOf(sp)
	if err != nil {
		return err
	}
	return o.persist(ctx, "store", func() error {
		if err := o.send(ctx, o.prefix+name, sp, tag); err != nil {
			return err
		}
		return o.confirm(ctx, name, sp, tag)
	})
}

// confirm asks the server what it has. Where its tag is not that of the bytes, only these tell: encrypted buckets
// have other tags, and some servers wrong ones.
func (o *Objects) confirm(ctx context.Context, name string, sp *blob.Spooled, tag string) error {
	info, err := o.client.StatObject(ctx, o.o.Bucket, o.prefix+name, minio.StatObjectOptions{})
	switch {
	case err != nil:
		return err
	case info.Size != sp.Size():
		return fmt.Errorf("the bucket shows %d bytes of %d", info.Size, sp.Size())
	case etagOf(info) == tag:
		return nil
	}
	body, _, _, err := o.client.GetObject(ctx, o.o.Bucket, o.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer body.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, body); err != nil {
		return err
	}
	if blob.Hash(sum.Sum(nil)) != sp.Hash() {
		return errors.New("the bucket has other bytes than it was sent")
	}
	return nil
}

// Get returns a reader of the object, which the caller closes. An answer that breaks off is asked for again from
// where it broke, as long as the object is the same.
func (o *Objects) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	d := &download{o: o, ctx: ctx, name: name}
	if err := d.request(); err != nil {
		return nil, err
	}
	return d, nil
}

// A download reads an object from start to end.
type download struct {
	o    *Objects
	ctx  context.Context //nolint:containedctx // of Get: a reader lives no longer than what it was opened for
	name string
	etag string
	size int64
	at   int64         // offset of the next byte
	body io.ReadCloser // nil when it must be asked for
}

// request asks for all bytes that were not read yet.
func (d *download) request() error {
	return d.o.persist(d.ctx, "read", func() error {
		var options minio.GetObjectOptions
		if d.at > 0 {
			if err := errors.Join(options.SetRange(d.at, d.size-1), options.SetMatchETag(d.etag)); err != nil {
				return err
			}
		}
		body, info, _, err := d.o.client.GetObject(d.ctx, d.o.o.Bucket, d.o.prefix+d.name, options)
		if codeOf(err) == minio.NoSuchKey {
			return fmt.Errorf("object %s: %w", d.name, fs.ErrNotExist)
		}
		if err != nil {
			return err
		}
		if d.at > 0 && info.Size != d.size-d.at {
			return errors.Join(fmt.Errorf("the bucket sends %d bytes of %d from %d on", info.Size, d.size, d.at), body.Close())
		}
		if d.at == 0 {
			d.size, d.etag = info.Size, info.ETag
		}
		d.body = body
		return nil
	})
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	var err error
	for range tries {
		if d.at == d.size || len(p) == 0 {
			break
		}
		if d.body == nil {
			if err := d.request(); err != nil {
				return 0, err
			}
		}
		var n int
		n, err = d.body.Read(p[:min(int64(len(p)), d.size-d.at)])
		d.at += int64(n)
		if err != nil {
			_ = d.Close() // it has failed already
		}
		if n > 0 {
			return n, nil
		}
	}
	switch {
	case d.at == d.size:
		return 0, io.EOF
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return 0, d.o.words("read", err)
}

// Close implements io.Closer.
func (d *download) Close() error {
	if d.body == nil {
		return nil
	}
	body := d.body
	d.body = nil
	return body.Close()
}

// An Object is what List tells of one.
type Object struct {
	Name string
	Size int64 // bytes
}

// List yields the objects whose name starts with prefix, by name. An error ends it.
func (o *Objects) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the listing if it is left early
		last, left := "", false
		err := o.persist(ctx, "find", func() error {
			options := minio.ListObjectsOptions{Prefix: o.prefix + prefix, Recursive: true, StartAfter: last}
			for found := range o.client.ListObjectsIter(ctx, o.o.Bucket, options) {
				if found.Err != nil {
					return found.Err
				}
				last = found.Key
				if left = !yield(Object{found.Key[len(o.prefix):], found.Size}, nil); left {
					return nil
				}
			}
			return ctx.Err()
		})
		if err != nil {
			yield(Object{}, err)
		}
	}
}

// Delete removes the object, if it is there.
func (o *Objects) Delete(ctx context.Context, name string) error {
	return o.persist(ctx, "delete", func() error { return o.remove(ctx, o.prefix+name) })
}
