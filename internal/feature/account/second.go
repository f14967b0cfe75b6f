package account

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// A SecondFactor is what a user has besides his password. It hides itself from printing and logging.
type SecondFactor struct {
	Sealed   []byte    `json:"sealed"`             // the secret of the codes
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

// A codeUse is the last code that a user showed. It and all before it are used up.
type codeUse struct {
	UserID  string `json:"user_id"`
	Step    int64  `json:"step"`
	Session string `json:"session,omitempty"` // of the program that showed it, if it may do so again
}

var codeUses = store.NewTable("code-use", func(u codeUse) string { return u.UserID })

// The throttles of wrong codes are hex.pm's. Who gets to show one knows the password or holds a session, so
// no stranger can use them up.
var (
	codesOfIP   = limit.Rule{Limit: 20, Window: 15 * time.Minute}
	codesOfUser = limit.Rule{Limit: 5, Window: 10 * time.Minute}
)

func wrongCode() error {
	return &fault.Error{Kind: fault.Unauthenticated, Message: "Invalid two-factor authentication code", Code: "invalid_totp"}
}

func isWrongCode(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Code == "invalid_totp"
}

// CheckCode returns nil if the code is one that the user's device shows now, and was not used. The
// session of a program, if one is given, may show the code that it used last again while it is current: mix
// sends one code with several requests. Faults are Unauthenticated with the code invalid_totp, and Limited.
func (a *Accounts) CheckCode(ctx context.Context, userID, code, sessionID string, from Origin) error {
	s := a.judge(a.db.View(), userID, code, now())
	s.recovery, s.session = "", sessionID
	who := userCodes(userID)
	if sessionID != "" {
		who.key = "code:session:" + sessionID
	}
	return a.guess(ctx, who, from, s.at, func(tx *store.Tx) error { return useTx(tx, s, from) })
}

// CheckSecondFactor returns nil if the code is one that the user's device shows now, or a recovery code,
// and was not used: for logging in. Its faults are those of CheckCode.
func (a *Accounts) CheckSecondFactor(ctx context.Context, userID, code string, from Origin) error {
	s := a.judge(a.db.View(), userID, code, now())
	return a.guess(ctx, userCodes(userID), from, s.at, func(tx *store.Tx) error { return useTx(tx, s, from) })
}

// A counter is who guesses, and how often he may.
type counter struct {
	key  string
	rule limit.Rule
}

func userCodes(userID string) counter { return counter{"code:user:" + userID, codesOfUser} }

// guess lets somebody try a code, under the limits of who he is and of where. Use returns wrongCode if it is
// no good; whatever else use does happens in the same moment as the counting.
func (a *Accounts) guess(ctx context.Context, who counter, from Origin, at time.Time, use func(tx *store.Tx) error) error {
	counters := []counter{who}
	if ip := a.ipKey("code", from); ip != "" {
		counters = append(counters, counter{ip, codesOfIP})
	}
	var wrong error
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		wrong = nil
		for _, c := range counters {
			if limit.Spent(tx, c.key, c.rule, at) {
				return limited(c.rule, at, "Too many failed two-factor authentication attempts. Please try again later.")
			}
		}
		err := use(tx)
		if err == nil {
			limit.ForgiveTx(tx, who.key, who.rule)
		}
		if !isWrongCode(err) {
			return err
		}
		for _, c := range counters {
			limit.SpendTx(tx, c.key, c.rule, at)
		}
		wrong = err
		return nil
	})
	if err != nil {
		return err
	}
	return wrong
}

// A shown code is one as somebody shows it, with what can be told of it before it counts.
type shown struct {
	user     User
	at       time.Time
	step     int64  // of which it is the code; zero if of none
	recovery string // its hash as a recovery code; empty if it cannot be one
	session  string // which may show its last code again
}

func (a *Accounts) judge(r store.Reader, userID, text string, at time.Time) shown {
	u, _ := Users.Get(r, userID)
	s := shown{user: u, at: at}
	if u.Second == nil {
		return s
	}
	if code, ok := normalCode(text); ok {
		// A secret that cannot be opened is one of which nobody has the code.
		if secret, err := a.openTOTP(userID, u.Second.Sealed); err == nil {
			s.step = stepOf(secret, code, at)
		}
	}
	if digits, ok := normalRecovery(text); ok {
		s.recovery = a.hashRecovery(userID, digits)
	}
	return s
}

// useTx uses the code up, or tells that it is no good.
func useTx(tx *store.Tx, s shown, from Origin) error {
	u, ok := Users.Get(tx, s.user.ID)
	if !ok || u.Second == nil || s.user.Second == nil || !bytes.Equal(u.Second.Sealed, s.user.Second.Sealed) {
		return wrongCode()
	}
	switch {
	case s.step > 0:
		return useStepTx(tx, codeUse{UserID: u.ID, Step: s.step, Session: s.session})
	case s.recovery != "":
		return useRecoveryTx(tx, from.by(u), u, s.recovery, s.at)
	}
	return wrongCode()
}

func useStepTx(tx *store.Tx, now codeUse) error {
	last, _ := codeUses.Get(tx, now.UserID)
	switch {
	case now.Step > last.Step:
		codeUses.Put(tx, now)
		return nil
	case now == last && now.Session != "":
		return nil
	}
	return wrongCode()
}

func useRecoveryTx(tx *store.Tx, by audit.By, u User, hash string, at time.Time) error {
	rest, found := without(u.Second.Recovery, hash)
	if !found {
		return wrongCode()
	}
	second := *u.Second
	second.Recovery = rest
	u.Second = &second
	Users.Put(tx, u)
	audit.RecordTx(tx, by, "security.use_recovery_code", map[string]any{"left": len(rest)}, at, audit.UserRef(u.ID))
	return nil
}
