package access

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/store"
)

// A Key lets a program act for its owner, as far as its permissions go. Only a keyed hash of its
// secret is kept.
type Key struct {
	ID          string          `json:"id"`
	UserID      string          `json:"user_id,omitempty"` // either this or Org
	Org         name.Repository `json:"org"`
	Name        string          `json:"name"` // any text; unique among the owner's live keys
	Hash        string          `json:"hash"` // hex HMAC-SHA256 of the secret
	Permissions []Permission    `json:"permissions,omitempty"`
	RevokeAt    *time.Time      `json:"revoke_at,omitempty"` // past: revoked; future: when it expires
	Revoked     bool            `json:"revoked,omitempty"`   // by a deed, which no clock undoes
	Regret      *Regret         `json:"regret,omitempty"`    // of that deed, for a few seconds; nil for none
	InsertedAt  time.Time       `json:"inserted_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

// A KeyUse is when a key was last used, give or take five minutes, and whence.
type KeyUse struct {
	KeyID     string    `json:"key_id"`
	At        time.Time `json:"at"`
	IP        string    `json:"ip,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
}

// The tables of the package.
var (
	Keys    = store.NewTable("key", func(k Key) string { return k.ID })
	KeyUses = store.NewTable("key-use", func(u KeyUse) string { return u.KeyID })

	byHash  = Keys.Unique("hash", func(k Key) []string { return []string{k.Hash[:hashPrefix]} })
	byOwner = Keys.Group("owner", func(k Key) []string { return []string{k.Owner().ref()} })
)

// hashPrefix is how much of a hash finds the row; the rest is compared in constant time.
const hashPrefix = 32

// Tables are what the package keeps.
var Tables = store.Schema{Keys, KeyUses, revokedTokens}

// An Owner is the user or the organization that keys belong to. It is comparable.
type Owner struct {
	UserID string
	Org    name.Repository
}

// OfUser is the user with the id as an owner.
func OfUser(id string) Owner { return Owner{UserID: id} }

// OfOrg is the organization as an owner.
func OfOrg(n name.Repository) Owner { return Owner{Org: n} }

const orgPrefix = "org:"

// String is the id of the user, or "org:NAME": how owners of packages are named.
func (o Owner) String() string {
	if o.UserID != "" {
		return o.UserID
	}
	return orgPrefix + o.Org.String()
}

// ref names the owner as the audit log does.
func (o Owner) ref() string {
	if o.UserID != "" {
		return audit.UserRef(o.UserID)
	}
	return audit.OrgRef(o.Org.String())
}

func cutOrg(owner string) (name.Repository, bool) {
	text, ok := strings.CutPrefix(owner, orgPrefix)
	if !ok {
		return name.Repository{}, false
	}
	n, err := name.ParseRepository(text)
	return n, err == nil
}

// Owner returns whose key it is.
func (k Key) Owner() Owner { return Owner{UserID: k.UserID, Org: k.Org} }

// Live reports whether the key is neither revoked nor expired at the time. One that was revoked lives at
// no time, also on a node whose clock is behind that of the one where it was.
func (k Key) Live(at time.Time) bool {
	return !k.Revoked && !k.endedBy(at)
}

// endedBy reports whether the moment at which the key was revoked, or expires, is not after at.
func (k Key) endedBy(at time.Time) bool { return k.RevokeAt != nil && !at.Before(*k.RevokeAt) }

// usable tells why a key that was found, or not, lets nobody in.
func (k Key) usable(found bool, at time.Time) error {
	switch {
	case !found:
		return errBadKey
	case !k.Live(at):
		return errRevoked
	}
	return nil
}

// KeysOf returns the live keys of the owner, by name.
func KeysOf(r store.Reader, o Owner) []Key {
	at := time.Now()
	var live []Key
	for k := range byOwner.In(r, o.ref()) {
		if k.Live(at) {
			live = append(live, k)
		}
	}
	slices.SortFunc(live, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	return live
}

// KeyOf returns the owner's live key with the name.
func KeyOf(r store.Reader, o Owner, name string) (Key, bool) {
	live := KeysOf(r, o)
	i := slices.IndexFunc(live, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return live[i], true
}

// freeName returns the name that a new key gets when the live keys have theirs: the wanted one, or
// with the next number behind it.
func freeName(wanted string, live []Key) string {
	taken, highest := false, 1
	for _, k := range live {
		taken = taken || k.Name == wanted
		suffix, ok := strings.CutPrefix(k.Name, wanted+"-")
		var n int
		if _, err := fmt.Sscanf(suffix, "%d", &n); ok && err == nil && fmt.Sprint(n) == suffix {
			highest = max(highest, n)
		}
	}
	if !taken {
		return wanted
	}
	return fmt.Sprintf("%s-%d", wanted, highest+1)
}

// ParseAge reads how long a key lives: days such as 90d, or what time.ParseDuration takes.
func ParseAge(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n > 0 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	if age, err := time.ParseDuration(text); err == nil && age > 0 {
		return age, nil
	}
	return 0, fmt.Errorf("%q is not an age; write it like 30d or 12h", text)
}

// ParseMaxAge reads how long keys may live at most: an age, or 0 for ever.
func ParseMaxAge(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	return ParseAge(text)
}
