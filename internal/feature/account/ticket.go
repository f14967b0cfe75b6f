package account

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"slices"
	"time"

	"hexhub/internal/kernel/store"
)

// A ticket lets its bearer do one thing once. Nobody but the bearer knows its token.
type ticket struct {
	Hash      string     `json:"hash"` // of the token
	Kind      ticketKind `json:"kind"`
	UserID    string     `json:"user_id,omitempty"`
	Address   string     `json:"address,omitempty"` // to which the token was mailed
	At        time.Time  `json:"at,omitzero"`
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

// NewToken returns 256 random bits as text that survives being copied out of a mail.
func NewToken() string {
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

// ticketsMost is how many tickets of one kind a user has at most; the oldest one goes. So a stranger who
// asks for them over and over neither fills the store nor ends at once what the user waits for.
const ticketsMost = 5

// issueTx writes a ticket.
func issueTx(tx *store.Tx, t ticket) {
	if t.UserID != "" {
		older := ticketsTx(tx, t.UserID, t.Kind)
		slices.SortFunc(older, func(a, b ticket) int { return b.At.Compare(a.At) })
		for _, old := range older[min(len(older), ticketsMost-1):] {
			tickets.Delete(tx, old.Hash)
		}
	}
	tickets.Put(tx, t)
}

// ticketFor returns the ticket with the hash if it is good for kind at the time.
func ticketFor(r store.Reader, hash string, kind ticketKind, at time.Time) (ticket, bool) {
	t, ok := tickets.Get(r, hash)
	if !ok || t.Kind != kind || !at.Before(t.ExpiresAt) || subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) != 1 {
		return ticket{}, false
	}
	return t, true
}

// ticketsTx returns the user's tickets of some kinds.
func ticketsTx(tx *store.Tx, userID string, kinds ...ticketKind) []ticket {
	var out []ticket
	for t := range ticketsOf.In(tx, userID) {
		if slices.Contains(kinds, t.Kind) {
			out = append(out, t)
		}
	}
	return out
}

// voidTx ends the user's tickets of some kinds.
func voidTx(tx *store.Tx, userID string, kinds ...ticketKind) {
	for _, t := range ticketsTx(tx, userID, kinds...) {
		tickets.Delete(tx, t.Hash)
	}
}
