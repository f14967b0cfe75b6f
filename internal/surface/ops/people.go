package ops

import (
	"net/http"
	"net/url"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A Reset is a way for a user to choose another password.
type Reset struct {
	MailedTo  string    `json:"mailed_to,omitempty"` // either this or URL
	URL       string    `json:"url,omitempty"`
	Resting   bool      `json:"resting,omitempty"` // no mail is sent: the letter rests in the outbox
	ExpiresAt time.Time `json:"expires_at"`
}

// mailReset has the server write to a user a link on which he chooses another password.
func (o *Ops) mailReset(r *http.Request) (any, error) {
	u, err := o.named(r)
	if err != nil {
		return nil, err
	}
	to, until, err := o.Accounts.MailReset(r.Context(), actor(r).By(), u.ID)
	if fault.Is(err, fault.Conflict) {
		return nil, fault.New(fault.Conflict, "%s has no e-mail address that may be trusted with a link; print one at the machine itself: hexhub user reset-password %[1]s --link", u.Username)
	}
	return Reset{MailedTo: to, Resting: !o.Mail.Configured(), ExpiresAt: until}, err
}

// linkReset tells the link itself.
func (o *Ops) linkReset(r *http.Request) (any, error) {
	u, err := o.named(r)
	if err != nil {
		return nil, err
	}
	token, until, err := o.Accounts.IssueReset(r.Context(), actor(r).By(), u.ID)
	if err != nil {
		return nil, err
	}
	return Reset{URL: o.Registry.URL + "/password/new?" + url.Values{"username": {u.Username.String()}, "key": {token}}.Encode(), ExpiresAt: until}, nil
}

// disableTwoFactor takes a user's second factor away, for one who lost it.
func (o *Ops) disableTwoFactor(r *http.Request) (any, error) {
	u, err := o.named(r)
	switch {
	case err != nil:
		return nil, err
	case !u.TwoFactor():
		return nil, fault.New(fault.Conflict, "%s has no second factor", u.Username)
	}
	if err := o.Accounts.DisableTOTP(r.Context(), actor(r).By(), u.ID); err != nil {
		return nil, err
	}
	return o.again(u), nil
}

// blockRecovery says whether mail is enough for a user to get back in.
func (o *Ops) blockRecovery(r *http.Request) (any, error) {
	u, s, err := aboutUser[Switch](o, r)
	if err != nil {
		return nil, err
	}
	if err := o.Accounts.BlockRecovery(r.Context(), actor(r).By(), u.ID, !s.On); err != nil {
		return nil, err
	}
	return o.again(u), nil
}

func (o *Ops) removeUser(r *http.Request) (any, error) {
	u, err := o.named(r)
	if err != nil {
		return nil, err
	}
	return userOf(u), o.Accounts.Remove(r.Context(), actor(r).By(), u.ID)
}

// A Session is one login of a user, as operators see it.
type Session struct {
	ID         string              `json:"id"`
	Kind       account.SessionKind `json:"kind"`
	Name       string              `json:"name,omitempty"` // a stranger's text
	IP         string              `json:"ip,omitempty"`   // where it began
	UserAgent  string              `json:"user_agent,omitempty"`
	InsertedAt time.Time           `json:"inserted_at"`
	LastUsedAt *time.Time          `json:"last_used_at,omitempty"` // give or take five minutes
	ExpiresAt  time.Time           `json:"expires_at"`
}

func sessionOf(r store.Reader, s account.Session) Session {
	out := Session{
		ID: s.ID, Kind: s.Kind, Name: s.Name, IP: s.IP, UserAgent: s.UserAgent, InsertedAt: s.InsertedAt, ExpiresAt: s.ExpiresAt,
	}
	if use, ok := account.SessionUses.Get(r, s.ID); ok {
		out.LastUsedAt = &use.At
	}
	return out
}

func (o *Ops) sessions(r *http.Request) (any, error) {
	u, err := o.named(r)
	if err != nil {
		return nil, err
	}
	v := o.DB.View()
	out := []Session{}
	for _, s := range account.SessionsOf(v, u.ID) {
		out = append(out, sessionOf(v, s))
	}
	return out, nil
}

// endSessions ends the session whose id the query has, or all of the user's.
func (o *Ops) endSessions(r *http.Request) (any, error) {
	u, err := o.named(r)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	if q.Get("all") == "true" {
		return nil, o.Accounts.EndSessions(r.Context(), actor(r).By(), u.ID, "")
	}
	err = o.Accounts.EndSession(r.Context(), actor(r).By(), u.ID, q.Get("id"))
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "%s has no session %q", u.Username, q.Get("id"))
	}
	return nil, err
}

// An Invitation lets whoever reads the mail of an address register.
type Invitation struct {
	Email      string    `json:"email"`
	URL        string    `json:"url,omitempty"`     // only in the answer that made it, where no mail is sent
	Resting    bool      `json:"resting,omitempty"` // likewise
	InsertedAt time.Time `json:"inserted_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at"`
}

func (o *Ops) invitations(*http.Request) (any, error) {
	out := []Invitation{}
	for _, i := range account.Invitations(o.DB.View()) {
		out = append(out, Invitation{Email: i.Address, InsertedAt: i.At, ExpiresAt: i.ExpiresAt})
	}
	return out, nil
}

// An InvitationDraft says whom to invite.
type InvitationDraft struct {
	Email string `json:"email"`
}

// invite mails an address a link on which an account is made. Where no mail is sent, the link is for the
// administrator to hand over: there is nobody yet in whose name he could act with it.
func (o *Ops) invite(r *http.Request) (any, error) {
	d, err := decode[InvitationDraft](r)
	if err != nil {
		return nil, err
	}
	token, until, err := o.Accounts.Invite(r.Context(), actor(r).By(), d.Email)
	if err != nil {
		return nil, err
	}
	out := Invitation{Email: d.Email, ExpiresAt: until}
	if !o.Mail.Configured() {
		out.Resting, out.URL = true, o.Registry.URL+"/signup?"+url.Values{"invitation": {token}}.Encode()
	}
	return out, nil
}

func (o *Ops) uninvite(r *http.Request) (any, error) {
	return nil, o.Accounts.Uninvite(r.Context(), actor(r).By(), r.URL.Query().Get("email"))
}
