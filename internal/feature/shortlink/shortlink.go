// Package shortlink keeps short names for long addresses, which mix prints where people are to open them.
//
// It knows to which hosts a link may lead, and for how long it is kept. It refuses to know how an address is
// followed, and what is there.
package shortlink

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
)

// A link is an address under a code.
type link struct {
	Code       string    `json:"code"`
	URL        string    `json:"url"`
	InsertedAt time.Time `json:"inserted_at"`
	UsedAt     time.Time `json:"used_at"` // to within a day
}

var links = store.NewCold("short-link", func(l link) string { return l.Code })

// Tables are what the package keeps.
var Tables = store.Schema{links}

// Anybody may ask for a link, so the room that they take is bounded: by how many are made, how long they are,
// and when they are forgotten.
const (
	keep     = 90 * 24 * time.Hour // after the last use
	noteUse  = 24 * time.Hour      // how much later a use must be to be noted
	tries    = 8                   // codes that are tried for an address
	pageSize = 500
)

var (
	perAddress = limit.Rule{Limit: 30, Window: time.Hour}
	inAll      = limit.Rule{Limit: 1000, Window: 24 * time.Hour}
)

// Links does what is done to links. It is safe for concurrent use.
type Links struct {
	db   *store.DB
	own  *url.URL
	docs origin.Origins
}

// New returns the links kept in db, which must have been opened with limit.Tables, too, for a server that
// people open at an address, and whose documentation they read at others.
func New(db *store.DB, serverURL string, docs origin.Origins) (*Links, error) {
	own, err := url.Parse(serverURL)
	if err != nil {
		return nil, fmt.Errorf("read the server's address: %w", err)
	}
	return &Links{db, own, docs}, nil
}

// Shorten returns the code of an address, which it makes if there is none. It refuses addresses elsewhere, so
// that nobody can lead people astray with a link to this server, and callers who make very many.
func (s *Links) Shorten(ctx context.Context, ip netip.Addr, address string) (code string, err error) {
	address, err = s.check(address)
	if err != nil {
		return "", err
	}
	at := time.Now().UTC().Truncate(time.Second)
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		for try := range tries {
			code = codeOf(address, try)
			old, taken, err := links.Get(ctx, tx, code)
			switch {
			case err != nil:
				return err
			case taken && old.URL == address && !old.over(at):
				return nil
			case taken && !old.over(at):
				continue
			}
			if err := spendTx(tx, ip, at); err != nil {
				return err
			}
			links.Put(tx, link{Code: code, URL: address, InsertedAt: at, UsedAt: at})
			return nil
		}
		return fault.New(fault.Unavailable, "no code is free for this address")
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

func spendTx(tx *store.Tx, ip netip.Addr, at time.Time) error {
	for key, rule := range map[string]limit.Rule{"short-link:" + limit.IPKey(ip): perAddress, "short-link": inAll} {
		if !limit.SpendTx(tx, key, rule, at).Allowed {
			err := fault.New(fault.Limited, "Too many short links were made. Please try again later.")
			err.RetryAfter = rule.Rest(at)
			return err
		}
	}
	return nil
}

// over reports whether the link has not been used for so long that it is none any more.
func (l link) over(at time.Time) bool { return at.Sub(l.UsedAt) > keep }

// alphabet has no characters that people take for others.
const (
	alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789"
	length   = 5
)

// codeOf returns the code that is tried for an address the n-th time. Equal addresses have equal codes, so
// that a command which is run every day needs no second one.
func codeOf(address string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", n, address))
	code := make([]byte, length)
	for i := range code {
		code[i] = alphabet[(int(sum[2*i])<<8|int(sum[2*i+1]))%len(alphabet)]
	}
	return string(code)
}

// Follow returns where the code leads, or false if nowhere. That it was used keeps the link.
func (s *Links) Follow(ctx context.Context, code string) (address string, ok bool, err error) {
	if len(code) != length || strings.Trim(code, alphabet) != "" {
		return "", false, nil
	}
	at := time.Now().UTC().Truncate(time.Second)
	l, ok, err := links.Get(ctx, s.db.View(), code)
	if err != nil || !ok || l.over(at) {
		return "", false, err
	}
	if at.Sub(l.UsedAt) > noteUse {
		s.note(ctx, code, at)
	}
	return l.URL, true, nil
}

// note writes a use down, if that is possible: also a server that cannot write leads people on.
func (s *Links) note(ctx context.Context, code string, at time.Time) {
	_ = s.db.Update(ctx, func(tx *store.Tx) error {
		l, ok, err := links.Get(ctx, tx, code)
		if ok && at.After(l.UsedAt) {
			l.UsedAt = at
			links.Put(tx, l)
		}
		return err
	})
}

// Forget deletes links that were not used for ninety days, a page at a time.
func (s *Links) Forget(ctx context.Context) error {
	at, after := time.Now(), ""
	for {
		page, next, err := links.Page(ctx, s.db.View(), "", after, pageSize)
		if err == nil {
			err = s.forget(ctx, page, at)
		}
		if err != nil {
			return fmt.Errorf("forget short links: %w", err)
		}
		if after = next; after == "" {
			return nil
		}
	}
}

func (s *Links) forget(ctx context.Context, page []link, at time.Time) error {
	var codes []string
	for _, l := range page {
		if l.over(at) {
			codes = append(codes, l.Code)
		}
	}
	if len(codes) == 0 {
		return nil
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, code := range codes {
			l, ok, err := links.Get(ctx, tx, code)
			if err != nil {
				return err
			}
			if ok && l.over(at) {
				links.Delete(tx, code)
			}
		}
		return nil
	})
}
