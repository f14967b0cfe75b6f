package api

import (
	"hexhub/internal/feature/account"
	"hexhub/internal/surface/call"
)

// origin is where the request comes from.
func (r *request) origin() account.Origin {
	return account.Origin{IP: call.From(r.Context()).IP, UserAgent: r.UserAgent()}
}
