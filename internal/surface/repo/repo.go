// Package repo serves repositories as build tools fetch them: signed files, tarballs, documentation,
// dependency policies, the public key.
//
// It knows paths, validators, caches and statuses. It refuses to decide who may fetch what, which is
// access's, and what is in a file, which is index's.
//
// # What is told to whom
//
// A private repository looks exactly like one that does not exist. But the mix client asks its user to
// log in when, and only when, it is answered 401; so that answer may not depend on what exists either:
//
//   - Below /repos/X, for every X that is not public, no credential or a bad one is 401. A good one
//     without the right is 404, the same bytes as for what is missing.
//   - The public key is served below every X: it is the server's only one.
//   - Where a repository is public, credentials are not looked at. Build tools send a repository
//     whatever they have, also another server's token, and must get public things all the same.
//   - A public policy is told to everybody, and so is that its organization exists.
//   - All this is settled before a validator, a range or HEAD is looked at.
//
// # What caches may keep
//
// Nobody purges the caches in front of us after a publish, so none may answer with what can still
// change before it has asked. Signed files are kept but always revalidated, which costs an empty 304. A
// tarball is kept for a week once its version cannot be replaced any more; documentation always can be. What
// is private stays out of shared caches, and a refusal out of all.
package repo

import (
	"log/slog"
	"net/http"
	"strconv"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/index"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
)

// Deps are what is served, and by whose leave. All are required but Log.
type Deps struct {
	DB      *store.DB
	Index   *index.Index
	Access  *access.Access
	Blobs   blob.Store
	Stats   *stats.Counter
	Default name.Repository // the one at the root
	Log     *slog.Logger    // of what a request's own line cannot tell; nil discards
}

// New returns the handler of everything below /repo. Paths reach it without that prefix and plain, as
// front makes them.
func New(d Deps) http.Handler {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &surface{Deps: d, publicKey: fixed(d.Index.PublicPEM(), textPlain), installs: fixed(nil, textCSV)}
}

type surface struct {
	Deps
	publicKey file
	installs  file // an empty list: mix asks daily for news of itself, and stays quiet without any
}

// ServeHTTP implements http.Handler.
func (s *surface) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := parse(r.URL)
	if err := s.serve(w, r, t); err != nil {
		refuse(w, r, t, err)
	}
}

func (s *surface) serve(w http.ResponseWriter, r *http.Request, t target) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errMethod
	}
	since, err := call.CatchUp(r, s.DB)
	if err != nil {
		return err
	}
	// Taken before any file is: what this revision tells is in all that follows.
	set(w, call.RevisionHeader, strconv.FormatInt(int64(s.DB.Revision()), 10))
	switch t.kind {
	case keyFile:
		return s.publicKey.send(w, r, shared)
	case installsFile:
		return s.installs.send(w, r, shared)
	}
	v := s.DB.View()
	if t.kind == policyFile {
		return s.sendPolicy(w, r, v, t)
	}
	repository, err := s.enter(r, v, t)
	if err != nil {
		return err
	}
	switch t.kind {
	case namesFile, versionsFile, packageFile:
		return s.sendSigned(w, r, repository, t, since)
	case tarballFile, docsFile:
		release, ok := catalog.GetRelease(v, catalog.Ref{Repository: repository.Name, Name: t.name}, t.version)
		switch {
		case !ok, t.kind == docsFile && !release.HasDocs():
			return errNotFound
		case t.kind == docsFile:
			return s.sendDocs(w, r, repository, release)
		}
		return s.sendTarball(w, r, repository, release)
	}
	return errNotFound
}

func (s *surface) sendSigned(w http.ResponseWriter, r *http.Request, repository org.Repository, t target, since store.Revision) error {
	f, ok, err := s.signed(repository.Name, t, since)
	switch {
	case err != nil:
		return err
	case !ok:
		return errNotFound
	}
	keep := shared
	if !repository.Public {
		keep = private
	}
	return signedFile(f).send(w, r, keep)
}

func signedFile(f index.File) file { return file{f.Body, f.ETag, f.Modified, octets} }

// sendPolicy sends a policy that is public to everybody, and any other to whoever may fetch from the
// organization's repository. That it is public is asked of the file that is sent: it may not be any more.
func (s *surface) sendPolicy(w http.ResponseWriter, r *http.Request, v *store.View, t target) error {
	f, ok, err := s.publicPolicy(v, t)
	switch {
	case err != nil:
		return err
	case ok:
		return signedFile(f).send(w, r, shared)
	}
	repository, err := s.enter(r, v, t)
	if err != nil {
		return err
	}
	f, ok, err = s.Index.Policy(repository.Name, t.policy)
	switch {
	case err != nil:
		return err
	case !ok:
		return errNotFound
	}
	return signedFile(f).send(w, r, private)
}

// publicPolicy makes no file of a policy that is not public, so that asking for one takes as long as asking
// for none.
func (s *surface) publicPolicy(v *store.View, t target) (f index.File, ok bool, err error) {
	repository, found := org.Resolve(v, s.Default, t.repository)
	if p, _ := policy.Get(v, repository.Name, t.policy); !found || p.Visibility != policy.Public {
		return index.File{}, false, nil
	}
	f, ok, err = s.Index.Policy(repository.Name, t.policy)
	return f, ok && f.Public, err
}

func (s *surface) signed(repository name.Repository, t target, since store.Revision) (f index.File, ok bool, err error) {
	switch t.kind {
	case namesFile:
		f, err = s.Index.Names(repository, since)
		return f, true, err
	case versionsFile:
		f, err = s.Index.Versions(repository, since)
		return f, true, err
	}
	return s.Index.Package(catalog.Ref{Repository: repository, Name: t.name})
}
