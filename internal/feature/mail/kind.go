package mail

import (
	"fmt"
	"slices"
	"unicode"
)

// A Kind names a text.
type Kind string

// The kinds, each with the params of its text. Those with a question mark may be missing, and so may by,
// where nobody in particular did it. The package of an organization is written ORG/NAME. A letter to a
// user about his own account may also have from: the address that it was done from.
const (
	VerifyEmail          Kind = "verify-email"           // username address token
	ResetPassword        Kind = "reset-password"         // username token
	PasswordReset        Kind = "password-reset"         // username
	PasswordChanged      Kind = "password-changed"       // username
	DeletionRequest      Kind = "deletion-request"       // username token
	AccountDeleted       Kind = "account-deleted"        // username
	AccountRemoved       Kind = "account-removed"        // username; by an administrator
	TwoFactorEnabled     Kind = "two-factor-enabled"     // username
	TwoFactorDisabled    Kind = "two-factor-disabled"    // username
	RecoveryCodesRotated Kind = "recovery-codes-rotated" // username
	EmailAdded           Kind = "email-added"            // username address
	PrimaryEmailChanged  Kind = "primary-email-changed"  // username address; the new one, told to the old one
	KeyCreated           Kind = "key-created"            // username key organization?
	KeyRevoked           Kind = "key-revoked"            // username key organization?
	KeyRestored          Kind = "key-restored"           // username key organization?
	KeysRevoked          Kind = "keys-revoked"           // username organization?
	SessionsRevoked      Kind = "sessions-revoked"       // username
	OwnerAdded           Kind = "owner-added"            // package owner by
	OwnerRemoved         Kind = "owner-removed"          // package owner by
	Published            Kind = "published"              // package version by
	MemberAdded          Kind = "member-added"           // organization role by
	OrgInvitation        Kind = "org-invitation"         // organization role by token
	SiteInvitation       Kind = "site-invitation"        // by token
	ReleaseRemoved       Kind = "release-removed"        // package version by
	PackageRemoved       Kind = "package-removed"        // package by
	Test                 Kind = "test"                   // nothing
)

// needs lists for each kind the params that its text cannot do without.
var needs = map[Kind][]string{
	VerifyEmail:          {"username", "address", "token"},
	ResetPassword:        {"username", "token"},
	PasswordReset:        {"username"},
	PasswordChanged:      {"username"},
	DeletionRequest:      {"username", "token"},
	AccountDeleted:       {"username"},
	AccountRemoved:       {"username"},
	TwoFactorEnabled:     {"username"},
	TwoFactorDisabled:    {"username"},
	RecoveryCodesRotated: {"username"},
	EmailAdded:           {"username", "address"},
	PrimaryEmailChanged:  {"username", "address"},
	KeyCreated:           {"username", "key"},
	KeyRevoked:           {"username", "key"},
	KeyRestored:          {"username", "key"},
	KeysRevoked:          {"username"},
	SessionsRevoked:      {"username"},
	OwnerAdded:           {"package", "owner"},
	OwnerRemoved:         {"package", "owner"},
	Published:            {"package", "version"},
	MemberAdded:          {"organization", "role"},
	OrgInvitation:        {"organization", "role", "token"},
	SiteInvitation:       {"token"},
	ReleaseRemoved:       {"package", "version"},
	PackageRemoved:       {"package"},
	Test:                 {},
}

// Kinds lists every kind, in order of name.
func Kinds() []Kind {
	var out []Kind
	for k := range needs {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// check panics if the letter's text cannot be filled.
func (l Letter) check() {
	need, ok := needs[l.Kind]
	if !ok {
		panic(fmt.Sprintf("mail: there is no text of kind %q", l.Kind))
	}
	for _, p := range need {
		if l.Params[p] == "" {
			panic(fmt.Sprintf("mail: a letter of kind %s needs the param %q", l.Kind, p))
		}
	}
}

// printable reports whether r may stand in a line: not what ends it, hides in it or turns it around.
func printable(r rune) bool { return unicode.IsPrint(r) || r == ' ' }
