// Package oauth lets programs act for users: by the device flow, by an authorization code, and in
// exchange for an API key.
//
// It knows clients, scopes, grants and tokens, and how RFC 6749, 7009, 7636 and 8628 want them treated.
// Whoever shows a token is judged in access, which asks it only what a token says; sessions, which
// grants hang on, are account's, so that ending one ends its tokens at once. Pages and forms, and how
// requests look, are for surfaces.
//
// A fault that a client of the protocol is told carries the code of RFC 6749 as its Code.
package oauth
