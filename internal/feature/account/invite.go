package account

import (
	"context"
	"slices"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

const inviteLife = 7 * 24 * time.Hour

// An Invitation lets whoever reads the mail of an address register.
type Invitation struct {
	Address   string
	At        time.Time
	ExpiresAt time.Time
}

// byAdmin marks invitations by administrators among the tickets that let somebody register.
const byAdmin = "admin"

// Invite mails an address a token with which whoever reads it may register, and returns it with its end,
// for the administrator to hand over himself where no mail is sent.
func (a *Accounts) Invite(ctx context.Context, by audit.By, address string) (token string, until time.Time, err error) {
	token, at := NewToken(), now()
	err = a.db.Update(ctx, func(tx *store.Tx) error { return a.InviteTx(tx, by, address, token, at) })
	return token, at.Add(inviteLife), err
}

// InviteTx invites with a token of NewToken.
func (a *Accounts) InviteTx(tx *store.Tx, by audit.By, address, token string, at time.Time) error {
	address = cleanAddress(address)
	if why := wrongAddress(address); why != "" {
		return fault.Field(why, "email")
	}
	if _, used := ByEmail(tx, address); used {
		return fault.Field("already in use", "email")
	}
	tickets.Put(tx, ticket{Hash: HashToken(token), Kind: inviteTicket, Address: address, Data: byAdmin, At: at, ExpiresAt: at.Add(inviteLife)})
	a.o.Mail.SendTx(tx, mail.Letter{Kind: mail.SiteInvitation, To: []string{address}, Params: map[string]string{"token": token, "by": by.Username}}, at)
	audit.RecordTx(tx, by, "user.invite", map[string]any{"email": address}, at)
	return nil
}

// AdmitTx lets whoever has the token of the hash register once, and believes him to own the address: it was
// mailed there. It is for rooms that invite into something for which one needs an account.
func AdmitTx(tx *store.Tx, hash, address string, until time.Time) {
	tickets.Put(tx, ticket{Hash: hash, Kind: inviteTicket, Address: cleanAddress(address), ExpiresAt: until})
}

// DismissTx takes back what AdmitTx allowed, if it was not used.
func DismissTx(tx *store.Tx, hash string) { tickets.Delete(tx, hash) }

// Invitations lists those of administrators that are open, the newest first.
func Invitations(v *store.View) []Invitation {
	var out []Invitation
	at := now()
	for t := range tickets.All(v) {
		if t.Kind == inviteTicket && t.Data == byAdmin && at.Before(t.ExpiresAt) {
			out = append(out, Invitation{Address: t.Address, At: t.At, ExpiresAt: t.ExpiresAt})
		}
	}
	slices.SortFunc(out, func(a, b Invitation) int { return b.At.Compare(a.At) })
	return out
}

// Uninvite ends the open invitations of an address.
func (a *Accounts) Uninvite(ctx context.Context, by audit.By, address string) error {
	address = cleanAddress(address)
	at, v := now(), a.db.View()
	var hashes []string
	for t := range tickets.All(v) {
		if t.Kind == inviteTicket && t.Data == byAdmin && t.Address == address {
			hashes = append(hashes, t.Hash)
		}
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		ended := false
		for _, hash := range hashes {
			ended = tickets.Delete(tx, hash) || ended
		}
		if !ended {
			return fault.New(fault.NotFound, "%s has no open invitation", address)
		}
		audit.RecordTx(tx, by, "user.uninvite", map[string]any{"email": address}, at)
		return nil
	})
}

// invitedTo returns the address that a token of an invitation was mailed to.
func invitedTo(r store.Reader, token string, at time.Time) (address string, err error) {
	t, ok := ticketFor(r, HashToken(token), inviteTicket, at)
	if !ok {
		return "", fault.Field("was used already, is too old, or is none; ask for a new one", "invitation")
	}
	return t.Address, nil
}

// Invited returns the address that the token of an invitation was mailed to. It uses nothing up.
func (a *Accounts) Invited(token string) (address string, err error) {
	return invitedTo(a.db.View(), token, now())
}
