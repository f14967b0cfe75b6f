package oauth

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
)

// The device flow's times, and the alphabet of what users type: no vowels, and nothing that looks like
// something else.
const (
	deviceLife   = 10 * time.Minute
	pollEvery    = 5 * time.Second
	codeAlphabet = "23456789BCDFGHJKLMNPQRSTVWXYZ"
	codeLength   = 8
)

// Who types codes that are none may do so this often.
var (
	guessesOfUser = limit.Rule{Limit: 10, Window: 15 * time.Minute}
	guessesFromIP = limit.Rule{Limit: 30, Window: 15 * time.Minute}
)

// A device is a program that waits for a user's answer. Both its codes are kept as hashes.
type device struct {
	Hash       string    `json:"hash"`      // hex SHA-256 of the device code
	UserHash   string    `json:"user_hash"` // keyed, since the code is short
	ClientID   string    `json:"client_id"`
	Scopes     []string  `json:"scopes"` // asked for, and once approved those given
	Name       string    `json:"name,omitempty"`
	IP         string    `json:"ip,omitempty"`
	UserAgent  string    `json:"user_agent,omitempty"`
	Denied     bool      `json:"denied,omitempty"`
	Session    string    `json:"session,omitempty"` // begun by the user who approved
	InsertedAt time.Time `json:"inserted_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

var (
	devices = store.NewTable("oauth-device", func(d device) string { return d.Hash })

	byUserCode = devices.Unique("user-code", func(d device) []string { return []string{d.UserHash} })
)

// A DeviceStart is what a program says that wants to act for a user who sits elsewhere.
type DeviceStart struct {
	ClientID     string
	ClientSecret string // of a confidential client
	Scope        string // separated by spaces
	Name         string // for people to recognise the program by, such as a host name
	IP           netip.Addr
	UserAgent    string
}

// DeviceCodes are what the program is given: one code to ask for its tokens with, one for the user to type.
type DeviceCodes struct {
	DeviceCode string
	UserCode   string // without a dash; ShowCode puts one in
	ExpiresIn  time.Duration
	Interval   time.Duration // between polls
}

// A DeviceRequest is what a user is shown who is asked to let a program act for him. Its name and user
// agent are a stranger's text.
type DeviceRequest struct {
	Client      Client
	Scopes      []string // asked for; the user may leave some out
	Name        string
	IP          string // whence the program asked
	UserAgent   string
	RequestedAt time.Time
	ExpiresAt   time.Time
}

// StartDevice begins the device flow.
func (s *OAuth) StartDevice(ctx context.Context, q DeviceStart) (DeviceCodes, error) {
	c, err := clientFor(s.db.View(), q.ClientID, q.ClientSecret, GrantDevice)
	if err != nil {
		return DeviceCodes{}, err
	}
	asked, err := s.asked(c, q.Scope)
	if err != nil {
		return DeviceCodes{}, err
	}
	secret, at := random(256), now()
	d := device{
		Hash: account.HashToken(secret), ClientID: c.ID, Scopes: pair(asked), Name: shown(q.Name), UserAgent: shown(q.UserAgent),
		InsertedAt: at, ExpiresAt: at.Add(deviceLife),
	}
	if q.IP.IsValid() {
		d.IP = q.IP.String()
	}
	for {
		code := newUserCode()
		d.UserHash = s.userHash(code)
		err := s.db.Update(ctx, func(tx *store.Tx) error {
			devices.Put(tx, d)
			return nil
		})
		if _, taken := errors.AsType[*store.TakenError](err); taken {
			continue
		}
		return DeviceCodes{DeviceCode: secret, UserCode: code, ExpiresIn: deviceLife, Interval: pollEvery}, err
	}
}

// shown is a stranger's text as people are shown it: one line, of bounded length.
func shown(text string) string {
	text = strings.Map(func(r rune) rune {
		if !printable(string(r)) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxName {
		text = string(runes[:maxName])
	}
	return text
}

func newUserCode() string {
	var b strings.Builder
	for range codeLength {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(codeAlphabet))))
		if err != nil {
			panic(err) // crypto/rand never fails
		}
		b.WriteByte(codeAlphabet[n.Int64()])
	}
	return b.String()
}

func (s *OAuth) userHash(code string) string { return hex.EncodeToString(sum(s.codeKey, code)) }

// ShowCode writes a code as people read it, XXXX-XXXX.
func ShowCode(code string) string {
	if len(code) != codeLength {
		return code
	}
	return code[:codeLength/2] + "-" + code[codeLength/2:]
}

// readCode reads what a user typed: small letters, dashes and spaces do not matter.
func readCode(typed string) (string, bool) {
	if len(typed) > 4*codeLength {
		return "", false
	}
	code := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case r == '-', r == ' ':
			return -1
		}
		return r
	}, typed)
	return code, len(code) == codeLength && strings.Trim(code, codeAlphabet) == ""
}

var errNoDevice = fault.New(fault.NotFound, "Nobody waits with this code. Check it, or start again where you got it: codes last ten minutes.")

// Request finds what a user typed, however he wrote it. Who guesses too often is Limited, the user and the
// address each; what is not there, was answered or has expired is NotFound.
func (s *OAuth) Request(ctx context.Context, userCode, userID string, ip netip.Addr) (DeviceRequest, error) {
	d, err := s.waiting(ctx, userCode, userID, ip)
	if err != nil {
		return DeviceRequest{}, err
	}
	c, _ := ClientOf(s.db.View(), d.ClientID)
	return DeviceRequest{
		Client: c, Scopes: d.Scopes, Name: d.Name, IP: d.IP, UserAgent: d.UserAgent,
		RequestedAt: d.InsertedAt, ExpiresAt: d.ExpiresAt,
	}, nil
}

// waiting finds the program that waits for the code. A guess is counted before it is judged, so that many
// at one moment are counted too, and given back if it was right.
func (s *OAuth) waiting(ctx context.Context, typed, userID string, ip netip.Addr) (device, error) {
	code, ok := readCode(typed)
	if !ok {
		return device{}, errNoDevice
	}
	at := now()
	guesses := map[string]limit.Rule{"device-user:" + userID: guessesOfUser}
	if s.o.LimitLoopback || !ip.IsLoopback() {
		guesses["device-"+limit.IPKey(ip)] = guessesFromIP
	}
	var late time.Duration
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		late = 0
		for key, rule := range guesses {
			if !limit.SpendTx(tx, key, rule, at).Allowed {
				late = max(late, rule.Rest(at))
			}
		}
		return nil
	})
	if err != nil {
		return device{}, err
	}
	if late > 0 {
		f := fault.New(fault.Limited, "Too many codes were tried. Please try again later.")
		f.RetryAfter = late
		return device{}, f
	}
	d, ok := byUserCode.Get(s.db.View(), s.userHash(code))
	if !ok || !d.open(at) {
		return device{}, errNoDevice
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		for key, rule := range guesses {
			limit.UnspendTx(tx, key, rule, at)
		}
		return nil
	})
	return d, err
}

// open reports whether the device still waits for an answer.
func (d device) open(at time.Time) bool {
	return !d.Denied && d.Session == "" && at.Before(d.ExpiresAt)
}

// Approve lets the program act for the actor, in those of the scopes it asked for that are given. It takes
// a browser's session in sudo mode (else Forbidden with the code "sudo_required"), and for scopes that
// write a second factor if the rules require one.
func (s *OAuth) Approve(ctx context.Context, a access.Actor, userCode string, scopes []string) error {
	return s.respond(ctx, a, userCode, func(tx *store.Tx, u account.User, d *device, at time.Time) error {
		given, err := s.givenTx(tx, u, d.Scopes, scopes)
		if err != nil {
			return err
		}
		c, _ := ClientOf(tx, d.ClientID)
		d.Scopes = given
		d.Session = s.accounts.StartSessionTx(tx, a.By(), account.Session{
			UserID: u.ID, Kind: account.OAuth, Name: d.Name, Client: c.ID, IP: d.IP, UserAgent: d.UserAgent,
			ExpiresAt: at.Add(sessionLife),
		}, at).ID
		return nil
	})
}

// Deny refuses the program.
func (s *OAuth) Deny(ctx context.Context, a access.Actor, userCode string) error {
	return s.respond(ctx, a, userCode, func(_ *store.Tx, _ account.User, d *device, _ time.Time) error {
		d.Denied = true
		return nil
	})
}

func (s *OAuth) respond(ctx context.Context, a access.Actor, userCode string, answer func(*store.Tx, account.User, *device, time.Time) error) error {
	found, err := s.waiting(ctx, userCode, a.User.ID, a.IP)
	if err != nil {
		return err
	}
	at := now()
	return s.db.Update(ctx, func(tx *store.Tx) error {
		u, err := browserTx(tx, a, at, true)
		if err != nil {
			return err
		}
		d, ok := devices.Get(tx, found.Hash)
		if !ok || !d.open(at) {
			return errNoDevice
		}
		if err := answer(tx, u, &d, at); err != nil {
			return err
		}
		devices.Put(tx, d)
		return nil
	})
}

var (
	errNoSession = fault.New(fault.Unauthenticated, "Log in first.")
	errNoSudo    = &fault.Error{Kind: fault.Forbidden, Message: "Confirm that it is you before you let a program act for you.", Code: "sudo_required"}
)

// browserTx returns the user who sits at a browser, as he is now.
func browserTx(tx *store.Tx, a access.Actor, at time.Time, sudo bool) (account.User, error) {
	session, live := account.LiveSession(tx, a.Session, at)
	u, ok := account.Users.Get(tx, a.User.ID)
	switch {
	case a.Via != access.Browser, !live, !ok, session.UserID != u.ID, session.Kind != account.Browser:
		return u, errNoSession
	case sudo && !session.Sudo(at):
		return u, errNoSudo
	}
	return u, nil
}

// givenTx checks that the user may give what he ticked of what was asked for.
func (s *OAuth) givenTx(tx *store.Tx, u account.User, asked, ticked []string) ([]string, error) {
	var given []string
	for _, scope := range asked {
		if slices.Contains(ticked, scope) {
			given = append(given, scope)
		}
	}
	for _, scope := range ticked {
		if !slices.Contains(given, scope) {
			return nil, fault.Field("was not asked for", "scopes")
		}
	}
	if len(given) == 0 {
		return nil, fault.Field("choose at least one", "scopes")
	}
	for _, p := range s.permissionsOf(given) {
		if !s.reaches(tx, access.Actor{User: u}, p) {
			return nil, fault.Field("you do not have access to "+p.Resource, "scopes")
		}
		if writes(p) && s.o.Rules(tx).RequireTOTP && !u.TwoFactor() {
			return nil, fault.New(fault.Forbidden, "Two-factor authentication must be enabled for API write access")
		}
	}
	return given, nil
}

// writes reports whether the permission lets a program change something.
func writes(p access.Permission) bool {
	return p.Domain == access.DomainPackage || p.Domain == access.DomainAPI && p.Resource != "read"
}

// poll answers a program that waits.
func (s *OAuth) poll(ctx context.Context, q TokenRequest) (Tokens, error) {
	v := s.db.View()
	c, err := clientFor(v, q.ClientID, q.ClientSecret, GrantDevice)
	if err != nil {
		return Tokens{}, err
	}
	if q.DeviceCode == "" {
		return Tokens{}, protocol(invalidRequest, "Missing device_code")
	}
	at := now()
	d, ok := devices.Get(v, account.HashToken(q.DeviceCode))
	switch {
	case !ok:
		return Tokens{}, errUsedDevice
	case d.ClientID != c.ID:
		return Tokens{}, protocol(invalidClient, "Invalid client")
	case d.Denied:
		return Tokens{}, protocol(accessDenied, "The user refused")
	case !at.Before(d.ExpiresAt):
		return Tokens{}, protocol(expired, "The device code has expired")
	case d.Session == "" && s.polls.tooSoon(d.Hash, at):
		return Tokens{}, protocol(slowDown, "Polling too fast")
	case d.Session == "":
		return Tokens{}, protocol(pending, "The user has not answered yet")
	}
	var g grant
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		d, ok := devices.Get(tx, d.Hash)
		if !ok || !devices.Delete(tx, d.Hash) {
			return errUsedDevice
		}
		session, live := account.LiveSession(tx, d.Session, at)
		if !live {
			return protocol(accessDenied, "The user took the permission back")
		}
		g = s.grantTx(tx, c, session, d.Scopes, at)
		return nil
	})
	if err != nil {
		return Tokens{}, err
	}
	return s.tokens(g)
}

var errUsedDevice = protocol(invalidGrant, "Invalid device code")

// polls remembers when each program asked last, on this node: that is near enough, and saves the log a
// write for every poll.
type polls struct {
	mu   *sync.Mutex // guards what is in last
	last *lru.Cache[string, *lastPoll]
}

type lastPoll struct {
	at    time.Time
	every time.Duration
}

const (
	maxPolls  = 4096
	pollSlack = time.Second // a request may arrive a little early, the one before it having been late
)

func newPolls() polls {
	last, _ := lru.New[string, *lastPoll](maxPolls) // fails only for a size below one
	return polls{new(sync.Mutex), last}
}

// tooSoon notes a poll, and reports whether it came before its time. Whoever is too soon has to wait five
// seconds more from then on.
func (p polls) tooSoon(hash string, at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, ok := p.last.Get(hash)
	if !ok {
		p.last.Add(hash, &lastPoll{at, pollEvery})
		return false
	}
	early := at.Sub(last.at) < last.every-pollSlack
	last.at = at
	if early {
		last.every += pollEvery
	}
	return early
}
