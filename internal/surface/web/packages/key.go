package packages

import (
	"errors"
	"log/slog"
	"net/http"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/door"
	"hexhub/internal/surface/web/ui"
)

// forPrograms reports whether what is asked for is read by programs, which have no session.
func forPrograms(r *http.Request, a address) bool {
	return a.Tab == "llms.txt" || a.Tab == "files" && r.URL.Query().Get("view") == "raw"
}

// admit lets in who shows what would let him fetch the package from its repository. Whether that is looked at depends on
// nothing but whether the repository is public: where there is none of that name, what is done and answered is the same as
// where he may not. Who has a session is a person, for whom it counts, as on all pages, and nothing else.
func (p *pages) admit(w http.ResponseWriter, r *http.Request, s *subject, a address) error {
	repository, _ := org.Resolve(s.view, p.Default, a.Repository)
	if repository.Public || len(r.Header["Authorization"]) == 0 || p.web.Cookie(r, ui.SessionCookie) != "" {
		return nil
	}
	actor, err := door.Named(r, p.DB, p.Access)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		door.Challenge(w.Header(), f)
	}
	if err != nil {
		return err
	}
	pkg, _ := name.ParsePackage(a.Name) // none is found of what is no name
	if err := access.May(s.view, actor, access.Fetch, access.Thing{Repository: repository, Package: pkg}); err != nil {
		call.Note(r.Context(), slog.String("refused", err.Error()))
		return errAbsent
	}
	s.sight = depend.Within(s.view, repository.Name)
	return nil
}

// shutOut says that what was sent with a request lets nobody in. A package that may be none is not named.
func shutOut(err error) error {
	why := "it is no API key"
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Message != "" {
		why = f.Message
	}
	return fault.Wrap(fault.Unauthenticated, err, "The Authorization header lets nobody in: "+why+". Send an API key that may fetch the package.")
}
