package dochost

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/typesense"
)

// search answers in the form of Typesense, as search.hexdocs.pm does. Nobody is known here, so it finds what everybody
// may read, and pages of any origin may ask.
func (s *surface) search(w http.ResponseWriter, r *http.Request, q url.Values) error {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, no-cache")
	answer, err := s.found(r, q)
	if refused, ok := errors.AsType[*fault.Error](err); ok {
		status := http.StatusServiceUnavailable
		if refused.Kind == fault.Malformed {
			status = http.StatusBadRequest
		}
		w.WriteHeader(status)
		answer, err = map[string]string{"message": refused.Message}, nil
	}
	if err != nil {
		return err
	}
	_ = json.NewEncoder(w).Encode(answer) // who went away does not miss it
	return nil
}

func (s *surface) found(r *http.Request, q url.Values) (any, error) {
	asked, err := typesense.Parse(q)
	if err != nil || s.Manuals == nil {
		return nil, err
	}
	v := s.DB.View()
	defer v.Close()
	if home, ok := org.Resolve(v, s.Default, ""); ok && home.Public {
		asked.In = []org.Repository{home}
	}
	found, err := s.Manuals.Find(r.Context(), v, asked.Query)
	if err != nil {
		return nil, err
	}
	return asked.Answer(found, func(h docsearch.Hit) string { return s.addresses().At(h.Ref, h.Version, h.Item.Ref) }), nil
}
