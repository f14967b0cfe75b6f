package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
)

// publish takes a tarball. Everything that can be told from the request's head is told before a byte of
// its body is read: the client that sent Expect: 100-continue has then sent none.
//
// The bytes go to a temporary place, are asked whose they claim to be, and only then examined in whole,
// since that is dear. The blob is durable before the release names it.
func (a *api) publish(r *request) (*answer, error) {
	repo, claimed, err := a.mayUpload(r)
	if err != nil {
		return nil, err
	}
	up, err := a.take(r)
	if err != nil {
		return nil, err
	}
	defer up.Close()
	var draft catalog.Draft
	err = a.examining(r.Context(), func() (err error) {
		draft, err = a.examine(r, repo, claimed, up)
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, _, err := a.Blobs.Put(r.Context(), up); err != nil {
		return nil, fmt.Errorf("store tarball: %w", err)
	}
	replace := r.URL.Query()["replace"]
	rel, created, err := a.Catalog.Publish(r.Context(), r.actor, draft, len(replace) == 0 || replace[0] == "true")
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return &answer{
		status: status, cache: visible(repo.Public), location: a.releaseURL(rel.Ref(), rel.Version),
		body: a.presentRelease(a.DB.View(), rel),
	}, nil
}

// mayUpload asks for the right to publish to the package in the path. Where the path names none, it asks
// for the right to publish something, which a key for a single package may have.
func (a *api) mayUpload(r *request) (org.Repository, name.Package, error) {
	repo, _ := org.Resolve(r.view, a.Default, r.PathValue("repository"))
	text := r.PathValue("package")
	if text == "" && r.actor.LoggedIn() && !r.actor.Allows(access.DomainAPI, "write") {
		return repo, name.Package{}, a.mayRead(r, repo)
	}
	pkg, wrong := name.ParsePackage(text)
	if err := a.Catalog.MayPublish(r.view, r.actor, repo, pkg); err != nil {
		return repo, pkg, err
	}
	if text != "" && wrong != nil {
		return repo, pkg, fault.Field(wrong.Error(), "name")
	}
	return repo, pkg, nil
}

// examine finds out what was uploaded: first cheaply whose it claims to be, and, if that may be published
// here, everything else.
func (a *api) examine(r *request, repo org.Repository, claimed name.Package, up *blob.Spooled) (catalog.Draft, error) {
	meta, err := tarball.ReadMetadata(up, up.Size())
	if err != nil {
		return catalog.Draft{}, tarballFault(err)
	}
	pkg, err := name.ParsePackage(meta.Name)
	switch {
	case claimed != name.Package{} && pkg != claimed:
		return catalog.Draft{}, fault.Field("metadata does not match package name", "name")
	case err != nil:
		return catalog.Draft{}, fault.Field(err.Error(), "name")
	}
	if err := a.Catalog.MayPublish(a.DB.View(), r.actor, repo, pkg); err != nil {
		return catalog.Draft{}, err
	}
	t, err := tarball.Open(up, up.Size())
	if err != nil {
		return catalog.Draft{}, tarballFault(err)
	}
	return catalog.Draft{Repository: repo.Name, ClaimedName: claimed, Tarball: t, Size: up.Size()}, nil
}

// tarballFault says why a tarball is refused, in the fields of the Hex API.
func tarballFault(err error) error {
	if refused, ok := errors.AsType[*tarball.Error](err); ok {
		return fault.Field(refused.Text, "tar")
	}
	wrong, ok := errors.AsType[tarball.FieldErrors](err)
	if !ok {
		return fmt.Errorf("examine tarball: %w", err)
	}
	fields := fault.Fields{}
	for path, why := range wrong {
		outer, inner, nested := strings.Cut(path, ".")
		if !nested {
			fields[outer] = why
			continue
		}
		group, ok := fields[outer].(fault.Fields)
		if !ok {
			group = fault.Fields{}
			fields[outer] = group
		}
		group[inner] = why
	}
	return fault.Validation(fields)
}
