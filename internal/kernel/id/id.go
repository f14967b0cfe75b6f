// Package id makes identifiers: short, unguessable, and safe in paths, keys and markup.
//
// It knows how they are made and how two of them compare. It knows nothing of what they identify.
package id

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"math"
	"time"
)

// encoding writes 16 bytes as 26 characters whose order as text is that of the bytes.
var encoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// New returns 128 random bits as 26 lower-case letters and digits.
func New() string {
	var b [16]byte
	rand.Read(b[:])
	return encoding.EncodeToString(b[:])
}

// Newest returns an identifier of the same look that sorts before those of earlier times, so that a
// scan in key order meets the newest first. Those of one nanosecond are in no order. Times before
// 1970 and after 2262 are not told apart.
func Newest(t time.Time) string {
	b := floor(t)
	rand.Read(b[8:])
	return encoding.EncodeToString(b[:])
}

// Floor returns what Newest's identifiers of t and of earlier times are not below, and those of later
// times are.
func Floor(t time.Time) string {
	b := floor(t)
	return encoding.EncodeToString(b[:])
}

func floor(t time.Time) (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], math.MaxUint64-uint64(max(0, t.UnixNano())))
	return b
}

// Valid reports whether text looks like an identifier.
func Valid(text string) bool {
	b, err := encoding.DecodeString(text)
	return err == nil && encoding.EncodeToString(b) == text && len(b) == 16
}
