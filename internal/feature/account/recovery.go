package account

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"
	"unicode"

	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

const (
	recoveryCodes  = 10
	recoveryBytes  = 10 // 80 bits
	recoveryDigits = 16 // in groups of four
)

// newRecovery returns new recovery codes, such as 3k5f-0pq2-h9vt-7a1c, and what is kept of them.
func (a *Accounts) newRecovery(userID string) (codes, hashes []string) {
	for range recoveryCodes {
		digits := lower(plain.EncodeToString(random(recoveryBytes)))
		codes = append(codes, digits[:4]+"-"+digits[4:8]+"-"+digits[8:12]+"-"+digits[12:])
		hashes = append(hashes, a.hashRecovery(userID, digits))
	}
	return codes, hashes
}

func (a *Accounts) hashRecovery(userID, digits string) string {
	return a.mac(recoveryLabel, userID+"/"+digits)
}

// normalRecovery returns a recovery code as it is hashed, however somebody copied it.
func normalRecovery(text string) (digits string, ok bool) {
	digits = strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, lower(text))
	return digits, len(digits) == recoveryDigits && strings.Trim(digits, "0123456789abcdefghijklmnopqrstuv") == ""
}

// without returns the hashes but the one, and whether it was among them.
func without(hashes []string, hash string) (rest []string, found bool) {
	for _, h := range hashes {
		if subtle.ConstantTimeCompare([]byte(h), []byte(hash)) == 1 {
			found = true
		} else {
			rest = append(rest, h)
		}
	}
	return rest, found
}

// RotateRecoveryCodes replaces all recovery codes of the user by new ones, which nobody can be told again.
func (a *Accounts) RotateRecoveryCodes(ctx context.Context, by audit.By, userID string) ([]string, error) {
	codes, hashes := a.newRecovery(userID)
	err := a.change(ctx, by, userID, func(tx *store.Tx, u *User, at time.Time) (deed, error) {
		if u.Second == nil {
			return deed{}, fault.New(fault.Conflict, "two-factor authentication is off, so there are no recovery codes; turn it on first")
		}
		second := *u.Second
		second.Recovery = hashes
		u.Second = &second
		a.noticeTx(tx, *u, mail.RecoveryCodesRotated, nil, at)
		return deed{action: "security.rotate_recovery_codes"}, nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}
