package replica

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"hexhub/internal/kernel/blob"
)

// Handler serves this node's blobs to the others, below /blob/. It asks nobody, so that no request goes round; who
// may speak to it is decided before.
//
//	PUT  /blob/HASH   keep the body, durably; 204
//	GET  /blob/HASH   the bytes, which the asker checks; ranges as in HTTP
//	GET  /blob/       a line "HASH SIZE" for each blob, in order of hashes
func (s *Store) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /blob/{hash}", s.serveKeep)
	mux.HandleFunc("GET /blob/{hash}", s.serveGive)
	mux.HandleFunc("GET /blob/{$}", s.serveList)
	return mux
}

// named reads the hash of a request, or answers it.
func named(w http.ResponseWriter, r *http.Request) (blob.Hash, bool) {
	h, err := blob.Parse(r.PathValue("hash"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return h, err == nil
}

func (s *Store) serveKeep(w http.ResponseWriter, r *http.Request) {
	h, ok := named(w, r)
	if !ok {
		return
	}
	if r.ContentLength < 0 {
		http.Error(w, "say how long the blob is", http.StatusLengthRequired)
		return
	}
	if s.o.Full() {
		http.Error(w, full, http.StatusInsufficientStorage)
		return
	}
	spooled, err := s.Spool(r.Context(), r.Body, r.ContentLength)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInsufficientStorage)
		return
	}
	defer spooled.Close()
	if spooled.Hash() != h {
		http.Error(w, "the bytes are of another blob", http.StatusUnprocessableEntity)
		return
	}
	if _, _, err := s.Store.Put(r.Context(), spooled); err != nil {
		http.Error(w, err.Error(), http.StatusInsufficientStorage)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Store) serveGive(w http.ResponseWriter, r *http.Request) {
	h, ok := named(w, r)
	if !ok {
		return
	}
	b, err := s.Store.Open(r.Context(), h)
	if errors.Is(err, blob.ErrNotFound) {
		http.Error(w, "not here", http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer b.Close()
	var at time.Time
	if info, err := s.Store.Stat(r.Context(), h); err == nil {
		at = info.Modified
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", at, b) // cut short where the bytes are found to be wrong
}

func (s *Store) serveList(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if r.Method == http.MethodHead {
		return
	}
	for info, err := range s.Walk(r.Context()) {
		if err != nil {
			panic(http.ErrAbortHandler) // so that a list is never taken for whole
		}
		if _, err := fmt.Fprintf(w, "%s %d\n", info.Hash, info.Size); err != nil {
			return
		}
	}
}
