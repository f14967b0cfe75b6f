package oauth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"time"
)

// How long tokens live.
const (
	accessLife  = 30 * time.Minute
	sessionLife = 30 * 24 * time.Hour // also of refresh tokens, which do not prolong it
)

// Each kind of token has a prefix, by which scanners for leaked secrets know it, and a key of its own, so
// that none can pass for another.
const (
	accessPrefix  = "hha_"
	refreshPrefix = "hhr_"
	secretPrefix  = "hhs_"
	typeAccess    = "access"
)

// claims are what an access token says: it is valid by itself, so that none is written down. They are in
// the claim names of JWT, and are no JWT: there is no choice of algorithm.
type claims struct {
	Type      string   `json:"typ"`
	Subject   string   `json:"sub"`           // as in the audit log: user:ID or org:NAME
	Session   string   `json:"sid,omitempty"` // of a user's grant, or
	Key       string   `json:"key,omitempty"` // the id of the key that was exchanged
	Scopes    []string `json:"scopes"`
	ID        string   `json:"jti"`
	IssuedAt  int64    `json:"iat"`
	ExpiresAt int64    `json:"exp"`
}

func (c claims) end() time.Time { return time.Unix(c.ExpiresAt, 0) }

func (s *OAuth) encode(c claims) string {
	c.Type = typeAccess
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts and numbers only
	}
	head := accessPrefix + base64.RawURLEncoding.EncodeToString(text)
	return head + "." + base64.RawURLEncoding.EncodeToString(sum(s.accessKey, head))
}

// decode reads a token that this server made, whether or not it has expired.
func (s *OAuth) decode(token string) (claims, bool) {
	var c claims
	head, mac, ok := strings.Cut(token, ".")
	payload, ours := strings.CutPrefix(head, accessPrefix)
	if !ok || !ours {
		return c, false
	}
	text, ok := decode64(payload)
	sent, ok2 := decode64(mac)
	if !ok || !ok2 || !hmac.Equal(sent, sum(s.accessKey, head)) {
		return c, false
	}
	if err := json.Unmarshal(text, &c); err != nil || c.Type != typeAccess {
		return c, false
	}
	return c, true
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// decode64 takes one spelling for each value.
func decode64(text string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// The decoder skips line breaks.
	return b, err == nil && base64.RawURLEncoding.EncodedLen(len(b)) == len(text)
}

// A refresh names a session, and counts how often its token was changed for a new one: an older count is
// that of a token which was used before.
type refresh struct {
	session    string
	generation uint32
}

func (s *OAuth) encodeRefresh(f refresh) string {
	b := binary.BigEndian.AppendUint32(nil, f.generation)
	b = append(b, f.session...)
	return refreshPrefix + base64.RawURLEncoding.EncodeToString(append(b, sum(s.refreshKey, string(b))...))
}

func (s *OAuth) decodeRefresh(token string) (refresh, bool) {
	payload, ours := strings.CutPrefix(token, refreshPrefix)
	b, ok := decode64(payload)
	if n := len(b) - sha256.Size; ours && ok && n > 4 && hmac.Equal(b[n:], sum(s.refreshKey, string(b[:n]))) {
		return refresh{string(b[4:n]), binary.BigEndian.Uint32(b)}, true
	}
	return refresh{}, false
}

// random returns bits in base64url.
func random(bits int) string {
	b := make([]byte, bits/8)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
