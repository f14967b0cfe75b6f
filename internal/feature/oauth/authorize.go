package oauth

import (
	"context"

	"hexhub/internal/feature/access"
	"hexhub/internal/kernel/fault"
)

// AuthorizeParams are the query of an authorization request, as it came.
type AuthorizeParams struct {
	ClientID            string
	RedirectURI         string
	ResponseType        string
	Scope               string
	State               string
	CodeChallenge       string
	CodeChallengeMethod string
}

// An AuthorizeRequest is one that was checked.
type AuthorizeRequest struct {
	Client Client
	Scopes []string // asked for; the user may leave some out

	params AuthorizeParams
}

// A RedirectError is a fault that the client is told, by sending the browser to URL. All other faults of
// CheckAuthorize are to be shown to the user: there is nobody to be trusted with them.
type RedirectError struct {
	URL string
	Err *fault.Error
}

// Error implements error.
func (e *RedirectError) Error() string { return e.Err.Error() }

// Unwrap returns the fault.
func (e *RedirectError) Unwrap() error { return e.Err }

// CheckAuthorize checks an authorization request before the user is asked.
func (s *OAuth) CheckAuthorize(p AuthorizeParams) (AuthorizeRequest, error) {
	return AuthorizeRequest{}, errServer
}

// Consent lets the client act for the actor, who comes with a browser's session, in those of the scopes it
// asked for that are given, and returns where to send the browser.
func (s *OAuth) Consent(ctx context.Context, a access.Actor, req AuthorizeRequest, scopes []string) (redirect string, err error) {
	return "", errServer
}

// Refuse returns where to send the browser of a user who does not consent.
func (s *OAuth) Refuse(req AuthorizeRequest) (redirect string) { return "" }
