// Package call holds what is known of one HTTP request beyond the request itself: its id, the address
// it truly came from, and what is to be logged of it.
//
// The front makes a Call for each request; the surfaces behind it read it and add to it. What a client has
// heard of from other nodes is waited for here for all of them. It decides nothing, and knows no surface.
package call

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
)

// A Call is one request. It is safe for concurrent use.
type Call struct {
	ID string     // unique, told to the client as X-Request-Id
	IP netip.Addr // of the client, proxies looked through; never invalid

	mu    sync.Mutex // guards all below
	attrs []slog.Attr
	path  string // to be logged in place of the request's
	lasts bool
}

// Blocked is what is noted as the error of a request from an address that is blocked.
const Blocked = "the address is blocked"

type key struct{}

// With returns a context that carries c.
func With(ctx context.Context, c *Call) context.Context { return context.WithValue(ctx, key{}, c) }

// From returns the Call of the request that ctx belongs to. Outside any request it returns one that
// leads nowhere, so that callers need not ask.
func From(ctx context.Context) *Call {
	if c, ok := ctx.Value(key{}).(*Call); ok {
		return c
	}
	return &Call{IP: netip.IPv6Unspecified()}
}

// Note adds to the one line that is logged when the request ends. Never note a credential.
func Note(ctx context.Context, attrs ...slog.Attr) {
	c := From(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attrs = append(c.attrs, attrs...)
}

// HidePath has path logged in place of that of the request, which holds a credential.
func HidePath(ctx context.Context, path string) {
	c := From(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.path = path
}

// Lasts tells that the answer takes as long as the client likes, so that its time says nothing of the server.
func Lasts(ctx context.Context) {
	c := From(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lasts = true
}

// Lasts reports whether the answer takes as long as the client likes.
func (c *Call) Lasts() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lasts
}

// Path returns what is to be logged as the path of a request whose path is given.
func (c *Call) Path(given string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path != "" {
		return c.path
	}
	return given
}

// Notes returns what has been noted so far.
func (c *Call) Notes() []slog.Attr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]slog.Attr(nil), c.attrs...)
}
