package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"time"

	"hexhub/internal/kernel/store"
)

// A ticket lets its bearer do one thing once. Nobody but the bearer knows its token.
type ticket struct {
	Hash      string     `json:"hash"` // of the token
	Kind      ticketKind `json:"kind"`
	UserID    string     `json:"user_id,omitempty"`
	Address   string     `json:"address,omitempty"` // to which the token was mailed
	At        time.Time  `json:"at"`
	ExpiresAt time.Time  `json:"expires_at"`
	Data      string     `json:"data,omitempty"` // what else the kind needs
}

type ticketKind string

const (
	confirmTicket ticketKind = "confirm" // the address is the user's
	resetTicket   ticketKind = "reset"   // another password
	deleteTicket  ticketKind = "delete"  // the account
	inviteTicket  ticketKind = "invite"  // an account for whoever has the address
	loginTicket   ticketKind = "login"   // the password was right; the second factor is owed
)

var (
	tickets   = store.NewTable("ticket", func(t ticket) string { return t.Hash })
	ticketsOf = tickets.Group("user", func(t ticket) []string {
		if t.UserID == "" {
			return nil
		}
		return []string{t.UserID}
	})
)

// plain is an alphabet of which no end of a link is mistaken for the end of a sentence.
var plain = base32.HexEncoding.WithPadding(base32.NoPadding)

// newTicket returns 256 random bits as a token.
func newTicket() string {
	var b [32]byte
	rand.Read(b[:])
	return lower(plain.EncodeToString(b[:]))
}

// HashToken returns what is kept of a token that has enough random bits to need no salt: its SHA-256,
// in hex.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
