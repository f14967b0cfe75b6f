package account

import (
	"context"
	"log/slog"
	"time"

	"hexhub/internal/kernel/fault"
)

// A SecondFactor is what a user has besides his password. It hides itself from printing and logging.
type SecondFactor struct {
	Sealed   []byte    `json:"sealed"`             // the secret of the codes, under the label account/totp
	Recovery []string  `json:"recovery,omitempty"` // keyed hashes of the recovery codes that are left
	Since    time.Time `json:"since"`
}

// String hides the factor.
func (SecondFactor) String() string { return hidden }

// GoString hides the factor.
func (SecondFactor) GoString() string { return hidden }

// LogValue hides the factor.
func (SecondFactor) LogValue() slog.Value { return slog.StringValue(hidden) }

// TwoFactor reports whether the password alone does not do.
func (u User) TwoFactor() bool { return u.Second != nil }

// RecoveryCodes tells how many of the user's recovery codes are left.
func (u User) RecoveryCodes() int {
	if u.Second == nil {
		return 0
	}
	return len(u.Second.Recovery)
}

func wrongCode() error {
	return &fault.Error{Kind: fault.Unauthenticated, Message: "Invalid two-factor authentication code", Code: "invalid_totp"}
}

// CheckCode returns nil if the code is one that the user's device shows now, and was not used. The
// session of a program, if one is given, may show the code that it used last again while it is current: mix
// sends one code with several requests. Faults are Unauthenticated with the code invalid_totp, and Limited.
func (a *Accounts) CheckCode(_ context.Context, _, _, _ string, _ Origin) error { return wrongCode() }

// CheckSecondFactor returns nil if the code is one that the user's device shows now, or a recovery code,
// and was not used: for logging in. Its faults are those of CheckCode.
func (a *Accounts) CheckSecondFactor(_ context.Context, _, _ string, _ Origin) error {
	return wrongCode()
}
