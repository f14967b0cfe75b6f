package account

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// Register makes a user for whoever asks, if the server lets such people register, or if somebody invited
// him with the token, which may be empty. Rights are not given that way, whatever the draft says. Each
// address that must be proved is asked for it by mail.
func (a *Accounts) Register(ctx context.Context, by audit.By, d Draft, invitation string) (User, error) {
	at, v := now(), a.db.View()
	rules := a.o.Rules(v)
	proved, err := rules.admit(v, d, invitation)
	if err != nil {
		return User{}, err
	}
	d.Admin, d.Service, d.Verified = false, false, rules.believes()
	u, err := a.build(ctx, d)
	if err != nil {
		return User{}, err
	}
	if i := u.address(proved); i >= 0 {
		u.Emails[i].Verified = true
	}
	tokens := make([]string, len(u.Emails))
	for i := range tokens {
		tokens[i] = NewToken()
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if invitation != "" {
			if _, err := invitedTo(tx, invitation, at); err != nil {
				return err
			}
			tickets.Delete(tx, HashToken(invitation))
		}
		if err := createTx(tx, by, u); err != nil {
			return err
		}
		for i, e := range u.Emails {
			a.askTx(tx, u, e, tokens[i], at)
		}
		return nil
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// believes reports whether an address is taken to be that of whoever names it. Where the domain of an
// address opens the door, one is worth nothing unproved.
func (r Rules) believes() bool { return !r.ConfirmMail && len(r.Registration.domains) == 0 }

// admit tells why somebody may not register, or which of his addresses is proved by the invitation.
func (r Rules) admit(v *store.View, d Draft, invitation string) (proved string, err error) {
	if invitation != "" {
		return invitedTo(v, invitation, now())
	}
	return "", r.Registration.admits(d.Emails)
}

// A Registration says who may make an account for himself. The zero value lets nobody.
type Registration struct {
	open    bool
	domains []string
}

// ParseRegistration reads "open" for everybody, "invite" for nobody but whom an administrator lets
// in, or "domains:a.org,b.org" for those who have an address there.
func ParseRegistration(text string) (Registration, error) {
	list, ofDomains := strings.CutPrefix(text, "domains:")
	switch {
	case text == "invite":
		return Registration{}, nil
	case text == "open":
		return Registration{open: true}, nil
	case !ofDomains:
		return Registration{}, fmt.Errorf("%q is not open, invite, or domains:a.org,b.org", text)
	}
	var r Registration
	for d := range strings.SplitSeq(list, ",") {
		d = lower(strings.TrimSpace(d))
		if d == "" || strings.ContainsFunc(d, func(r rune) bool { return r == '@' || unprintable(r) }) {
			return Registration{}, fmt.Errorf("%q is not a domain", d)
		}
		r.domains = append(r.domains, d)
	}
	return r, nil
}

// Closed reports whether nobody may register but whom an administrator lets in.
func (r Registration) Closed() bool { return !r.open && len(r.domains) == 0 }

// admits tells why somebody with the addresses may not register.
func (r Registration) admits(addresses []string) error {
	switch {
	case r.open:
		return nil
	case len(r.domains) == 0:
		return fault.New(fault.Forbidden, "this server takes no registrations; ask its administrator for an account")
	}
	for _, address := range addresses {
		_, domain, _ := strings.Cut(lower(strings.TrimSpace(address)), "@")
		if !slices.Contains(r.domains, domain) {
			return fault.Field("must be an address at "+strings.Join(r.domains, " or "), "emails", "email")
		}
	}
	return nil
}
