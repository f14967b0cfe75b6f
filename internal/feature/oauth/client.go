package oauth

import (
	"context"

	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/store"
)

// The grants that a client may be allowed.
const (
	GrantCode        = "authorization_code"
	GrantRefresh     = "refresh_token"
	GrantCredentials = "client_credentials" // an API key for a token
	GrantDevice      = "urn:ietf:params:oauth:grant-type:device_code"
)

// A Client is a program that may ask for tokens.
type Client struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	SecretHash   string   `json:"secret_hash,omitempty"` // hex SHA-256; empty for public clients, which can keep no secret
	Grants       []string `json:"grants,omitempty"`
	RedirectURIs []string `json:"redirect_uris,omitempty"` // exact, or https with * for the first label of the host
	Scopes       []string `json:"scopes,omitempty"`        // the most it may ask for; see Scope
	BuiltIn      bool     `json:"-"`
}

// The clients that command lines have built in.
const (
	HexClient    = "78ea6566-89fd-481e-a1d6-7d9d78eacca8" // mix, and all that builds on hex_core
	GleamClient  = "877731e8-cb88-45e1-9b84-9214de7da421"
	HexHubClient = "b2f4c1de-6d1e-4f0e-9a54-0d6c6e1f7a10" // hexhub login
)

// A ClientDraft is a client to be.
type ClientDraft struct {
	Name         string
	Confidential bool // it can keep a secret
	Grants       []string
	RedirectURIs []string
	Scopes       []string
}

// Clients lists the clients that administrators made, by name.
func Clients(r *store.View) []Client { return nil }

// CreateClient makes a client for an administrator. The secret of a confidential one is told this once.
func (s *OAuth) CreateClient(ctx context.Context, a access.Actor, d ClientDraft) (c Client, secret string, err error) {
	return Client{}, "", errServer
}

// DeleteClient removes a client for an administrator, and ends all its sessions.
func (s *OAuth) DeleteClient(ctx context.Context, a access.Actor, id string) error { return errServer }
