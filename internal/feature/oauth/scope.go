package oauth

import (
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
)

// Scopes are permissions in the notation of OAuth: api, api:read, api:write, repositories,
// package:REPOSITORY/NAME, and repository: or docs: with REPOSITORY or REPOSITORY/NAME. They have one spelling
// each, but for hexpm, which also stands for the server's own repository. Clients may be registered for
// package, repository and docs as a whole; nobody can ask for that.
const (
	scopeAPI   = "api"
	scopeRead  = "api:read"
	scopeWrite = "api:write"
	scopeRepos = "repositories"
)

// The bounds of what is asked for.
const (
	maxScopes    = 100
	maxScopeText = 8 << 10
)

// hexpm is what clients call the server's own repository.
const hexpm = "hexpm"

var (
	errNoScope  = protocol(invalidScope, "Missing scope")
	errBadScope = protocol(invalidScope, "The scope is unknown, malformed, or more than may be asked for")
)

// parseScopes reads scopes that are separated by single spaces, and drops repetitions.
func (s *OAuth) parseScopes(text string) ([]access.Permission, error) {
	if text == "" {
		return nil, errNoScope
	}
	if len(text) > maxScopeText {
		return nil, errBadScope
	}
	var out []access.Permission
	for word := range strings.SplitSeq(text, " ") {
		p, ok := s.parseScope(word)
		if !ok || len(out) == maxScopes {
			return nil, errBadScope
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func (s *OAuth) parseScope(text string) (access.Permission, bool) {
	domain, resource, qualified := strings.Cut(text, ":")
	p := access.Permission{Domain: domain, Resource: resource}
	switch domain {
	case access.DomainAPI:
		return p, !qualified || resource == "read" || resource == "write"
	case access.DomainRepositories:
		return p, !qualified
	case access.DomainPackage:
		var ok bool
		p.Resource, ok = s.parseResource(resource)
		return p, ok && strings.Contains(resource, "/")
	case access.DomainRepository, access.DomainDocs:
		var ok bool
		p.Resource, ok = s.parseResource(resource)
		return p, ok
	}
	return p, false
}

// parseResource reads REPOSITORY or REPOSITORY/PACKAGE.
func (s *OAuth) parseResource(text string) (string, bool) {
	in, pkg, qualified := strings.Cut(text, "/")
	repository, err := name.ParseRepository(in)
	if err != nil || repository.String() != in {
		return "", false
	}
	if in == hexpm && s.o.DefaultRepository != (name.Repository{}) {
		in = s.o.DefaultRepository.String()
	}
	if !qualified {
		return in, true
	}
	p, err := name.ParsePackage(pkg)
	return in + "/" + pkg, err == nil && p.String() == pkg
}

// scopeOf writes a permission as a scope.
func scopeOf(p access.Permission) string {
	if p.Resource == "" {
		return p.Domain
	}
	return p.Domain + ":" + p.Resource
}

func scopesOf(permissions []access.Permission) []string {
	out := make([]string, len(permissions))
	for i, p := range permissions {
		out[i] = scopeOf(p)
	}
	return out
}

// permissionsOf reads scopes that were written by scopeOf. What an older or newer binary wrote and this
// one does not know grants nothing.
func (s *OAuth) permissionsOf(scopes []string) []access.Permission {
	var out []access.Permission
	for _, text := range scopes {
		if p, ok := s.parseScope(text); ok {
			out = append(out, p)
		}
	}
	return out
}

// pair returns the scopes as users are asked for them: the whole api is to read and to write.
func pair(asked []access.Permission) []string {
	var out []string
	for _, scope := range scopesOf(asked) {
		words := []string{scope}
		if scope == scopeAPI {
			words = []string{scopeRead, scopeWrite}
		}
		for _, w := range words {
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}

// mayAsk reports whether the client is registered for the permission.
func (c Client) mayAsk(p access.Permission) bool {
	has := func(scopes ...string) bool {
		return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.Scopes, s) })
	}
	switch {
	case has(scopeOf(p)):
		return true
	case p.Domain == access.DomainAPI:
		return has(scopeAPI) || p.Resource == "read" && has(scopeWrite)
	case p.Domain == access.DomainRepository:
		return has(scopeRepos, p.Domain)
	case p.Domain == access.DomainPackage, p.Domain == access.DomainDocs:
		return has(p.Domain)
	}
	return false
}

// asked reads what a client asks for and refuses what it is not registered for.
func (s *OAuth) asked(c Client, text string) ([]access.Permission, error) {
	asked, err := s.parseScopes(text)
	if err != nil {
		return nil, err
	}
	for _, p := range asked {
		if !c.mayAsk(p) {
			return nil, errBadScope
		}
	}
	return asked, nil
}

// exchanges reports whether a key may be exchanged for a token with the permission: never for more than
// it has, and for its packages and documentation not at all.
func exchanges(key []access.Permission, p access.Permission) bool {
	return slices.ContainsFunc(key, func(has access.Permission) bool {
		switch has {
		case access.Permission{Domain: access.DomainAPI}:
			return p.Domain == access.DomainAPI
		case access.Permission{Domain: access.DomainAPI, Resource: "write"}:
			return p.Domain == access.DomainAPI && p.Resource != ""
		case access.Permission{Domain: access.DomainAPI, Resource: "read"}:
			return p == has
		case access.Permission{Domain: access.DomainRepositories}:
			return p.Domain == access.DomainRepository
		}
		return has.Domain == access.DomainRepository && has.Resource != "" &&
			(p == has || p.Domain == has.Domain && strings.HasPrefix(p.Resource, has.Resource+"/"))
	})
}
