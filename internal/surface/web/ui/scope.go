package ui

import (
	"strings"

	"hexhub/internal/feature/access"
)

// A Choice is a permission to tick, in words.
type Choice struct {
	Scope, Words string
	Given        bool
}

// Scope writes a permission as OAuth does.
func Scope(p access.Permission) string {
	if p.Resource == "" {
		return p.Domain
	}
	return p.Domain + ":" + p.Resource
}

// Permission reads what Scope wrote. Whether there is such a permission is for access to say.
func Permission(scope string) access.Permission {
	domain, resource, _ := strings.Cut(scope, ":")
	return access.Permission{Domain: domain, Resource: resource}
}

// Permitted says what a permission lets one do. What this program does not know it shows as it is.
func Permitted(p access.Permission) string {
	pkg := strings.Contains(p.Resource, "/")
	switch {
	case p == access.Permission{Domain: access.DomainAPI}:
		return "Do everything that you can do: publish, and manage packages, owners, keys and organizations"
	case p == access.Permission{Domain: access.DomainAPI, Resource: "read"}:
		return "Read what you can read: your account, private packages, organizations"
	case p == access.Permission{Domain: access.DomainAPI, Resource: "write"}:
		return "Publish, and change packages, owners, keys and organizations"
	case p == access.Permission{Domain: access.DomainRepositories}:
		return "Fetch packages from all repositories that you can fetch from"
	case p == access.Permission{Domain: access.DomainPackage}:
		return "Publish and change all your packages"
	case p.Domain == access.DomainRepository && pkg:
		return "Fetch the package " + p.Resource
	case p.Domain == access.DomainRepository && p.Resource != "":
		return "Fetch packages of " + p.Resource
	case p.Domain == access.DomainPackage:
		return "Publish and change the package " + p.Resource
	case p.Domain == access.DomainDocs && p.Resource != "":
		return "Read the private documentation of " + p.Resource
	}
	return Scope(p)
}
