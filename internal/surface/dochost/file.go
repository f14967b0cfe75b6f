package dochost

import (
	"net/http"
	"strconv"
	"strings"

	"hexhub/internal/kernel/pack"
)

// send sends the file that is meant, as it lies in the pack for those who take that.
func (s *surface) send(w http.ResponseWriter, r *http.Request, a *asked, tree *pack.Pack) error {
	f, to, ok := a.locate(tree)
	switch {
	case !ok:
		return errAbsent
	case to != "":
		return redirect(w, r, a.base, to)
	}
	if a.path == "" || strings.HasSuffix(a.path, "/") {
		a.path += "index.html"
	}
	return a.sendFile(w, r, tree, f)
}

func (a *asked) sendFile(w http.ResponseWriter, r *http.Request, tree *pack.Pack, f pack.File) error {
	body, err := tree.Stored(f)
	if err != nil {
		return err
	}
	compressed := f.Gzip && takesGzip(r)
	if f.Gzip && !compressed {
		if body, err = tree.Read(f, f.Size); err != nil {
			return err
		}
	}
	h := w.Header()
	kindOf(f.Path).tell(h)
	h.Set("Cache-Control", a.keep(f.Path))
	h.Set("Vary", "Accept-Encoding")
	if compressed {
		h.Set("Content-Encoding", "gzip")
	}
	return sendBytes(w, r, a.tag(compressed), body)
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
	if known(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body)
	}
	return nil
}

// known reports whether the client says that it has what the tag names.
func known(r *http.Request, tag string) bool {
	for _, line := range r.Header["If-None-Match"] {
		for one := range strings.SplitSeq(line, ",") { // there is no comma in our tags
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}

// takesGzip reports whether the client takes that encoding. One that refuses it says so by a weight of nothing.
func takesGzip(r *http.Request) bool {
	for _, line := range r.Header["Accept-Encoding"] {
		for one := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(strings.ReplaceAll(one, " ", ""), ";")
			if strings.EqualFold(name, "gzip") {
				return weight != "q=0" && !strings.HasPrefix(weight, "q=0.000")
			}
		}
	}
	return false
}
