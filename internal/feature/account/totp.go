package account

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// Codes are those of RFC 6238 as all apps make them: SHA-1, six digits, thirty seconds.
const (
	totpSecret = 20 // bytes, as RFC 4226 recommends
	totpStep   = 30 * time.Second
	totpSkew   = 1 // steps that a clock may be off, either way
)

// hotp is the number of RFC 4226, of which a code shows the last digits.
func hotp(secret []byte, counter int64) uint32 {
	h := hmac.New(sha1.New, secret)
	var message [8]byte
	binary.BigEndian.PutUint64(message[:], uint64(counter))
	h.Write(message[:])
	sum := h.Sum(nil)
	return binary.BigEndian.Uint32(sum[sum[19]&0xf:]) & 0x7fffffff
}

func stepAt(at time.Time) int64 { return at.Unix() / int64(totpStep.Seconds()) }

func codeOf(secret []byte, step int64) string {
	return fmt.Sprintf("%06d", hotp(secret, step)%1_000_000)
}

// stepOf returns the step near at whose code it is, or zero if there is none.
func stepOf(secret []byte, code string, at time.Time) (step int64) {
	for s := stepAt(at) - totpSkew; s <= stepAt(at)+totpSkew; s++ {
		if subtle.ConstantTimeCompare([]byte(codeOf(secret, s)), []byte(code)) == 1 {
			step = s
		}
	}
	return step
}

// normalCode returns six digits as they are compared, whatever spaces somebody typed and in whatever
// width. Anything else is no code.
func normalCode(text string) (code string, ok bool) {
	code = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return -1
		case '０' <= r && r <= '９':
			return r - '０' + '0'
		}
		return r
	}, text)
	return code, len(code) == 6 && strings.Trim(code, "0123456789") == ""
}

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// otpauth is what a QR code tells an app.
func otpauth(issuer, username string, secret []byte) string {
	q := url.Values{"secret": {base32Plain.EncodeToString(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	// Apps read a plus sign as it is, so spaces are written out.
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(username) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}
