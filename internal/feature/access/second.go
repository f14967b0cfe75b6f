package access

import (
	"context"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// A verdict is what is known of an actor's second factor.
type verdict struct {
	proved  bool
	refusal error // of everything that changes something; nil if there is none
}

// tokenRequired is the code of refusals of a password where something better is wanted.
const tokenRequired = "token_required"

// The refusals of the Hex API. Clients ask their user for a code when they read the first two.
var (
	errCodeRequired = &fault.Error{Kind: fault.Unauthenticated, Code: "totp_required", Message: "Two-factor authentication required. Include X-Hex-OTP header with your TOTP code."}
	errNoSecond     = fault.New(fault.Forbidden, "Two-factor authentication must be enabled for API write access")
	errBasicSecond  = &fault.Error{Kind: fault.Unauthenticated, Code: tokenRequired, Message: "This account has a second factor, so its password alone is not enough: use an API key or log in with OAuth, or add the code in the X-Hex-OTP header"}
)

// takesCode reports whether the actor has to prove a second factor before he changes something. That is for
// tokens which a user gave to a program: a key or an organization has none, and who logged in at a
// browser has proved his.
func (a Actor) takesCode() bool { return a.Via == Bearer && a.Session != "" }

// withoutCode is the refusal of an actor who sends no code.
func (s *Access) withoutCode(r store.Reader, a Actor) error {
	switch {
	case !a.takesCode():
	case a.User.TwoFactor():
		return errCodeRequired
	case s.o.Rules(r).RequireTOTP:
		return errNoSecond
	}
	return nil
}

// WithCode judges the code of a second factor that was sent with a request to change something, none
// being empty, and returns the actor who knows the verdict. May and its kin give it when it is its turn.
// It is to be asked once for a request, since a code can be used once. The code of a user who has no
// second factor means nothing: gleam sends one always.
func (s *Access) WithCode(ctx context.Context, a Actor, code string) Actor {
	if code == "" || !a.takesCode() || !a.User.TwoFactor() {
		return a // what Authenticate found stands
	}
	err := s.accounts.CheckCode(ctx, a.User.ID, code, a.Session, account.Origin{IP: a.IP, UserAgent: a.UserAgent})
	a.second = verdict{proved: err == nil, refusal: err}
	return a
}

// secondFactor returns the verdict on an actor who was just refreshed.
func (a Actor) secondFactor() error {
	switch {
	case !a.takesCode():
		return nil
	case a.second.refusal == nil && !a.second.proved && a.User.TwoFactor(): // since the request came in
		return errCodeRequired
	}
	return a.second.refusal
}
