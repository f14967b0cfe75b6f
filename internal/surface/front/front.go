// Package front is where every public request enters: it names the request, finds out who sent it,
// makes its path plain, hands it to the surface it is for, and logs one line when it is over.
//
// It knows which paths belong to which surface, and nothing of what they mean. It never redirects: the
// mix client crashes on a relative Location, and double slashes are common in what it sends.
package front

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/trace"
	"hexhub/internal/surface/call"
)

// Options are the surfaces and the manner of serving them.
type Options struct {
	API     http.Handler   // serves /api, sees paths without it
	Ops     http.Handler   // serves /api/operator/, sees /operator/; nil leaves it to API
	Repo    http.Handler   // serves /repo, likewise
	Docs    http.Handler   // serves the hosts of documentation, and /docs-view, likewise; nil leaves them to Site
	Site    http.Handler   // serves everything else
	Proxies []netip.Prefix // networks whose X-Forwarded-For is believed; none by default

	OfDocs  func(host string) bool // says which hosts are those of documentation; nil knows none
	Blocked func(netip.Addr) bool  // says whose every request is refused; nil refuses nobody's
	DB      *store.DB              // whose age decides what may be told; nil never is too old
	Refuse  Refusals

	Log     *slog.Logger  // nil discards
	Metrics *Metrics      // nil counts nothing
	Trace   *trace.Tracer // nil traces nothing
	Node    string        // name of this node, for what is remembered
	Refused *call.Memory  // remembers what was refused; nil remembers nothing
}

// Refusals are how the surfaces answer what is refused before it reaches them. Without one, it is a line of text.
type Refusals struct{ API, Ops, Site func(error) http.Handler }

// New returns the handler of the public site.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &front{o}
}

type front struct{ Options }

// ServeHTTP implements http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/status" && !strings.Contains(r.Header.Get("Accept"), "text/") {
		// For load balancers: before and beside everything else. Browsers get the page.
		w.Header().Set("Vary", "Accept")
		w.WriteHeader(http.StatusOK)
		return
	}
	start := time.Now()
	c := &call.Call{ID: requestID(r.Header.Get("X-Request-Id")), IP: clientIP(r, f.Proxies)}
	w.Header().Set("X-Request-Id", c.ID)
	rec := &recorder{ResponseWriter: w}
	r = r.WithContext(call.With(r.Context(), c))
	name, handler := f.route(r)
	if ctx, span := f.Trace.Begin(r.Context(), verb(r.Method)+" "+name, r.Header.Get("traceparent")); span != nil {
		r = r.WithContext(ctx)
		defer func() { end(span, c, verb(r.Method), name, rec.Status()) }()
	}
	f.Metrics.begin()
	defer f.finish(rec, r, c, name, start)
	if handler == nil {
		http.Error(rec, "Bad request: the path has a part that no address here can have.", http.StatusBadRequest)
		return
	}
	if late := f.late(rec, r, name); late != nil {
		handler = f.refusal(name, late)
	}
	if f.Blocked != nil && f.Blocked(c.IP) {
		call.Note(r.Context(), slog.String("refused", call.Blocked))
		handler = f.blocked(name)
	}
	handler.ServeHTTP(rec, r)
}

// verb is a method of HTTP, or "other" for what somebody made up.
func verb(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// end tells the trace of a request no more than its metrics do, and the id by which the log has the rest.
func end(span *trace.Span, c *call.Call, verb, surface string, status int) {
	var err error
	if status >= 500 {
		err = errors.New(http.StatusText(status))
	}
	span.End(err, slog.String("http.request.method", verb), slog.Int("http.response.status_code", status),
		slog.String("hexhub.surface", surface), slog.String("hexhub.request", c.ID))
}

// staleHeader says, in seconds, how old an answer may be that is older than is usual.
const staleHeader = "X-Hexhub-Stale"

// tellStale is the age of the node's rows from which on answers tell it.
const tellStale = 5 * time.Second

// late says why a request cannot be answered by a node whose rows may be too old. On one that is cut off from
// the others a key may be revoked, a member gone and a session ended without its knowing. So it answers what is
// everybody's, as old as it may be, and nothing else; what is not there and what must seem so get the same
// refusal, for nothing has been looked up yet. Only the repository and documentation see to it themselves: their
// clients send credentials with everything, and are to get what needs none.
func (f *front) late(w http.ResponseWriter, r *http.Request, surface string) error {
	if f.DB == nil {
		return nil
	}
	if age := f.DB.Age(); age > tellStale {
		w.Header().Set(staleHeader, strconv.Itoa(int(age/time.Second)))
	}
	if !private(surface, r) {
		return nil
	}
	return f.DB.Fresh(r.Context())
}

// private reports whether a request is to change something, or may be answered with what only its sender may
// see: it carries a credential of the kind that the surface looks at.
func private(surface string, r *http.Request) bool {
	switch {
	case surface == "repo", surface == "docs":
		return false
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions:
		return true
	case surface == "site":
		return !strings.HasPrefix(r.URL.Path, "/assets/") && slices.ContainsFunc(r.Cookies(), secret)
	}
	return len(r.Header["Authorization"]) > 0
}

// secret reports whether a cookie is one of the site's that says who somebody is, or what was mailed to him.
func secret(c *http.Cookie) bool {
	name := strings.TrimPrefix(c.Name, "__Host-")
	return strings.HasPrefix(name, "hexhub") && name != call.RevisionCookie && name != call.FlashCookie
}

// refusal is how a surface answers an error that is found before it is asked.
func (f *front) refusal(surface string, err error) http.Handler {
	refuse := map[string]func(error) http.Handler{"api": f.Refuse.API, "ops": f.Refuse.Ops, "site": f.Refuse.Site}[surface]
	if refuse == nil {
		refuse = inPlainText
	}
	return refuse(err)
}

// blocked is what a surface answers those who are blocked, which is as little as may be. The API's clients
// read no plain text.
func (f *front) blocked(surface string) http.Handler {
	err := fault.New(fault.Forbidden, "Blocked")
	if surface == "api" {
		return f.refusal(surface, err)
	}
	return inPlainText(err)
}

func inPlainText(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		status, words := http.StatusServiceUnavailable, "Service unavailable"
		if f, ok := errors.AsType[*fault.Error](err); ok {
			words = f.Message
			if f.Kind == fault.Forbidden {
				status = http.StatusForbidden
			}
			call.RetryAfter(w.Header(), f.RetryAfter)
		}
		http.Error(w, words, status)
	})
}

// route makes the path plain, finds its surface and strips the surface's prefix. It returns nil for a
// path that cannot be made plain.
func (f *front) route(r *http.Request) (string, http.Handler) {
	path, ok := plainPath(r.URL.EscapedPath())
	if !ok || strings.Contains(r.URL.RawQuery, "%00") || !setPath(r.URL, path) {
		return "front", nil
	}
	if f.Docs != nil && f.OfDocs != nil && f.OfDocs(r.Host) {
		return "docs", f.Docs
	}
	for _, s := range []struct {
		name, prefix string
		handler      http.Handler
	}{{"api", "/api", f.API}, {"repo", "/repo", f.Repo}, {"docs", origin.Path, f.Docs}} {
		if s.handler == nil {
			continue
		}
		if rest, ok := strings.CutPrefix(path, s.prefix); ok && (rest == "" || rest[0] == '/') {
			setPath(r.URL, "/"+strings.TrimPrefix(rest, "/"))
			if s.name == "api" && f.Ops != nil && strings.HasPrefix(rest, "/operator/") {
				return "ops", f.Ops
			}
			return s.name, s.handler
		}
	}
	return "site", f.Site
}

// plainPath joins repeated slashes and refuses dot segments and zero bytes, in an escaped path. It is
// done once, before anything looks at the path, so that all who look see the same.
func plainPath(escaped string) (string, bool) {
	if strings.Contains(escaped, "%00") {
		return "", false
	}
	var b strings.Builder
	for part := range strings.SplitSeq(escaped, "/") {
		switch strings.ReplaceAll(strings.ReplaceAll(part, "%2e", "."), "%2E", ".") {
		case "":
			continue
		case ".", "..":
			return "", false
		}
		b.WriteString("/" + part)
	}
	if b.Len() == 0 || strings.HasSuffix(escaped, "/") {
		b.WriteByte('/')
	}
	return b.String(), true
}

func setPath(u *url.URL, escaped string) bool {
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return false
	}
	u.Path, u.RawPath = path, escaped
	return true
}

// requestID keeps an id that a proxy gave, if it is plain text of a sane length, or makes one.
func requestID(given string) string {
	if len(given) >= 20 && len(given) <= 200 && strings.Trim(given, idLetters) == "" {
		return given
	}
	return rand.Text()
}

const idLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/=+"

// clientIP returns the address a request came from: the peer's, or, if the peer is a trusted proxy, the
// right-most address of X-Forwarded-For that no trusted proxy owns. What stands further left is hearsay.
func clientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	ip := parsePeer(r.RemoteAddr)
	if !owned(ip, trusted) {
		return ip
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range slices.Backward(hops) {
		hop, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return ip
		}
		if ip = hop.Unmap(); !owned(ip, trusted) {
			return ip
		}
	}
	return ip
}

func parsePeer(addr string) netip.Addr {
	if ap, err := netip.ParseAddrPort(addr); err == nil {
		return ap.Addr().Unmap()
	}
	return netip.IPv6Unspecified()
}

func owned(ip netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// finish logs the request and, after a panic, answers for it.
func (f *front) finish(rec *recorder, r *http.Request, c *call.Call, surface string, start time.Time) {
	took := time.Since(start)
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			f.Metrics.observe(surface, rec.Status(), took, c.Lasts())
			panic(p)
		}
		f.Log.Error("request panicked", "request", c.ID, "panic", p, "stack", string(debug.Stack()))
		if rec.status == 0 {
			http.Error(rec, "Internal server error. Tell your administrator this request id: "+c.ID, http.StatusInternalServerError)
		}
	}
	status := rec.Status()
	f.Metrics.observe(surface, status, took, c.Lasts())
	f.remember(r, c, surface, start, status)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	attrs := append([]slog.Attr{
		slog.String("request", c.ID), slog.String("surface", surface), slog.String("method", r.Method),
		slog.String("path", c.Path(r.URL.EscapedPath())), slog.Int("status", status), slog.Int64("bytes", rec.bytes),
		slog.Duration("took", took), slog.String("ip", c.IP.String()), slog.String("agent", r.UserAgent()),
	}, c.Notes()...)
	f.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", attrs...)
}

// remember keeps a refusal for whoever asks about it, if a rule said why.
func (f *front) remember(r *http.Request, c *call.Call, surface string, start time.Time, status int) {
	if f.Refused == nil || status < 400 || status >= 500 && status != http.StatusServiceUnavailable {
		return
	}
	noted := map[string]string{}
	for _, a := range c.Notes() {
		noted[a.Key] = a.Value.String()
	}
	why := cmp.Or(noted["refused"], noted["error"], http.StatusText(status))
	f.Refused.Keep(call.Refused{
		ID: c.ID, At: start.UTC(), Node: f.Node, Surface: surface, Method: r.Method, Path: c.Path(r.URL.EscapedPath()),
		Status: status, IP: c.IP.String(), Actor: noted["actor"], Why: why,
	})
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom implements io.ReaderFrom, so that files still go from disk to socket by sendfile.
func (w *recorder) ReadFrom(r io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := io.Copy(w.ResponseWriter, r)
	w.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Status is the status that was sent; a handler that wrote nothing sends 200.
func (w *recorder) Status() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
