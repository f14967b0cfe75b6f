package oauth

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/store"
)

var (
	errBadRefresh     = protocol(invalidGrant, "Invalid refresh token")
	errRevokedRefresh = protocol(invalidGrant, "Refresh token has been revoked")
	errExpiredRefresh = protocol(invalidGrant, "Refresh token has expired")
)

// refresh changes a refresh token for new tokens. Each is good once: that one is shown a second time
// means that two have it, one of whom should not, and ends the whole session.
func (s *OAuth) refresh(ctx context.Context, q TokenRequest) (Tokens, error) {
	c, err := clientFor(s.db.View(), q.ClientID, q.ClientSecret, GrantRefresh)
	if err != nil {
		return Tokens{}, err
	}
	if q.RefreshToken == "" {
		return Tokens{}, protocol(invalidRequest, "Missing refresh token")
	}
	shown, ok := s.decodeRefresh(q.RefreshToken)
	if !ok {
		return Tokens{}, errBadRefresh
	}
	var g grant
	var reused bool
	err = s.db.Update(ctx, func(tx *store.Tx) (err error) {
		g, reused, err = s.rotateTx(tx, c, shown, q)
		return err
	})
	switch {
	case err != nil:
		return Tokens{}, err
	case reused:
		s.o.Log.WarnContext(ctx, "refresh token was used twice; its session is ended",
			slog.String("session", g.SessionID), slog.String("user", g.UserID), slog.String("ip", q.IP.String()))
		return Tokens{}, errRevokedRefresh
	}
	return s.tokens(g)
}

func (s *OAuth) rotateTx(tx *store.Tx, c Client, shown refresh, q TokenRequest) (g grant, reused bool, err error) {
	at := now()
	g, ok := grants.Get(tx, shown.session)
	switch {
	case !ok:
		return g, false, errRevokedRefresh
	case g.ClientID != c.ID, shown.generation > g.Generation, g.RefreshHash == "":
		return g, false, errBadRefresh
	case !at.Before(g.ExpiresAt):
		return g, false, errExpiredRefresh
	}
	if _, live := account.LiveSession(tx, g.SessionID, at); !live {
		return g, false, errRevokedRefresh
	}
	if shown.generation < g.Generation {
		endTx(tx, g.SessionID, s.byOf(tx, g, q.IP, q.UserAgent), at)
		return g, true, nil
	}
	g.Generation++
	g.RefreshHash = account.HashToken(s.encodeRefresh(refresh{g.SessionID, g.Generation}))
	grants.Put(tx, g)
	return g, false, nil
}

// byOf is the user of a grant, through the program that he gave it.
func (s *OAuth) byOf(r store.Reader, g grant, ip netip.Addr, userAgent string) audit.By {
	u, _ := account.Users.Get(r, g.UserID)
	return access.Actor{User: u, IP: ip, UserAgent: userAgent}.By()
}

// Revoke ends what the access or refresh token belongs to: the whole session, or the one token of a key. It
// does so for an access token that has expired, too, since mix says farewell with nothing else. What is
// no token, or another client's, is ignored.
func (s *OAuth) Revoke(ctx context.Context, token, clientID string, ip netip.Addr, userAgent string) error {
	if shown, ok := s.decodeRefresh(token); ok {
		return s.end(ctx, shown.session, clientID, ip, userAgent)
	}
	c, ok := s.decode(token)
	switch {
	case !ok:
		return nil
	case c.Session != "":
		return s.end(ctx, c.Session, clientID, ip, userAgent)
	}
	return s.access.RevokeToken(ctx, c.ID, c.end())
}

// RevokeByHash ends the session whose refresh token has the hex SHA-256, if there is one.
func (s *OAuth) RevokeByHash(ctx context.Context, hash string, ip netip.Addr, userAgent string) error {
	g, ok := byRefresh.Get(s.db.View(), strings.ToLower(hash))
	if !ok {
		return nil
	}
	return s.end(ctx, g.SessionID, g.ClientID, ip, userAgent)
}

func (s *OAuth) end(ctx context.Context, session, clientID string, ip netip.Addr, userAgent string) error {
	at := now()
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if g, ok := grants.Get(tx, session); ok && (clientID == "" || clientID == g.ClientID) {
			endTx(tx, g.SessionID, s.byOf(tx, g, ip, userAgent), at)
		}
		return nil
	})
}
