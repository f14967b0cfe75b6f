package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// An Origin is where a request comes from.
type Origin struct {
	IP        netip.Addr
	UserAgent string
}

func (o Origin) ip() string {
	if !o.IP.IsValid() {
		return ""
	}
	return o.IP.String()
}

// by is the user, as whom somebody with proof acts from there.
func (o Origin) by(u User) audit.By {
	return audit.By{UserID: u.ID, Username: u.Username.String(), IP: o.ip(), UserAgent: o.UserAgent}
}

// stranger is somebody of whom nothing is known but where he is.
func (o Origin) stranger() audit.By { return audit.By{IP: o.ip(), UserAgent: o.UserAgent} }

// The throttles of wrong passwords. An address has few tries. An account has more, and so has the whole
// server; but when these are used up, nobody is locked out: strangers then get one try in a while,
// and whoever comes from where the user has logged in before is not held up at all.
var (
	loginsOfIP   = limit.Rule{Limit: 10, Window: 15 * time.Minute}
	loginsOfName = limit.Rule{Limit: 20, Window: 15 * time.Minute}
	loginsOfAll  = limit.Rule{Limit: 300, Window: 15 * time.Minute}
	slowlyOfName = limit.Rule{Limit: 1, Window: 20 * time.Second}
	slowlyOfAll  = limit.Rule{Limit: 1, Window: time.Second}
)

const allLogins = "login"

// A try is an attempt to log in.
type try struct {
	from     Origin
	ip       string // key of the address; empty if it is not counted
	name     string // key of what somebody logs in with, whether or not there is such a user
	familiar bool   // whoever is there is no stranger
}

func (a *Accounts) try(r store.Reader, u User, login string, from Origin) try {
	return try{
		from: from, ip: a.ipKey("login", from), name: a.textKey("login", login),
		familiar: !a.countsIP(from) || u.ID != "" && isFamiliar(r, u.ID, limit.IPKey(from.IP), now()),
	}
}

// countsIP reports whether what comes from there is counted.
func (a *Accounts) countsIP(from Origin) bool { return a.o.LimitLoopback || !from.IP.IsLoopback() }

// ipKey is the key under which the address is counted for a use, empty if it is not.
func (a *Accounts) ipKey(use string, from Origin) string {
	if !a.countsIP(from) {
		return ""
	}
	return use + ":" + limit.IPKey(from.IP)
}

// textKey is the key under which a text is counted that somebody typed: perhaps a password in the wrong
// field, so that not even its plain hash may be kept.
func (a *Accounts) textKey(use, text string) string {
	return use + ":" + a.mac(typedLabel, lower(strings.TrimSpace(text)))
}

// mac is a hash that only this server can make.
func (a *Accounts) mac(label, text string) string {
	h := hmac.New(sha256.New, a.keys[label])
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// refused tells why the try is not even looked at.
func (t try) refused(r store.Reader, at time.Time) error {
	spent := func(key string, rule limit.Rule) bool { return limit.Spent(r, key, rule, at) }
	switch {
	case t.ip != "" && spent(t.ip, loginsOfIP):
		return limited(loginsOfIP, at, "Too many failed logins from IP %s. Please try again later.", t.from.IP)
	case t.familiar:
		return nil
	case spent(t.name, loginsOfName) && spent(t.name, slowlyOfName):
		return limited(slowlyOfName, at, "Too many failed logins for this account. Please try again in a minute, or from where you have logged in before, or reset the password.")
	case spent(allLogins, loginsOfAll) && spent(allLogins, slowlyOfAll):
		return limited(slowlyOfAll, at, "Too many failed logins on this server. Please try again in a few seconds.")
	}
	return nil
}

// failTx counts a wrong password.
func (t try) failTx(tx *store.Tx, at time.Time) {
	if t.ip != "" {
		limit.SpendTx(tx, t.ip, loginsOfIP, at)
	}
	if t.familiar {
		return
	}
	for _, c := range []struct {
		key            string
		first, further limit.Rule
	}{{t.name, loginsOfName, slowlyOfName}, {allLogins, loginsOfAll, slowlyOfAll}} {
		if limit.Spent(tx, c.key, c.first, at) {
			limit.SpendTx(tx, c.key, c.further, at)
		} else {
			limit.SpendTx(tx, c.key, c.first, at)
		}
	}
}

// limited is a refusal until the rule's window ends.
func limited(rule limit.Rule, at time.Time, words string, args ...any) error {
	f := fault.New(fault.Limited, words, args...)
	f.RetryAfter = rule.Rest(at)
	return f
}

// countTx counts one use of each key under its rule, unless one of them is used up: for what costs others
// something, such as mail. An empty key is not counted.
func countTx(tx *store.Tx, keys map[string]limit.Rule, at time.Time) bool {
	for key, rule := range keys {
		if key != "" && limit.Spent(tx, key, rule, at) {
			return false
		}
	}
	for key, rule := range keys {
		if key != "" {
			limit.SpendTx(tx, key, rule, at)
		}
	}
	return true
}
