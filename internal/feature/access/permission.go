package access

import (
	"strings"

	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"

	"hexhub/hex/name"
)

// A Permission is a part of what its owner may do that a key grants. Without a resource the domain is
// granted as a whole, save for repository and docs, of which nothing is.
type Permission struct {
	Domain   string `json:"domain"`
	Resource string `json:"resource,omitempty"`
}

// The domains, and what resources are in each. A text that is none of them grants nothing.
const (
	DomainAPI          = "api"          // none for all, "read" or "write"
	DomainPackage      = "package"      // REPOSITORY/NAME: write to that existing package
	DomainRepository   = "repository"   // REPOSITORY: fetch from it; REPOSITORY/NAME: no more than that package
	DomainRepositories = "repositories" // none: fetch from all that the owner can
	DomainDocs         = "docs"         // REPOSITORY: read its private documentation; REPOSITORY/NAME: that of the package
)

// Allows reports whether the actor's credential is good for the domain and resource, whatever its
// owner may do. A password, unlike a key, is good for all. Endpoints of the Hex API list
// alternatives; ask for one at a time.
func (a Actor) Allows(domain, resource string) bool {
	switch a.Via {
	case Password, Browser, System:
		return true
	case APIKey, Bearer:
		for _, p := range a.Permissions {
			if p.allows(domain, resource) {
				return true
			}
		}
	}
	return false
}

// allows follows hex.pm's checks: api:write is no package permission, and only repositories and
// repository let one fetch.
func (p Permission) allows(domain, resource string) bool {
	switch domain {
	case DomainAPI:
		return p.allowsAPI(resource)
	case DomainPackage:
		return p == Permission{Domain: DomainAPI} || p == Permission{Domain: DomainPackage} ||
			resource != "" && p == Permission{domain, resource}
	case DomainRepositories:
		return resource == "" && p.Domain == DomainRepositories
	case DomainRepository:
		return p.holds(domain, resource) || resource != "" && p.Domain == DomainRepositories
	case DomainDocs:
		return p.holds(domain, resource)
	}
	return false
}

// holds reports whether p is for the resource of the domain, or for the repository that it is in.
func (p Permission) holds(domain, resource string) bool {
	rest, ok := strings.CutPrefix(resource, p.Resource)
	return ok && p.Domain == domain && p.Resource != "" && (rest == "" || rest[0] == '/')
}

func (p Permission) allowsAPI(resource string) bool {
	switch resource {
	case "", "read":
		return p.Domain == DomainPackage ||
			p.Domain == DomainAPI && (p.Resource == "" || p.Resource == "read" || p.Resource == "write")
	case "write":
		return p.Domain == DomainAPI && (p.Resource == "" || p.Resource == "write")
	}
	return false
}

// covers reports whether a key with p may make one with child. The whole api covers everything, since
// it may do everything else on the owner's behalf, and rebar3 relies on it.
func (p Permission) covers(child Permission) bool {
	switch p {
	case child, Permission{Domain: DomainAPI}:
		return true
	case Permission{DomainAPI, "write"}:
		return child == Permission{DomainAPI, "read"} || child.Domain == DomainPackage
	case Permission{Domain: DomainPackage}:
		return child.Domain == DomainPackage
	case Permission{Domain: DomainRepositories}:
		return child.Domain == DomainRepository
	}
	return (p.Domain == DomainRepository || p.Domain == DomainDocs) && p.holds(child.Domain, child.Resource)
}

// normal returns the permission with the names of repositories as rows have them, or what the Hex API
// says is wrong with it. That its owner has access is asked separately.
func (s *Access) normal(r store.Reader, p Permission) (Permission, error) {
	wrongResource := fault.Field("invalid resource for given domain", "permissions", "resource")
	switch p.Domain {
	case "":
		return p, fault.Field("can't be blank", "permissions", "domain")
	case DomainAPI:
		if p.Resource != "" && p.Resource != "read" && p.Resource != "write" {
			return p, wrongResource
		}
	case DomainRepositories:
		if p.Resource != "" {
			return p, wrongResource
		}
	case DomainRepository, DomainDocs:
		p.Resource = s.normalPlace(r, p.Resource)
	case DomainPackage:
		if p.Resource == "" {
			return p, nil
		}
		repository, pkg, ok := s.packageOf(r, p.Resource)
		if !ok {
			return p, noPackage()
		}
		p.Resource = PackageResource(repository, pkg)
	default:
		return p, fault.Field("is invalid", "permissions", "domain")
	}
	return p, nil
}

// normalPlace returns REPOSITORY or REPOSITORY/NAME as rows have it. What there is not it leaves alone:
// nothing has that name.
func (s *Access) normalPlace(r store.Reader, resource string) string {
	if in, _, limited := strings.Cut(resource, "/"); limited {
		if repository, pkg, ok := s.packageOf(r, resource); ok && in != "" {
			return PackageResource(repository, pkg)
		}
	} else if repository, ok := org.Resolve(r, s.o.DefaultRepository, resource); ok && resource != "" {
		return repository.Name.String()
	}
	return resource
}

// PackageResource names a package as permissions do.
func PackageResource(repository org.Repository, pkg name.Package) string {
	return repository.Name.String() + "/" + pkg.String()
}

// packageOf finds the repository and the name in NAME or REPOSITORY/NAME.
func (s *Access) packageOf(r store.Reader, resource string) (org.Repository, name.Package, bool) {
	in, text, qualified := strings.Cut(resource, "/")
	if !qualified {
		in, text = "", resource
	}
	repository, ok := org.Resolve(r, s.o.DefaultRepository, in)
	pkg, err := name.ParsePackage(text)
	return repository, pkg, ok && err == nil
}

func noPackage() error {
	return fault.Field("you do not have access to this package", "permissions", "resource")
}

func noRepository() error {
	return fault.Field("you do not have access to this repository", "permissions", "resource")
}

// reach tells, as a fault for whoever makes a key, why the owner of p has not what it grants.
func (s *Access) reach(r store.Reader, owner Actor, p Permission) error {
	switch {
	case p.Resource == "":
		return nil
	case p.Domain == DomainRepository, p.Domain == DomainDocs:
		return s.reachPlace(r, owner, p.Resource)
	case p.Domain == DomainPackage:
		repository, pkg, ok := s.packageOf(r, p.Resource)
		if !ok || s.o.ThingOf == nil {
			return noPackage()
		}
		t := s.o.ThingOf(r, repository, pkg)
		if owner.Org != (name.Repository{}) && repository.Org != owner.Org || !t.Exists || entitled(r, owner, Write, t) != nil {
			return noPackage()
		}
	}
	return nil
}

// reachPlace is reach for REPOSITORY and REPOSITORY/NAME. A package must be there: who misspells one would
// have a key for nothing.
func (s *Access) reachPlace(r store.Reader, owner Actor, resource string) error {
	in, _, limited := strings.Cut(resource, "/")
	repository, ok := org.Resolve(r, s.o.DefaultRepository, in)
	if !ok || in == "" || entitled(r, owner, Read, Thing{Repository: repository}) != nil {
		return noRepository()
	}
	if !limited {
		return nil
	}
	_, pkg, ok := s.packageOf(r, resource)
	if !ok || s.o.ThingOf == nil || !s.o.ThingOf(r, repository, pkg).Exists {
		return noPackage()
	}
	return nil
}
