package dochost

import (
	"context"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/kernel/pack"
	"hexhub/internal/surface/call"
)

// send sends the file that is meant, as it lies in the pack for those who take that.
func (s *surface) send(w http.ResponseWriter, r *http.Request, a *asked, tree *pack.Pack) error {
	f, to, ok := a.locate(tree)
	switch {
	case a.choose(w, r, ok):
		return nil
	case !ok:
		return s.missing(w, r, a, tree)
	case to != "":
		return a.lead(w, r, to)
	}
	h, k := w.Header(), kindOf(f.Path)
	k.tell(h)
	h.Set("Cache-Control", a.keep(f.Path))
	h.Add("Vary", "Accept-Encoding")
	if k.media != htmlPage {
		return s.sendFile(w, r, a, tree, f)
	}
	m, err := s.mannerOf(a, tree, f)
	switch {
	case err != nil:
		return err
	case m.to != "":
		return a.lead(w, r, a.at+"/"+m.to)
	case m.text != "" && !a.own: // in the box, one frame must not have another show something
		return a.lead(w, r, a.at+"/"+m.text)
	}
	if !a.private && s.isCurrent(r, a, f) {
		h.Set("Link", "<"+a.address("", f.Path)+`>; rel="canonical"`)
	}
	if !m.menu {
		h.Add("Vary", "Sec-Fetch-Dest")
		if r.Header.Get("Sec-Fetch-Dest") != "iframe" {
			return s.sendBarred(w, r, a, tree, f)
		}
	}
	return s.sendFile(w, r, a, tree, f)
}

// isCurrent reports whether the latest documentation has the page as well.
func (s *surface) isCurrent(r *http.Request, a *asked, f pack.File) bool {
	latest, _ := a.shown.set.Latest()
	if latest.Version == a.release.Version {
		return true
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	has, err := s.Trees.Has(ctx, latest, f.Path)
	return err == nil && has
}

// inMemory is how large a file is read at once; larger ones are sent bit by bit.
const inMemory = 256 << 10

func (s *surface) sendFile(w http.ResponseWriter, r *http.Request, a *asked, tree *pack.Pack, f pack.File) error {
	compressed := f.Gzip && call.Takes(r, "gzip")
	h := w.Header()
	if compressed {
		h.Set("Content-Encoding", "gzip")
	}
	if !f.Gzip {
		h.Set("Accept-Ranges", "bytes")
	}
	tag, ranged := a.tag(compressed), r.Header.Get("Range")
	switch {
	case call.Known(r, tag): // nothing of it is needed
		return sendBytes(w, r, tag, nil)
	case !f.Gzip && ranged != "" && !strings.Contains(ranged, ","):
		section, err := tree.Section(f)
		if err != nil {
			return err
		}
		h.Set("Etag", tag)
		http.ServeContent(w, r, "", time.Time{}, section)
		return nil
	case f.Stored > inMemory || f.Gzip && !compressed:
		h.Set("Etag", tag)
		return s.stream(w, r, tree, f, compressed)
	}
	body, err := tree.Stored(f)
	if err != nil {
		return err
	}
	return sendBytes(w, r, tag, body)
}

// stream sends a file bit by bit. If it turns out to be damaged when a part of it has left already, the connection is
// cut, so that nobody takes what he got for whole.
func (s *surface) stream(w http.ResponseWriter, r *http.Request, tree *pack.Pack, f pack.File, compressed bool) error {
	size, from := f.Stored, tree.OpenStored(f)
	if f.Gzip && !compressed {
		unpacked, err := tree.Open(f)
		if err != nil {
			return err
		}
		size, from = f.Size, unpacked
	}
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, from); err != nil {
		if r.Context().Err() == nil { // else the client has left
			s.Log.Error("documentation not sent whole", "request", call.From(r.Context()).ID, "path", r.URL.Path, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	return nil
}

// asksForConfig reports whether a path is that of the script from which pages learn of other versions. Pages ask for it
// beside them or in a folder above, so it is found in every folder.
func asksForConfig(file string) bool { return path.Base(file) == "docs_config.js" }

func (a *asked) sendConfig(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", kindOf("docs_config.js").media)
	h.Set("Cache-Control", a.kept())
	if a.ticket == "" {
		return sendBytes(w, r, a.shown.tag, a.shown.config)
	}
	config, err := a.config(a.shown.set, !a.private) // with addresses that nobody else is told
	if err != nil {
		return err
	}
	return sendBytes(w, r, a.shown.tag, config)
}

// tag is the entity tag of a file: the archive has another name when anything in it changes.
func (a *asked) tag(compressed bool) string {
	tag := a.release.Docs.Hash.String()[:32]
	if compressed {
		tag += "-gz"
	}
	return `"` + tag + `"`
}

// sendBytes sends what is held in memory, or that the client has it.
func sendBytes(w http.ResponseWriter, r *http.Request, tag string, body []byte) error {
	h := w.Header()
	h.Set("Etag", tag)
	if call.Known(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
	return nil
}
