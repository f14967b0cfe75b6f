package repo

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/surface/call"
)

// sendTarball sends a tarball. Its entity tag is the checksum that the signed index names; rebar3 crashes
// without one. Downloads count as on hex.pm: a GET that was answered with the whole, or with the news that
// the client has it.
func (s *surface) sendTarball(w http.ResponseWriter, r *http.Request, repository org.Repository, release catalog.Release) error {
	sent, err := s.sendStored(w, r, stored{release.Outer, release.Size, release.UpdatedAt, tar}, keepTarball(repository, release))
	if err != nil {
		return fmt.Errorf("send tarball of %s %s: %w", release.Ref(), release.Version, err)
	}
	if sent {
		s.count(r, release)
	}
	return nil
}

// sendDocs sends documentation, which may be replaced at any time.
func (s *surface) sendDocs(w http.ResponseWriter, r *http.Request, repository org.Repository, release catalog.Release) error {
	keep := shared
	if !repository.Public {
		keep = private
	}
	docs := release.Docs
	if _, err := s.sendStored(w, r, stored{docs.Hash, docs.Size, docs.UpdatedAt, gzip}, keep); err != nil {
		return fmt.Errorf("send documentation of %s %s: %w", release.Ref(), release.Version, err)
	}
	return nil
}

// A stored file is an answer that is a blob.
type stored struct {
	sum      tarball.Sum
	size     int64
	modified time.Time
	media    []string
}

// sendStored sends the file, or one range of it, and reports whether the client has the whole now.
func (s *surface) sendStored(w http.ResponseWriter, r *http.Request, f stored, keep keeping) (whole bool, err error) {
	h, etag := w.Header(), etagOf(f.sum)
	keep.tell(h)
	validate(w, etag, f.modified)
	if call.Known(r, etag) {
		w.WriteHeader(http.StatusNotModified)
		return true, nil
	}
	h["Content-Type"], h["X-Content-Type-Options"] = f.media, nosniff
	set(w, "Accept-Ranges", "bytes")
	if r.Method == http.MethodHead {
		set(w, "Content-Length", strconv.FormatInt(f.size, 10))
		return false, nil
	}
	b, err := s.Blobs.Open(r.Context(), blob.Hash(f.sum))
	if err != nil {
		return false, fmt.Errorf("open blob: %w", err)
	}
	defer b.Close()
	if asksForRange(r) {
		return false, sendRange(w, r, b)
	}
	return true, s.sendWhole(w, r, b)
}

// keepTarball keeps a version that may yet be replaced out of caches that would not ask: its new bytes
// would not match the index, and clients would call that an attack.
func keepTarball(repository org.Repository, release catalog.Release) keeping {
	settled := catalog.Settled(repository, release, time.Now())
	switch {
	case settled && repository.Public:
		return sharedLong
	case settled:
		return privateLong
	case repository.Public:
		return shared
	}
	return private
}

func (s *surface) count(r *http.Request, release catalog.Release) {
	if r.Method == http.MethodGet {
		s.Stats.Count(stats.Ref{Repository: release.Repository, Package: release.Package, Version: release.Version})
	}
}

// asksForRange reports whether the request is for one range of bytes. Several would be many small answers
// in one, which no client needs and attackers like; RFC 9110 §14.2 lets us ignore them.
func asksForRange(r *http.Request) bool {
	ranges := r.Header.Get("Range")
	return ranges != "" && !strings.Contains(ranges, ",")
}

// sendRange checks the whole blob first: a part proves nothing by itself.
func sendRange(w http.ResponseWriter, r *http.Request, b blob.Reader) error {
	if _, err := io.Copy(io.Discard, b); err != nil {
		return err
	}
	http.ServeContent(w, r, "", time.Time{}, b)
	return nil
}

// sendWhole sends all of b. If it turns out to be damaged when a part of it has left already, the
// connection is cut, so that no client takes what it got for whole.
func (s *surface) sendWhole(w http.ResponseWriter, r *http.Request, b blob.Reader) error {
	set(w, "Content-Length", strconv.FormatInt(b.Size(), 10))
	n, err := io.Copy(w, b)
	if err == nil || n == 0 && r.Context().Err() == nil {
		return err
	}
	if errors.Is(err, blob.ErrCorrupt) || r.Context().Err() == nil { // else the client has left
		s.Log.Error("tarball not sent whole", "request", call.From(r.Context()).ID, "path", r.URL.Path, "sent", n, "error", err)
	}
	panic(http.ErrAbortHandler)
}
