package node

import (
	"context"
	"fmt"
	"time"

	"hexhub/hex/tarball"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/scrub"
)

// openScrub makes the scrub of this node's disk, or of the bucket.
func (n *Node) openScrub() {
	o := scrub.Options{
		Node: n.Name, Every: n.Config.ScrubEvery, Named: n.namedBlobs, Note: n.blobName, Log: n.log.With("part", "scrub"),
	}
	name := n.id
	if n.bucket != nil {
		name, o.Node = scrub.Bucket, ""
	}
	if n.replica != nil {
		o.Heal = n.replica.Heal
	}
	n.scrub = scrub.New(n.DB, n.Blobs, name, o)
}

// scrubDisk scrubs this node's disk until ctx ends.
func (n *Node) scrubDisk(ctx context.Context) error {
	if n.bucket != nil {
		return nil
	}
	return n.scrub.Run(ctx)
}

// scrubBucket scrubs the bucket for as long as this node leads, if there is one.
func (n *Node) scrubBucket(ctx context.Context) {
	if n.bucket == nil {
		return
	}
	_ = n.scrub.Run(ctx) // it ends with ctx, and never by an error
}

// blobName says what a blob is, for people, or nothing if no row names it.
func (n *Node) blobName(h blob.Hash) string {
	v := n.DB.View()
	if name := catalog.BlobName(v, tarball.Sum(h), time.Now()); name != "" {
		return name
	}
	for _, s := range audit.Segments(v) {
		if s.Blob == h {
			return fmt.Sprintf("part %d of the audit log", s.Number)
		}
	}
	return ""
}
