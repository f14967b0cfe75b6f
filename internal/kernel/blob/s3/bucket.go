// Package s3 keeps blobs in a bucket of a server that speaks Amazon's S3, and objects by name.
//
// It knows keys, requests and how such servers fail; it does not know what blobs and objects are for. All nodes
// share one bucket, so a blob is there for all as soon as Put returns, and how often its bytes are
// kept is the server's business. DESIGN.md beside this file argues why that is as safe as a disk.
package s3

import (
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"hexhub/internal/kernel/blob"
)

// Options say where the bucket is. Those without a default are required.
type Options struct {
	Endpoint  string // host or host:port, without a scheme
	Insecure  bool   // speak HTTP, not HTTPS
	Bucket    string // must exist
	Region    string // empty means us-east-1
	Prefix    string // of every key; empty, or a path such as hexhub/blobs
	AccessKey string
	SecretKey string
	PathStyle bool // the bucket is in the path, never in the host's name

	Names     Names             // what people know it by
	Spool     Spooler           // where uploads rest until they are sent
	Log       *slog.Logger      // nil discards
	Transport http.RoundTripper // nil means one with sensible limits
	Pause     time.Duration     // before an operation is tried once more, and doubling; zero means half a second
}

// A Spooler is where uploads rest. Every blob.Store is one.
type Spooler interface {
	Spool(ctx context.Context, r io.Reader, max int64) (*blob.Spooled, error)
}

// tries is how often an operation is begun before it fails. Within each, minio repeats single
// requests that were refused for a passing reason.
const (
	tries    = 3
	requests = 4
)

// A bucket is where a Store and Objects keep what they have.
type bucket struct {
	o      Options
	client minio.Core
	prefix string // of keys, with a slash at the end unless empty
}

// open makes the client, with what is not given.
func open(o Options) (*bucket, error) {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Pause == 0 {
		o.Pause = 500 * time.Millisecond
	}
	if o.Transport == nil {
		var err error
		if o.Transport, err = minio.DefaultTransport(!o.Insecure); err != nil {
			return nil, fmt.Errorf("open the bucket %s at %s: %w", o.Bucket, o.Endpoint, err)
		}
	}
	o.Names = o.Names.orDefault()
	lookup := minio.BucketLookupAuto
	if o.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.NewCore(o.Endpoint, &minio.Options{
		Creds:        credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""),
		Secure:       !o.Insecure,
		Region:       o.Region,
		BucketLookup: lookup,
		Transport:    o.Transport,
		MaxRetries:   requests,
	})
	if err != nil {
		return nil, fmt.Errorf("open the bucket %s at %s: %w", o.Bucket, o.Endpoint, err)
	}
	b := &bucket{o: o, client: *client}
	if p := strings.Trim(o.Prefix, "/"); p != "" {
		b.prefix = p + "/"
	}
	return b, nil
}

// Close gives the connections back.
func (b *bucket) Close() error {
	if t, ok := b.o.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	return nil
}

// tagOf is the MD5 of an upload, because S3's entity tag is one; the SHA-256 is what protects.
func tagOf(sp *blob.Spooled) (string, error) {
	sum := md5.New()
	if _, err := io.Copy(sum, io.NewSectionReader(sp, 0, sp.Size())); err != nil {
		return "", fmt.Errorf("read the upload: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// etagOf is the entity tag of an object as servers tell it, without what only some of them write.
func etagOf(o minio.ObjectInfo) string { return strings.ToLower(strings.Trim(o.ETag, `"`)) }

// send puts an upload under a key, in one request. The server compares the bytes with both sums before it takes them.
func (b *bucket) send(ctx context.Context, key string, sp *blob.Spooled, tag string) error {
	sum, err := hex.DecodeString(tag)
	if err != nil {
		return err
	}
	_, err = b.client.PutObject(ctx, b.o.Bucket, key, io.NewSectionReader(sp, 0, sp.Size()), sp.Size(),
		base64.StdEncoding.EncodeToString(sum), sp.Hash().String(), minio.PutObjectOptions{DisableContentSha256: true})
	return err
}

func (b *bucket) remove(ctx context.Context, key string) error {
	return b.client.RemoveObject(ctx, b.o.Bucket, key, minio.RemoveObjectOptions{})
}

// Probe writes a small object, reads it back and removes it, so that somebody who looks after the
// server learns what is wrong before an upload does.
func (b *bucket) Probe(ctx context.Context) error {
	key, text := b.prefix+"probe/"+rand.Text(), rand.Text()
	return b.persist(ctx, "try", func() error {
		_, err := b.client.Client.PutObject(ctx, b.o.Bucket, key, strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{DisableMultipart: true})
		if err != nil {
			return err
		}
		body, _, _, err := b.client.GetObject(ctx, b.o.Bucket, key, minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		defer body.Close()
		got, err := io.ReadAll(body)
		if err == nil && string(got) != text {
			err = fmt.Errorf("%q came back as %q", text, got)
		}
		return errors.Join(err, b.remove(ctx, key))
	})
}
