// Package accounttest does for tests what a user's authenticator does.
package accounttest

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as RFC 6238 and all authenticators have it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"testing"
	"time"
)

// Code returns what an authenticator shows at the time that was given the secret of an enrolment.
func Code(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	var message [8]byte
	binary.BigEndian.PutUint64(message[:], uint64(at.Unix()/30))
	h := hmac.New(sha1.New, key)
	h.Write(message[:])
	sum := h.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&0xf:])&0x7fffffff%1_000_000)
}
