package oauth

import "hexhub/internal/kernel/fault"

// The codes of RFC 6749 and 8628.
const (
	invalidRequest   = "invalid_request"
	invalidClient    = "invalid_client"
	invalidGrant     = "invalid_grant"
	invalidScope     = "invalid_scope"
	unauthorized     = "unauthorized_client"
	unsupportedGrant = "unsupported_grant_type"
	unsupportedType  = "unsupported_response_type"
	accessDenied     = "access_denied"
	pending          = "authorization_pending"
	slowDown         = "slow_down"
	expired          = "expired_token"
)

// protocol returns a fault that a client is told by its code. RFC 6749 bounds the words to printable
// ASCII without quotes, and they repeat nothing that a stranger sent.
func protocol(code, words string) *fault.Error {
	kind := fault.Malformed
	switch code {
	case invalidClient:
		kind = fault.Unauthenticated
	case accessDenied:
		kind = fault.Forbidden
	}
	return &fault.Error{Kind: kind, Message: words, Code: code}
}
