package api

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
)

var errMissing = fault.New(fault.Unauthenticated, "missing authentication information")

// The limits are hex.pm's. Passwords it limits on its website only, but they can be tried here as well.
var (
	perUser   = limit.Rule{Limit: 500, Window: time.Minute}
	perIP     = limit.Rule{Limit: 100, Window: time.Minute}
	passwords = limit.Rule{Limit: 10, Window: 15 * time.Minute} // wrong ones from an address
)

// enter finds out who sends a request, and counts it.
//
// A credential that is sent must be good, also where none is needed: so it is on hex.pm, and whoever
// mistypes a key should hear of it rather than get a stranger's view. That public reads survive a stale
// or foreign credential is a law of the repository, to which clients send whatever they have.
func (a *api) enter(w http.ResponseWriter, r *http.Request) (*request, error) {
	actor, err := a.authenticate(r)
	if throttled := a.throttle(w, r, actor); throttled != nil {
		return nil, throttled
	}
	if err != nil {
		return nil, err
	}
	if actor.LoggedIn() {
		call.Note(r.Context(), slog.String("actor", actorName(actor)))
	}
	if err := a.catchUp(r); err != nil {
		return nil, err
	}
	r = r.WithContext(access.With(r.Context(), actor))
	return &request{Request: r, view: a.DB.View(), actor: actor}, nil
}

func actorName(actor access.Actor) string {
	if actor.User.ID != "" {
		return "user " + actor.User.Username.String()
	}
	return "organization " + actor.Org.String()
}

// authenticate reads the one Authorization header. Two are refused, and not ignored as by hex.pm: what
// lies between might have obeyed the other one.
func (a *api) authenticate(r *http.Request) (access.Actor, error) {
	sent := r.Header.Values("Authorization")
	if len(sent) == 0 {
		sent = []string{""}
	}
	if len(sent) > 1 {
		return access.Actor{}, fault.New(fault.Malformed, "Bad request: send one Authorization header, not %d", len(sent))
	}
	ip, now := call.From(r.Context()).IP, time.Now()
	guessing := strings.HasPrefix(sent[0], "Basic ") && a.counted(r)
	key := "password:" + limit.IPKey(ip)
	if guessing && a.Limiter.Exhausted(key, passwords, now) {
		return access.Actor{}, fault.New(fault.Limited, "Too many failed logins from IP %s. Please try again later.", ip)
	}
	actor, err := a.Access.Authenticate(r.Context(), sent[0], r.Header.Get("X-Hex-Otp"), ip, r.UserAgent())
	if guessing && fault.Is(err, fault.Unauthenticated) {
		a.Limiter.Allow(key, passwords, now)
	}
	return actor, err
}

// counted reports whether limits hold for the address of the request.
func (a *api) counted(r *http.Request) bool {
	return a.LimitLoopback || !call.From(r.Context()).IP.IsLoopback()
}

// throttle counts the request and tells the caller so. Requests with bad credentials count for their
// address, which on hex.pm are not counted at all.
func (a *api) throttle(w http.ResponseWriter, r *http.Request, actor access.Actor) error {
	if !a.counted(r) || actor.User.Service {
		return nil
	}
	ip, now := call.From(r.Context()).IP, time.Now()
	who, key, rule := "IP "+ip.String(), limit.IPKey(ip), perIP
	if actor.LoggedIn() {
		who, key, rule = actorName(actor), "api:"+actor.Owner().String(), perUser
	}
	res := a.Limiter.Allow(key, rule, now)
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

const (
	revisionHeader = "X-HexHub-Revision"
	catchUpTime    = 2 * time.Second
)

// catchUp waits until this node shows the revision that the client has heard of from another.
func (a *api) catchUp(r *http.Request) error {
	wanted, err := strconv.ParseInt(r.Header.Get(revisionHeader), 10, 64)
	if err != nil || store.Revision(wanted) <= a.DB.Revision() {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), catchUpTime)
	defer cancel()
	if err := a.DB.WaitFor(ctx, store.Revision(wanted)); err != nil {
		late := fault.Wrap(fault.Unavailable, err, "this node has not seen revision "+strconv.FormatInt(wanted, 10)+" yet; try again")
		late.RetryAfter = time.Second
		return late
	}
	return nil
}

// tellRevision says what this node has seen, which includes the answer.
func (a *api) tellRevision(w http.ResponseWriter) {
	w.Header().Set(revisionHeader, strconv.FormatInt(int64(a.DB.Revision()), 10))
}
