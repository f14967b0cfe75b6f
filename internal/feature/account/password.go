package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// A PasswordHash is an argon2id hash in PHC form, or empty if there is no password. It hides itself
// from printing and logging; as JSON it is plain, for rows.
type PasswordHash string

const hidden = "[hidden]"

// String hides the hash.
func (PasswordHash) String() string { return hidden }

// GoString hides the hash.
func (PasswordHash) GoString() string { return hidden }

// LogValue hides the hash.
func (PasswordHash) LogValue() slog.Value { return slog.StringValue(hidden) }

// A Cost says how dear a guess is. The zero value is DefaultCost.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultCost takes some 70 ms of one core of 2024 and 32 MiB. OWASP asks for at least 19 MiB in two passes.
var DefaultCost = Cost{Memory: 32 << 10, Passes: 2, Lanes: 1}

// The bounds of a password.
const (
	minPassword = 8       // characters, as on hex.pm
	maxPassword = 1 << 10 // bytes; longer ones are never hashed
)

// A hasher hashes passwords, as many at a time as it has turns: each hash needs much memory.
type hasher struct {
	cost  Cost
	turns chan struct{}
	decoy PasswordHash // of no password, for users that do not exist
}

func newHasher(c Cost, atOnce int) *hasher {
	if c == (Cost{}) {
		c = DefaultCost
	}
	h := &hasher{cost: c, turns: make(chan struct{}, atOnce)}
	h.decoy = format(c, random(saltSize), random(sumSize))
	return h
}

const (
	saltSize = 16
	sumSize  = 32
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// hash returns a new hash of the password. It waits for its turn as long as ctx allows.
func (h *hasher) hash(ctx context.Context, password string) (PasswordHash, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := random(saltSize)
	return format(h.cost, salt, derive(password, salt, h.cost)), nil
}

// verify reports whether the password is the one that p was made of. It does the same work for a
// user without a password as for one with. The caller has a turn.
func (h *hasher) verify(p PasswordHash, password string) (bool, error) {
	absent := p == ""
	if absent {
		p = h.decoy
	}
	c, salt, want, err := parse(p)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(derive(password, salt, c), want) == 1 && !absent, nil
}

// isWeak reports whether a guess at what p was made of costs less than one at what is hashed today.
func (h *hasher) isWeak(p PasswordHash) bool {
	c, _, _, err := parse(p)
	return err == nil && (c.Memory < h.cost.Memory || c.Memory*c.Passes < h.cost.Memory*h.cost.Passes)
}

// turn waits for a turn to hash, as long as ctx allows. Whoever has it calls done.
func (h *hasher) turn(ctx context.Context) (done func(), err error) {
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to hash a password: %w", ctx.Err())
	}
}

func derive(password string, salt []byte, c Cost) []byte {
	return argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, sumSize)
}

// phc is the form of https://github.com/P-H-C/phc-string-format for argon2id.
const phc = "$argon2id$v=19$m=%d,t=%d,p=%d$"

func format(c Cost, salt, sum []byte) PasswordHash {
	enc := base64.RawStdEncoding.EncodeToString
	return PasswordHash(fmt.Sprintf(phc, c.Memory, c.Passes, c.Lanes) + enc(salt) + "$" + enc(sum))
}

func parse(p PasswordHash) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(string(p), "$") // "", argon2id, version, cost, salt, sum
	if len(parts) != 6 {
		return Cost{}, nil, nil, fmt.Errorf("stored password has %d parts, not 6", len(parts))
	}
	if _, err := fmt.Sscanf(strings.Join(parts[:4], "$")+"$", phc, &c.Memory, &c.Passes, &c.Lanes); err != nil {
		return Cost{}, nil, nil, fmt.Errorf("read stored password: %w", err)
	}
	if c.Passes == 0 || c.Lanes == 0 {
		return Cost{}, nil, nil, fmt.Errorf("stored password has a cost of nothing")
	}
	for i, into := range []*[]byte{&salt, &sum} {
		if *into, err = base64.RawStdEncoding.DecodeString(parts[4+i]); err != nil {
			return Cost{}, nil, nil, fmt.Errorf("read stored password: %w", err)
		}
	}
	if len(sum) != sumSize {
		return Cost{}, nil, nil, fmt.Errorf("stored password has a hash of %d bytes, not %d", len(sum), sumSize)
	}
	return c, salt, sum, nil
}

//go:embed common.txt
var commonText string

// common holds passwords, and words to build them of, that are tried first.
var common = func() map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		set[word] = true
	}
	return set
}()

// faultOf returns what is wrong with a password for a user, in words for the user, or nothing.
func faultOf(password string, u User) string {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Sprintf("should be at least %d character(s)", minPassword)
	case len(password) > maxPassword:
		return fmt.Sprintf("should be at most %d character(s)", maxPassword)
	case isCommon(password):
		return "is too easy to guess: it is on the lists that attackers try first; use several unrelated words"
	case isOwnName(password, u):
		return "is too easy to guess: it is your name or address; use several unrelated words"
	}
	return ""
}

// maxDecoration is how many characters behind or before a common word still do not make a password:
// password2026! is one of the first guesses, too.
const maxDecoration = 5

func isCommon(password string) bool {
	p := strings.ToLower(password)
	word := strings.TrimFunc(p, func(r rune) bool { return !unicode.IsLetter(r) })
	first, _ := utf8.DecodeRuneInString(p)
	return common[p] || common[word] && len(p)-len(word) <= maxDecoration ||
		strings.Trim(p, string(first)) == ""
}

func isOwnName(password string, u User) bool {
	p := lower(password)
	for _, e := range u.Emails {
		local, _, _ := strings.Cut(e.Address, "@")
		if p == e.Address || p == local {
			return true
		}
	}
	return p == u.Username.String()
}
