package api

import (
	"net/http"

	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
)

// postDocs takes documentation, in the place of what the release has. As with publish, what the request's
// head tells is judged before a byte of the body is read. gleam says that its archive is encoded; it is
// stored as it comes.
//
// mix shows its user the Location, so it is that of the page; hex.pm's is that of the archive. The page is there
// already: the archive lies unpacked on this node, and others know of it and unpack it when they are asked.
func (a *api) postDocs(r *request) (*answer, error) {
	ref, v, err := a.targetRelease(r)
	if err != nil {
		return nil, err
	}
	if err := catalog.MayMarkDocs(r.view, r.actor, ref, v); err != nil {
		return nil, err
	}
	up, err := a.take(r, "x-gzip")
	if err != nil {
		return nil, err
	}
	defer up.Close()
	var archive docs.Archive
	err = a.examining(r.Context(), func() (err error) {
		archive, err = a.Trees.Examine(r.Context(), up)
		return err
	})
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	rel, err := a.Docs.Upload(r.Context(), r.actor, ref, v, archive)
	if err != nil {
		return nil, err
	}
	if a.Spread != nil {
		a.Spread(r.Context())
	}
	return &answer{status: http.StatusCreated, location: a.Pages.Release(rel)}, nil
}

// getDocs leads to the archive. The address is absolute and on this server: mix follows it with the
// credential that it sent here, wherever it leads.
func (a *api) getDocs(r *request) (*answer, error) {
	ref, v, err := a.targetRelease(r)
	if err != nil {
		return nil, err
	}
	if _, err := a.readable(r); err != nil {
		return nil, err
	}
	rel, ok := catalog.GetRelease(r.view, ref, v)
	if !ok || !rel.HasDocs() {
		return nil, errNotFound
	}
	return &answer{status: http.StatusFound, location: a.docsFile(rel)}, nil
}

func (a *api) deleteDocs(r *request) (*answer, error) {
	ref, v, err := a.targetRelease(r)
	if err != nil {
		return nil, err
	}
	if err := a.Docs.Revert(r.Context(), r.actor, ref, v); err != nil {
		return nil, err
	}
	return &answer{status: http.StatusNoContent, cache: private}, nil
}

// docsFile is the address of the release's documentation in the repository. It holds no secret: who may
// not fetch it cannot by knowing it.
func (a *api) docsFile(rel catalog.Release) string {
	path := []string{"repo", "docs", rel.Package.String() + "-" + rel.Version.String() + ".tar.gz"}
	if rel.Repository != a.Default {
		path = append([]string{"repo", "repos", rel.Repository.String()}, path[1:]...)
	}
	return a.link(path...)
}
