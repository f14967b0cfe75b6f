package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"hexhub/internal/feature/docsearch"
	"hexhub/internal/surface/typesense"
)

// searchDocs finds places in documentation, and tells of them as hex.pm's search does: in the form of Typesense, and so
// in JSON alone.
func (a *api) searchDocs(r *request) (*answer, error) {
	asked, err := typesense.Parse(r.URL.Query())
	if err != nil {
		return nil, err
	}
	for _, repository := range a.Catalog.Visible(r.view, r.actor) {
		if a.mayRead(r, repository) == nil {
			asked.In = append(asked.In, repository)
		}
	}
	found, err := a.Manuals.Find(r.Context(), r.view, asked.Query)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(asked.Answer(found, a.placeURL))
	if err != nil {
		return nil, fmt.Errorf("write what was found: %w", err)
	}
	return &answer{status: http.StatusOK, text: string(body), media: "application/json", cache: visible(!r.actor.LoggedIn())}, nil
}

// placeURL is where a place is shown.
func (a *api) placeURL(h docsearch.Hit) string {
	return a.Pages.At(h.Ref, h.Version, h.Item.Ref)
}
