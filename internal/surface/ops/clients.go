package ops

import (
	"net/http"
	"time"

	"hexhub/internal/feature/oauth"
)

// A Client is a program that may ask for tokens, as operators see it.
type Client struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Confidential bool      `json:"confidential"` // it can keep a secret
	Grants       []string  `json:"grants"`
	RedirectURIs []string  `json:"redirect_uris,omitempty"`
	Scopes       []string  `json:"scopes"`
	BuiltIn      bool      `json:"built_in"`
	InsertedAt   time.Time `json:"inserted_at,omitzero"`
	Secret       string    `json:"secret,omitempty"` // only in the answer that made it
}

func clientOf(c oauth.Client) Client {
	return Client{
		ID: c.ID, Name: c.Name, Confidential: c.Confidential(), Grants: c.Grants, RedirectURIs: c.RedirectURIs, Scopes: c.Scopes,
		BuiltIn: c.BuiltIn, InsertedAt: c.InsertedAt,
	}
}

func (o *Ops) clients(*http.Request) (any, error) {
	out := []Client{}
	for _, c := range oauth.Clients(o.DB.View()) {
		out = append(out, clientOf(c))
	}
	return out, nil
}

// A ClientDraft is a client to be made.
type ClientDraft struct {
	Name         string   `json:"name"`
	Confidential bool     `json:"confidential,omitempty"`
	Grants       []string `json:"grants"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	Scopes       []string `json:"scopes"`
}

func (o *Ops) createClient(r *http.Request) (any, error) {
	d, err := decode[ClientDraft](r)
	if err != nil {
		return nil, err
	}
	c, secret, err := o.OAuth.CreateClient(r.Context(), actor(r), oauth.ClientDraft(d))
	if err != nil {
		return nil, err
	}
	out := clientOf(c)
	out.Secret = secret
	return out, nil
}

func (o *Ops) deleteClient(r *http.Request) (any, error) {
	return nil, o.OAuth.DeleteClient(r.Context(), actor(r), r.URL.Query().Get("id"))
}
