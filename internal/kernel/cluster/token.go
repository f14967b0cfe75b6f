package cluster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A token is what an invitation is written as: whom to believe, and what to be believed by.
type token struct {
	fingerprint [sha256.Size]byte // of the cluster's authority
	secret      [16]byte
}

const tokenPrefix = "hexhub_join_"

// String returns the token for people to carry.
func (t token) String() string {
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(append(t.fingerprint[:], t.secret[:]...))
}

func parseToken(text string) (t token, err error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(text), tokenPrefix)
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(b) != len(t.fingerprint)+len(t.secret) {
		return t, fault.New(fault.Invalid, "this is not a join token: it begins with %s and is made by: hexhub cluster invite", tokenPrefix)
	}
	copy(t.fingerprint[:], b)
	copy(t.secret[:], b[len(t.fingerprint):])
	return t, nil
}

// hash is what the cluster remembers of the secret.
func (t token) hash() string {
	sum := sha256.Sum256(t.secret[:])
	return hex.EncodeToString(sum[:])
}

// invitedFor is for how long an invitation is good.
const invitedFor = time.Hour

// Invite makes a token with which one node may join within the hour, and returns until when.
func (c *Cluster) Invite(ctx context.Context) (text string, until time.Time, err error) {
	if c.listener == nil {
		return "", time.Time{}, fault.New(fault.Conflict, "this node has no port on which others could reach it: start it with --cluster-listen ADDR first, such as :4001")
	}
	t := token{fingerprint: c.authority.fingerprint()}
	if _, err := rand.Read(t.secret[:]); err != nil {
		return "", time.Time{}, err
	}
	until = time.Now().Add(invitedFor).UTC().Truncate(time.Second)
	err = c.db.Load().Update(ctx, func(tx *store.Tx) error {
		invitations.Put(tx, invitation{Hash: t.hash(), Expires: until})
		return nil
	})
	return t.String(), until, err
}

var errUninvited = fault.New(fault.Unauthenticated, "this invitation is not known here, was used by another node, or has expired: make another one with: hexhub cluster invite")

// admits reports whether the node may join by the invitation.
func (i invitation) admits(node string, now time.Time) bool {
	return i.UsedBy == node || i.UsedBy == "" && now.Before(i.Expires)
}

// forgetInvitations deletes what nobody can use any more. A used one is kept for a day, for the node to
// come back with.
func (c *Cluster) forgetInvitations(ctx context.Context, now time.Time) error {
	err := store.Sweep(ctx, c.db.Load(), invitations, func(_ store.Reader, i invitation) bool {
		return now.After(i.Expires.Add(24 * time.Hour))
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
