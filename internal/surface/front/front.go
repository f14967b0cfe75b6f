// Package front is where every public request enters: it names the request, finds out who sent it,
// makes its path plain, hands it to the surface it is for, and logs one line when it is over.
//
// It knows which paths belong to which surface, and nothing of what they mean. It never redirects: the
// mix client crashes on a relative Location, and double slashes are common in what it sends.
package front

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"hexhub/internal/surface/call"
)

// Options are the surfaces and the manner of serving them.
type Options struct {
	API     http.Handler   // serves /api, sees paths without it
	Ops     http.Handler   // serves /api/operator/, sees /operator/; nil leaves it to API
	Repo    http.Handler   // serves /repo, likewise
	Site    http.Handler   // serves everything else
	Proxies []netip.Prefix // networks whose X-Forwarded-For is believed; none by default

	Blocked func(netip.Addr) bool // says whose every request is refused; nil refuses nobody's
	Refusal http.Handler          // what the API answers them; nil is what the others do

	Log     *slog.Logger // nil discards
	Metrics *Metrics     // nil counts nothing
}

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
	if r.URL.Path == "/status" { // for load balancers: before and beside everything else
		w.WriteHeader(http.StatusOK)
		return
	}
	start := time.Now()
	c := &call.Call{ID: requestID(r.Header.Get("X-Request-Id")), IP: clientIP(r, f.Proxies)}
	w.Header().Set("X-Request-Id", c.ID)
	rec := &recorder{ResponseWriter: w}
	r = r.WithContext(call.With(r.Context(), c))
	name, handler := f.route(r)
	f.Metrics.begin()
	defer f.finish(rec, r, c, name, start)
	if handler == nil {
		http.Error(rec, "Bad request: the path has a part that no address here can have.", http.StatusBadRequest)
		return
	}
	if f.Blocked != nil && f.Blocked(c.IP) {
		handler = f.refusal(name)
	}
	handler.ServeHTTP(rec, r)
}

// refusal is what a surface answers those who are blocked. The API's clients read no plain text.
func (f *front) refusal(surface string) http.Handler {
	if surface == "api" && f.Refusal != nil {
		return f.Refusal
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "Blocked", http.StatusForbidden)
	})
}

// route makes the path plain, finds its surface and strips the surface's prefix. It returns nil for a
// path that cannot be made plain.
func (f *front) route(r *http.Request) (string, http.Handler) {
	path, ok := plainPath(r.URL.EscapedPath())
	if !ok || strings.Contains(r.URL.RawQuery, "%00") || !setPath(r.URL, path) {
		return "front", nil
	}
	for _, s := range []struct {
		name, prefix string
		handler      http.Handler
	}{{"api", "/api", f.API}, {"repo", "/repo", f.Repo}} {
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
			f.Metrics.observe(surface, rec.Status(), took)
			panic(p)
		}
		f.Log.Error("request panicked", "request", c.ID, "panic", p, "stack", string(debug.Stack()))
		if rec.status == 0 {
			http.Error(rec, "Internal server error. Tell your administrator this request id: "+c.ID, http.StatusInternalServerError)
		}
	}
	status := rec.Status()
	f.Metrics.observe(surface, status, took)
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
