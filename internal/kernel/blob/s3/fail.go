package s3

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minio/minio-go/v7"

	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
)

// errReplaced says that a copy which was listed is not there any more.
var errReplaced = errors.New("the copy is not there any more")

// persist does something until it succeeds, fails for good, or has failed often enough. It says what
// went wrong in words.
func (s *Store) persist(ctx context.Context, what string, do func() error) error {
	pause := s.o.Pause
	for try := 1; ; try++ {
		err := do()
		if err == nil || errors.Is(err, blob.ErrNotFound) {
			return err
		}
		if try == tries || !passing(err) || ctx.Err() != nil {
			return s.words(what, err)
		}
		s.o.Log.Warn("the bucket did not do as asked; trying again", "to", what, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return s.words(what, errors.Join(ctx.Err(), err))
		}
		pause *= 2
	}
}

// wrongs are what a server says that will be no other if asked again, with what to do about it.
var wrongs = map[string]string{
	minio.NoSuchBucket:             "the bucket does not exist; make it, or mend blob.s3.bucket",
	minio.AccessDenied:             "the key may not do that; let it list, get, put and delete objects in the bucket",
	"InvalidAccessKeyId":           "the access key is not known there; mend blob.s3.access-key",
	"XAdminUserNotFound":           "the access key is not known there; mend blob.s3.access-key", // versitygw
	"SignatureDoesNotMatch":        "the secret key is not the access key's; mend blob.s3.secret-key-file",
	minio.InvalidBucketName:        "the bucket cannot have that name; mend blob.s3.bucket",
	"EntityTooLarge":               "it takes no objects of that size",
	"QuotaExceeded":                "its quota is used up; raise it",
	"XMinioStorageFull":            "it is full; give it more disk",
	"InvalidObjectState":           "the object is archived; let the bucket keep its objects at hand",
	"PermanentRedirect":            "the bucket lies in another region; mend blob.s3.region",
	"AuthorizationHeaderMalformed": "the bucket lies in another region; mend blob.s3.region",
}

// codeOf is S3's name for what went wrong, or empty.
func codeOf(err error) string {
	answer, _ := errors.AsType[minio.ErrorResponse](err)
	return answer.Code
}

const skewed = "RequestTimeTooSkewed"

// passing reports whether doing it again may help. A clock that is wrong is among it: behind one name
// are many servers, and one of them may be the wrong one.
func passing(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, wrong := wrongs[codeOf(err)]
	return !wrong
}

// words make err a fault that tells administrators what to do. Nothing of it names the bucket.
func (s *Store) words(what string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, blob.ErrNotFound) || fault.Of(err) != fault.Internal {
		return err
	}
	if errors.Is(err, errReplaced) {
		return fmt.Errorf("%w: %w", blob.ErrNotFound, err)
	}
	code := codeOf(err)
	why := wrongs[code]
	switch {
	case code == skewed:
		why = "the clocks of this server and of the storage differ too much; set both by NTP"
	case why == "":
		why = "try again later; if it lasts, its administrator should run hexhub doctor"
	}
	err = fmt.Errorf("%s in bucket %s at %s: %s: %w", what, s.o.Bucket, s.o.Endpoint, code, err)
	return fault.Wrap(fault.Unavailable, err, "the storage behind this server refused to "+what+" a file: "+why)
}
