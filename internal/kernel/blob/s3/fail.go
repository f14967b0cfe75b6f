package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/minio/minio-go/v7"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
)

// errReplaced says that a copy which was listed is not there any more.
var errReplaced = errors.New("the copy is not there any more")

// persist does something until it succeeds, fails for good, or has failed often enough. It says what
// went wrong in words.
func (b *bucket) persist(ctx context.Context, what string, do func() error) error {
	pause := b.o.Pause
	for try := 1; ; try++ {
		err := do()
		if err == nil || absent(err) {
			return err
		}
		if try == tries || !b.passing(err) || ctx.Err() != nil {
			return b.words(what, err)
		}
		b.o.Log.Warn("the bucket did not do as asked; trying again", "to", what, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return b.words(what, errors.Join(ctx.Err(), err))
		}
		pause *= 2
	}
}

// Names are what people know a bucket by, for whoever must mend something.
type Names struct {
	Storage   string // empty means "the storage behind this server"
	Bucket    string // the setting that names it; this and those below are of blob.s3 if empty
	Region    string // likewise, as all below
	AccessKey string
	SecretKey string
}

func (n Names) orDefault() Names {
	return Names{
		Storage: cmp.Or(n.Storage, "the storage behind this server"),
		Bucket:  cmp.Or(n.Bucket, "blob.s3.bucket"), Region: cmp.Or(n.Region, "blob.s3.region"),
		AccessKey: cmp.Or(n.AccessKey, "blob.s3.access-key"), SecretKey: cmp.Or(n.SecretKey, "blob.s3.secret-key-file"),
	}
}

// wrong says what to do about what a server says that will be no other if asked again. It is empty for all else.
func (n Names) wrong(code string) string {
	switch code {
	case minio.NoSuchBucket:
		return "the bucket does not exist; make it, or mend " + n.Bucket
	case minio.AccessDenied:
		return "the key may not do that; let it list, get, put and delete objects in the bucket"
	case "InvalidAccessKeyId", "XAdminUserNotFound": // the second is versitygw's
		return "the access key is not known there; mend " + n.AccessKey
	case "SignatureDoesNotMatch":
		return "the secret key is not the access key's; mend " + n.SecretKey
	case minio.InvalidBucketName:
		return "the bucket cannot have that name; mend " + n.Bucket
	case "EntityTooLarge":
		return "it takes no objects of that size"
	case "QuotaExceeded":
		return "its quota is used up; raise it"
	case "XMinioStorageFull":
		return "it is full; give it more disk"
	case "InvalidObjectState":
		return "the object is archived; let the bucket keep its objects at hand"
	case "PermanentRedirect", "AuthorizationHeaderMalformed":
		return "the bucket lies in another region; mend " + n.Region
	}
	return ""
}

// codeOf is S3's name for what went wrong, or empty.
func codeOf(err error) string {
	answer, _ := errors.AsType[minio.ErrorResponse](err)
	return answer.Code
}

const skewed = "RequestTimeTooSkewed"

// passing reports whether doing it again may help. A clock that is wrong is among it: behind one name
// are many servers, and one of them may be the wrong one.
func (b *bucket) passing(err error) bool {
	return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && b.o.Names.wrong(codeOf(err)) == ""
}

// absent reports whether err says that what was asked for is not there, which is an answer and no failure.
func absent(err error) bool {
	return errors.Is(err, blob.ErrNotFound) || errors.Is(err, fs.ErrNotExist)
}

// words make err a fault that tells administrators what to do. Nothing of it names the bucket.
func (b *bucket) words(what string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || absent(err) || fault.Of(err) != fault.Internal {
		return err
	}
	if errors.Is(err, errReplaced) {
		return fmt.Errorf("%w: %w", blob.ErrNotFound, err)
	}
	code := codeOf(err)
	why := b.o.Names.wrong(code)
	switch {
	case code == skewed:
		why = "the clocks of this server and of the storage differ too much; set both by NTP"
	case why == "":
		why = "try again later; if it lasts, its administrator should run hexhub doctor"
	}
	err = fmt.Errorf("%s in bucket %s at %s: %s: %w", what, b.o.Bucket, b.o.Endpoint, code, err)
	return fault.Wrap(fault.Unavailable, err, b.o.Names.Storage+" refused to "+what+" a file: "+why)
}
