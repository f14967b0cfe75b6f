package org

import (
	"context"
	"slices"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// An Invitation offers somebody to join an organization. Its token is mailed, and known to nobody else.
type Invitation struct {
	ID         string          `json:"id"`
	Org        name.Repository `json:"org"`
	Address    string          `json:"address,omitempty"` // either this or UserID
	UserID     string          `json:"user_id,omitempty"`
	Role       Role            `json:"role"`
	Hash       string          `json:"hash"` // hex SHA-256 of the token
	By         string          `json:"by"`   // who invited, for people
	InsertedAt time.Time       `json:"inserted_at"`
	ExpiresAt  time.Time       `json:"expires_at"`
}

var (
	invitations = store.NewTable("invitation", func(i Invitation) string { return i.ID })

	byToken   = invitations.Unique("token", func(i Invitation) []string { return []string{i.Hash} })
	intoOrg   = invitations.Group("org", func(i Invitation) []string { return []string{i.Org.String()} })
	ofInvited = invitations.Index("invited", func(i Invitation) []string { return []string{i.invited()} })
)

// invited is who is invited, as one text. An address has an @, which no reference to a user has.
func (i Invitation) invited() string {
	if i.UserID != "" {
		return audit.UserRef(i.UserID)
	}
	return i.Address
}

// Live reports whether the invitation can be accepted at the time.
func (i Invitation) Live(at time.Time) bool { return at.Before(i.ExpiresAt) }

const (
	invitationAge  = 7 * 24 * time.Hour // as on hex.pm
	maxInvitations = 200                // live ones of an organization
	maxToken       = 128                // bytes of what is hashed as one
)

// invites bounds how much mail an organization can make this server send to strangers.
var invites = limit.Rule{Limit: 100, Window: time.Hour}

// An InvitationDraft says who is to be invited: by address or by user name.
type InvitationDraft struct {
	Email    string
	Username string
	Role     Role
}

// Invite offers somebody to join, for seven days, in a mail. It takes the place of an earlier invitation of
// the same person. Whether an address is that of a user is told to nobody.
func (s *Orgs) Invite(ctx context.Context, by audit.By, organization name.Repository, d InvitationDraft) (Invitation, error) {
	at := now()
	token := account.NewToken()
	fresh := Invitation{
		ID: id.New(), Org: organization, Role: d.Role, Hash: account.HashToken(token), By: nameOf(by), InsertedAt: at, ExpiresAt: at.Add(invitationAge),
	}
	var made Invitation
	err := s.update(ctx, func(tx *store.Tx) error {
		made = fresh
		o, ok := Organizations.Get(tx, organization.String())
		if !ok {
			return notFound()
		}
		to, err := made.addressTx(tx, o, d)
		if err != nil {
			return err
		}
		if err := made.admitTx(tx, at); err != nil {
			return err
		}
		invitations.Put(tx, made)
		if made.Address != "" { // who has no account may make one, and has then proved his address
			account.AdmitTx(tx, made.Hash, made.Address, made.ExpiresAt)
		}
		made.record(tx, by, "organization.invitation.create", o, at)
		s.o.Mail.SendTx(tx, mail.Letter{Kind: mail.OrgInvitation, To: to, Params: map[string]string{
			"organization": o.Name.String(), "role": string(made.Role), "by": made.By, "token": token,
		}}, at)
		return nil
	})
	return made, err
}

// addressTx fills in who is invited, and returns where to write to him.
func (i *Invitation) addressTx(tx *store.Tx, o Organization, d InvitationDraft) ([]string, error) {
	if (d.Email == "") == (d.Username == "") {
		return nil, fault.Field("give an e-mail address or a user name, and not both", "email")
	}
	if err := checkRole(d.Role); err != nil {
		return nil, err
	}
	if d.Username == "" {
		var err error
		i.Address, err = account.ParseAddress(d.Email)
		if err != nil {
			return nil, fault.Field(err.Error(), "email")
		}
		return []string{i.Address}, nil
	}
	if strings.Contains(d.Username, "@") {
		return nil, fault.Field("unknown user", "username")
	}
	u, err := userNamed(tx, d.Username)
	switch {
	case err != nil:
		return nil, fault.Field("unknown user", "username")
	case o.Members[u.ID] != "":
		return nil, fault.Field("is already member", "username")
	}
	i.UserID = u.ID
	return u.Addresses(), nil
}

// admitTx makes room for i, or tells why there is none.
func (i *Invitation) admitTx(tx *store.Tx, at time.Time) error {
	live := 0
	for other := range intoOrg.In(tx, i.Org.String()) {
		switch {
		case other.invited() == i.invited(), !other.Live(at):
			endTx(tx, other)
		default:
			live++
		}
	}
	if live >= maxInvitations {
		return fault.Field("there are 200 open invitations, the most allowed; revoke some first", "base")
	}
	key := "invitation:" + i.Org.String()
	if limit.Spent(tx, key, invites, at) {
		return &fault.Error{Kind: fault.Limited, Message: "Too many invitations. Please try again later.", RetryAfter: invites.Window}
	}
	limit.SpendTx(tx, key, invites, at)
	return nil
}

// endTx ends an invitation, with what it allows besides.
func endTx(tx *store.Tx, i Invitation) {
	invitations.Delete(tx, i.ID)
	account.DismissTx(tx, i.Hash)
}

func (i Invitation) record(tx *store.Tx, by audit.By, action string, o Organization, at time.Time) {
	params := map[string]any{"organization": snapshot(o), "id": i.ID, "role": i.Role}
	refs := []string{audit.OrgRef(o.Name.String())}
	if u, ok := account.Users.Get(tx, i.UserID); ok {
		params["user"] = map[string]any{"id": u.ID, "username": u.Username.String()}
		refs = append(refs, audit.UserRef(u.ID))
	} else {
		params["email"] = i.Address
	}
	audit.RecordTx(tx, by, action, params, at, refs...)
}

// Invitations returns the live invitations into the organization, the oldest first.
func Invitations(r store.Reader, organization name.Repository) []Invitation {
	return liveOnes(slices.Collect(intoOrg.In(r, organization.String())))
}

// InvitationsOf returns the live invitations of the user: by his name, or to an address that he has proved.
func InvitationsOf(v *store.View, u account.User) []Invitation {
	found := slices.Collect(ofInvited.Each(v, audit.UserRef(u.ID)))
	for _, e := range u.Emails {
		if e.Verified {
			found = slices.AppendSeq(found, ofInvited.Each(v, e.Address))
		}
	}
	return liveOnes(found)
}

func liveOnes(all []Invitation) []Invitation {
	at := time.Now()
	all = slices.DeleteFunc(all, func(i Invitation) bool { return !i.Live(at) })
	slices.SortFunc(all, func(a, b Invitation) int { return a.InsertedAt.Compare(b.InsertedAt) })
	return all
}

// InvitationFor returns the live invitation that the token was mailed with.
func InvitationFor(r store.Reader, token string) (Invitation, bool) {
	if len(token) > maxToken {
		return Invitation{}, false
	}
	i, ok := byToken.Get(r, account.HashToken(token))
	return i, ok && i.Live(time.Now())
}

func errOver() error {
	return fault.New(fault.NotFound, "this invitation does not work any more: it was accepted, taken back, or is older than seven days. Ask for another one")
}

// Accept makes the user a member by the token that was mailed. Of an invitation by name only that user may
// make use, of one by address whoever got the mail. It can be done once.
func (s *Orgs) Accept(ctx context.Context, by audit.By, userID, token string) (Organization, error) {
	return s.accept(ctx, by, userID, mailedTo(token))
}

// AcceptOwn is Accept for a user who was invited by name, or at an address that he has proved, and who need
// not show the mail.
func (s *Orgs) AcceptOwn(ctx context.Context, by audit.By, userID, invitationID string) (Organization, error) {
	return s.accept(ctx, by, userID, ownOf(invitationID))
}

// Decline ends an invitation that Accept would accept.
func (s *Orgs) Decline(ctx context.Context, by audit.By, userID, token string) error {
	return s.decline(ctx, by, userID, mailedTo(token))
}

// DeclineOwn ends an invitation that AcceptOwn would accept.
func (s *Orgs) DeclineOwn(ctx context.Context, by audit.By, userID, invitationID string) error {
	return s.decline(ctx, by, userID, ownOf(invitationID))
}

// A finder returns an invitation that the user may answer.
type finder func(*store.Tx, account.User) (Invitation, bool)

func mailedTo(token string) finder {
	return func(tx *store.Tx, u account.User) (Invitation, bool) {
		i, ok := InvitationFor(tx, token)
		return i, ok && (i.UserID == "" || i.UserID == u.ID)
	}
}

func ownOf(invitationID string) finder {
	return func(tx *store.Tx, u account.User) (Invitation, bool) {
		i, ok := invitations.Get(tx, invitationID)
		return i, ok && i.Live(time.Now()) && i.isFor(u)
	}
}

func (i Invitation) isFor(u account.User) bool {
	return i.UserID == u.ID || i.Address != "" && slices.ContainsFunc(u.Emails, func(e account.Email) bool { return e.Verified && e.Address == i.Address })
}

func (s *Orgs) accept(ctx context.Context, by audit.By, userID string, find finder) (Organization, error) {
	at := now()
	var joined Organization
	err := s.update(ctx, func(tx *store.Tx) error {
		u, i, o, err := answerTx(tx, userID, find)
		if err != nil {
			return err
		}
		role := o.Members[u.ID]
		if !role.Includes(i.Role) { // else there is nothing to gain
			role = i.Role
			if err := s.joinTx(tx, &o, u, role, at); err != nil {
				return err
			}
		}
		joined = o
		record(tx, by, "organization.invitation.accept", o, u, at, map[string]any{"id": i.ID, "role": role})
		return nil
	})
	return joined, err
}

func (s *Orgs) decline(ctx context.Context, by audit.By, userID string, find finder) error {
	at := now()
	return s.update(ctx, func(tx *store.Tx) error {
		_, i, o, err := answerTx(tx, userID, find)
		if err != nil {
			return err
		}
		i.record(tx, by, "organization.invitation.revoke", o, at)
		return nil
	})
}

// answerTx uses the invitation up that the user answers, in whatever way.
func answerTx(tx *store.Tx, userID string, find finder) (account.User, Invitation, Organization, error) {
	u, known := account.Users.Get(tx, userID)
	if !known || !u.Active() {
		return u, Invitation{}, Organization{}, errOver()
	}
	i, ok := find(tx, u)
	o, there := Organizations.Get(tx, i.Org.String())
	if !ok || !there {
		return u, i, o, errOver()
	}
	endTx(tx, i)
	return u, i, o, nil
}

// RevokeInvitation takes an invitation into the organization back.
func (s *Orgs) RevokeInvitation(ctx context.Context, by audit.By, organization name.Repository, invitationID string) error {
	at := now()
	return s.update(ctx, func(tx *store.Tx) error {
		i, ok := invitations.Get(tx, invitationID)
		o, there := Organizations.Get(tx, organization.String())
		if !ok || !there || i.Org != organization || !i.Live(at) {
			return notFound()
		}
		endTx(tx, i)
		i.record(tx, by, "organization.invitation.revoke", o, at)
		return nil
	})
}

// Forget drops invitations that are over, in steps.
func (s *Orgs) Forget(ctx context.Context) error {
	at := now()
	return store.Sweep(ctx, s.db, invitations, func(_ store.Reader, i Invitation) bool { return !i.Live(at) })
}
