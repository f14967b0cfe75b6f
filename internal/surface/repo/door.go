package repo

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/door"
)

var (
	errNotFound = fault.New(fault.NotFound, "Not found. Nothing has this name here, or your credential may not fetch it. "+
		"Check the spelling; for a private repository check that you are a member of its organization "+
		"and that the permissions of your key include it.")
	errMethod = errors.New("method not allowed")
)

// enter returns the repository in which the target lies, if the client may fetch from it. Where there is
// none of that name, what is done and answered is the same as where he may not.
func (s *surface) enter(r *http.Request, v *store.View, t target) (org.Repository, error) {
	repository, found := org.Resolve(v, s.Default, t.repository)
	if found && repository.Public {
		return repository, nil
	}
	actor, err := door.Named(r, s.DB, s.Access)
	if err != nil {
		return org.Repository{}, err
	}
	// A key may be for the package only that the target is of.
	if err := access.May(v, actor, t.verb(), access.Thing{Repository: repository, Package: t.name}); err != nil {
		call.Note(r.Context(), slog.String("refused", err.Error()))
		return org.Repository{}, errNotFound
	}
	if !found {
		return org.Repository{}, errNotFound
	}
	return repository, nil
}

// statuses has the kinds of fault that can occur here. Another one is a bug.
var statuses = map[fault.Kind]int{
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.NotFound:        http.StatusNotFound,
	fault.Limited:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// A refusal is the status and the line of text that answer for an error.
type refusal struct {
	status int
	text   string
}

func refusalOf(r *http.Request, err error) refusal {
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case errors.Is(err, errMethod):
		return refusal{http.StatusMethodNotAllowed, "Method not allowed. A repository is read with GET and HEAD; the API publishes."}
	case !ok || statuses[f.Kind] == 0:
		return refusal{http.StatusInternalServerError, "Internal server error. Tell your administrator this request id: " + call.From(r.Context()).ID}
	case f.Kind == fault.Unauthenticated:
		return refusal{http.StatusUnauthorized, "Unauthorized: " + f.Message + ". Send an API key that may fetch this repository: mix hex.repo set NAME --auth-key KEY"}
	}
	return refusal{statuses[f.Kind], f.Message}
}

// refuse answers for an error. No cache may keep it: what is missing now may be published in a moment,
// and who may not fetch may be let in. No revision is told, which would tell two equal answers apart.
func refuse(w http.ResponseWriter, r *http.Request, t target, err error) {
	call.Note(r.Context(), slog.String("error", err.Error()))
	h := w.Header()
	for _, name := range []string{"Etag", "Last-Modified", "Accept-Ranges", "Vary", call.RevisionHeader} {
		delete(h, name)
	}
	said := refusalOf(r, err)
	switch said.status {
	case http.StatusMethodNotAllowed:
		set(w, "Allow", "GET, HEAD")
	case http.StatusUnauthorized:
		set(w, "Www-Authenticate", `Basic realm="hex"`)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		call.RetryAfter(h, f.RetryAfter)
	}
	set(w, "Cache-Control", "no-store")
	if t.scoped {
		h["Vary"] = perCaller
	}
	h["Content-Type"], h["X-Content-Type-Options"] = textPlain, nosniff
	set(w, "Content-Length", strconv.Itoa(len(said.text)+1))
	w.WriteHeader(said.status)
	if r.Method != http.MethodHead {
		w.Write([]byte(said.text + "\n"))
	}
}
