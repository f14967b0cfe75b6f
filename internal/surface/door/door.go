// Package door lets requests in: it reads their one credential, counts them, and waits until this node
// has seen what they have heard of. The API and the operator's deeds have the same door, so that whoever
// is limited at one is limited at the other.
//
// It knows HTTP's headers and no route. Who somebody is and what he may do is decided in access.
package door

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
)

// A Door lets in. DB, Access and Limiter are required.
type Door struct {
	DB            *store.DB
	Access        *access.Access
	Limiter       *limit.Limiter // shared by all surfaces
	LimitLoopback bool           // count callers on this machine too, whom hex.pm and we let pass
}

// The limits are hex.pm's.
var (
	perUser = limit.Rule{Limit: 500, Window: time.Minute}
	perIP   = limit.Rule{Limit: 100, Window: time.Minute}
)

// Enter finds out who sends a request, and counts it. What it returns besides the actor is the request to
// go on with.
//
// A credential that is sent must be good, also where none is needed: so it is on hex.pm, and whoever
// mistypes a key should hear of it rather than get a stranger's view. That public reads survive a stale
// or foreign credential is a law of the repository, to which clients send whatever they have.
func (d Door) Enter(w http.ResponseWriter, r *http.Request) (*http.Request, access.Actor, error) {
	// First of all, for what the client has heard of may be that its key was made, or revoked.
	_, late := call.CatchUp(r, d.DB)
	actor, err := d.authenticate(r)
	if throttled := d.throttle(w, r, actor); throttled != nil {
		return r, actor, throttled
	}
	if err != nil {
		return r, actor, cmp.Or(late, err)
	}
	if actor.LoggedIn() {
		call.Note(r.Context(), slog.String("actor", actorName(actor)))
	}
	if late != nil {
		return r, actor, late
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		actor = d.Access.WithCode(r.Context(), actor, r.Header.Get(codeHeader))
	}
	return r.WithContext(access.With(r.Context(), actor)), actor, nil
}

// EnterUnnamed is Enter where nobody is asked who he is, and whatever credential comes along is not looked
// at: where tokens are fetched, mix sends the one that has expired, and curl what a .netrc holds.
func (d Door) EnterUnnamed(w http.ResponseWriter, r *http.Request) (*http.Request, access.Actor, error) {
	actor := access.Actor{IP: call.From(r.Context()).IP, UserAgent: r.UserAgent()}
	if err := d.throttle(w, r, actor); err != nil {
		return r, actor, err
	}
	if _, err := call.CatchUp(r, d.DB); err != nil {
		return r, actor, err
	}
	return r.WithContext(access.With(r.Context(), actor)), actor, nil
}

// codeHeader holds the one-time code of a second factor.
const codeHeader = "X-Hex-Otp"

func actorName(actor access.Actor) string {
	if actor.User.ID != "" {
		return "user " + actor.User.Username.String()
	}
	return "organization " + actor.Org.String()
}

// authenticate reads the one Authorization header. Two are refused, and not ignored as by hex.pm: what
// lies between might have obeyed the other one.
func (d Door) authenticate(r *http.Request) (access.Actor, error) {
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		sent = []string{""}
	}
	if len(sent) > 1 {
		return access.Actor{}, fault.New(fault.Malformed, "Bad request: send one Authorization header, not %d", len(sent))
	}
	return d.Access.Authenticate(r.Context(), sent[0], r.Header.Get(codeHeader), call.From(r.Context()).IP, r.UserAgent())
}

// ErrMissing is for who sends no credential where one is needed.
var ErrMissing = fault.New(fault.Unauthenticated, "missing authentication information")

// Named returns who sends a request to which nobody comes without a name. Whatever is wrong with a credential, the fault
// has one kind. Of two headers neither counts: what lies between might have obeyed the other. On a node that cannot know
// whether a credential still counts none is looked at.
func Named(r *http.Request, db *store.DB, a *access.Access) (access.Actor, error) {
	sent := r.Header["Authorization"]
	if len(sent) != 1 || sent[0] == "" {
		return access.Actor{}, ErrMissing
	}
	if err := db.Fresh(r.Context()); err != nil {
		return access.Actor{}, err
	}
	actor, err := a.Authenticate(r.Context(), sent[0], r.Header.Get(codeHeader), call.From(r.Context()).IP, r.UserAgent())
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Malformed {
		err = fault.Wrap(fault.Unauthenticated, err, f.Message)
	}
	return actor, err
}

// counted reports whether limits hold for the address of the request.
func (d Door) counted(r *http.Request) bool {
	return d.LimitLoopback || !call.From(r.Context()).IP.IsLoopback()
}

// throttle counts the request and tells the caller so. Requests with bad credentials count for their
// address, which on hex.pm are not counted at all.
func (d Door) throttle(w http.ResponseWriter, r *http.Request, actor access.Actor) error {
	if !d.counted(r) || actor.User.Service {
		return nil
	}
	ip, now := call.From(r.Context()).IP, time.Now()
	who, key, rule := "IP "+ip.String(), limit.IPKey(ip), perIP
	if actor.LoggedIn() {
		who, key, rule = actorName(actor), "api:"+actor.Owner().String(), perUser
	}
	res := d.Limiter.Allow(key, rule, now)
	h := w.Header()
	h.Set("X-Ratelimit-Limit", strconv.Itoa(res.Limit))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(res.Remaining))
	h.Set("X-Ratelimit-Reset", strconv.FormatInt(res.Reset, 10))
	if res.Allowed {
		return nil
	}
	err := fault.New(fault.Limited, "API rate limit exceeded for %s", who)
	err.RetryAfter = time.Unix(res.Reset, 0).Sub(now)
	return err
}

// TellRevision says what this node has seen, which includes the answer.
func (d Door) TellRevision(w http.ResponseWriter) {
	w.Header().Set(call.RevisionHeader, strconv.FormatInt(int64(d.DB.Revision()), 10))
}

// challenges maps a fault's code to the challenge that hex_core recognises by its first bytes: it asks
// for a one-time code, or refreshes its token, and tries again.
var challenges = map[string]string{
	"totp_required": `Bearer realm="hex", error="totp_required"`,
	"invalid_totp":  `Bearer realm="hex", error="invalid_totp"`,
	"token_expired": `Bearer realm="hex", error="token_expired"`,

	"token_required": `Bearer realm="hex"`, // in the place of a password
}

// Challenge tells in headers what would help against a refusal: another credential, or waiting.
func Challenge(h http.Header, f *fault.Error) {
	if f.Kind == fault.Unauthenticated {
		challenge, ok := challenges[f.Code]
		if !ok {
			challenge = "Basic realm=hex"
		}
		h.Set("WWW-Authenticate", challenge)
	}
	call.RetryAfter(h, f.RetryAfter)
}
