package api

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"hexhub/internal/feature/oauth"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/call"
)

// oauthFields reads the texts of a body by their names. Nothing is taken from the address, where secrets
// would be logged on the way.
func (r *request) oauthFields() (func(field string) string, error) {
	p, err := r.bodyParams()
	if err != nil {
		return nil, err
	}
	bad := fault.Fields{}
	for field := range p {
		p.text(bad, field)
	}
	for field := range bad {
		if oauthField[field] {
			return nil, fault.New(fault.Malformed, "%s must be one text", field)
		}
	}
	return func(field string) string { return p.text(fault.Fields{}, field) }, nil
}

var oauthField = map[string]bool{
	"grant_type": true, "client_id": true, "client_secret": true, "scope": true, "name": true, "device_code": true,
	"code": true, "redirect_uri": true, "code_verifier": true, "refresh_token": true, "token": true, "token_hash": true,
}

// oauthAnswer is an answer that nobody on the way keeps.
func oauthAnswer(body any) *answer {
	return &answer{status: http.StatusOK, cache: unkept, body: body}
}

// oauthStatuses has the kinds of fault that RFC 6749 gives a status of its own.
var oauthStatuses = map[fault.Kind]int{
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
}

// oauthRefusal answers for a fault as RFC 6749 wants it. What is nobody's mistake, such as a store that
// cannot write, is answered as everywhere.
func oauthRefusal(r *request, err error) (*answer, error) {
	f, ok := errors.AsType[*fault.Error](err)
	if ok && f.Kind == fault.Malformed && f.Code == "" {
		f = &fault.Error{Kind: f.Kind, Message: f.Message, Code: "invalid_request"}
	}
	if !ok || f.Code == "" {
		return nil, err
	}
	call.Note(r.Context(), slog.String("error", err.Error()), slog.String("code", f.Code))
	status, special := oauthStatuses[f.Kind]
	if !special {
		status = http.StatusBadRequest
	}
	return &answer{status: status, cache: unkept, body: object{"error": f.Code, "error_description": f.Message}}, nil
}

func (a *api) postDevice(r *request) (*answer, error) {
	field, err := r.oauthFields()
	if err != nil {
		return oauthRefusal(r, err)
	}
	codes, err := a.OAuth.StartDevice(r.Context(), oauth.DeviceStart{
		ClientID: field("client_id"), ClientSecret: field("client_secret"), Scope: field("scope"), Name: field("name"),
		IP: r.actor.IP, UserAgent: r.actor.UserAgent,
	})
	if err != nil {
		return oauthRefusal(r, err)
	}
	page := a.link("oauth", "device")
	return oauthAnswer(object{
		"device_code": codes.DeviceCode, "user_code": codes.UserCode,
		"verification_uri": page, "verification_uri_complete": page + "?user_code=" + codes.UserCode,
		"expires_in": int(codes.ExpiresIn.Seconds()), "interval": int(codes.Interval.Seconds()),
	}), nil
}

func (a *api) postToken(r *request) (*answer, error) {
	field, err := r.oauthFields()
	if err != nil {
		return oauthRefusal(r, err)
	}
	tokens, err := a.OAuth.Token(r.Context(), oauth.TokenRequest{
		GrantType: field("grant_type"), ClientID: field("client_id"), ClientSecret: field("client_secret"),
		Scope: field("scope"), Name: field("name"), DeviceCode: field("device_code"), Code: field("code"),
		RedirectURI: field("redirect_uri"), CodeVerifier: field("code_verifier"), RefreshToken: field("refresh_token"),
		IP: r.actor.IP, UserAgent: r.actor.UserAgent,
	})
	if err != nil {
		return oauthRefusal(r, err)
	}
	body := object{
		"access_token": tokens.Access, "token_type": "bearer", "expires_in": int(tokens.ExpiresIn.Seconds()), "scope": tokens.Scope,
	}
	if tokens.Refresh != "" {
		body["refresh_token"] = tokens.Refresh
	}
	return oauthAnswer(body), nil
}

// postRevoke says the same whether or not there was anything to revoke.
func (a *api) postRevoke(r *request) (*answer, error) {
	field, err := r.oauthFields()
	if err != nil {
		return oauthRefusal(r, err)
	}
	err = a.OAuth.Revoke(r.Context(), field("token"), field("client_id"), r.actor.IP, r.actor.UserAgent)
	return oauthAnswer(nil), err
}

func (a *api) postRevokeByHash(r *request) (*answer, error) {
	field, err := r.oauthFields()
	if err != nil {
		return oauthRefusal(r, err)
	}
	err = a.OAuth.RevokeByHash(r.Context(), strings.TrimSpace(field("token_hash")), r.actor.IP, r.actor.UserAgent)
	return oauthAnswer(nil), err
}
