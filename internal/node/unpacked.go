package node

import (
	"path/filepath"

	"hexhub/internal/feature/diff"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/pass"
	"hexhub/internal/feature/source"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/pack"
)

// openUnpacked opens what shows the insides of archives: they lie unpacked in a folder of this node, which may be deleted
// while it is stopped.
func (n *Node) openUnpacked() (err error) {
	n.Origins = origin.Beside(n.URL)
	if n.Config.DocsURL != "" {
		if n.Origins, err = origin.Parse(n.Config.DocsURL); err != nil {
			return err
		}
	}
	n.Passes = pass.New(n.DB, n.Sealer, n.Origins, n.repository)
	shelf, err := pack.NewShelf(filepath.Join(n.Config.Data, "unpacked"), pack.Options{Bytes: n.Config.UnpackedSize})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, shelf.Close)
	n.Trees, n.Sources = docs.NewTrees(n.Blobs, shelf), source.New(n.Blobs, shelf)
	n.Manuals = docsearch.New(n.DB, n.Blobs, filepath.Join(n.Config.Data, "search"), docsearch.Options{
		Versions: int(n.Config.SearchVersions), Log: n.log.With("part", "docsearch"),
	})
	return nil
}

// comparedSize is how many bytes of disk may be taken by what releases were found to differ in.
const comparedSize = 128 << 20

// openCompared opens what compares releases. What was found lies in a folder of this node, which may be deleted while it is
// stopped.
func (n *Node) openCompared() error {
	shelf, err := pack.NewShelf(filepath.Join(n.Config.Data, "compared"), pack.Options{Bytes: comparedSize})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, shelf.Close)
	n.Diffs = diff.New(n.Sources, shelf, diff.Options{Limiter: n.Limiter})
	return nil
}

// pages are the addresses of documentation.
func (n *Node) pages() docs.Addresses {
	return docs.Addresses{Origins: n.Origins, Default: n.repository}
}
