package node

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/s3"
	"hexhub/internal/kernel/replica"
	"hexhub/internal/kernel/store"
)

const (
	fillEvery = 5 * time.Minute // so long does it take at most until a blob has all its copies again, twice when a node is silent
	lookEvery = 2 * time.Second // whether there is a node more or less
)

// openBlobs opens the blobs: in a bucket, where uploads only pass through this disk, or on this disk and those of
// the other nodes.
func (n *Node) openBlobs() error {
	disk, err := blob.OpenDisk(filepath.Join(n.Config.Data, "blobs"))
	if err != nil {
		return fmt.Errorf("open the blobs: %w", err)
	}
	n.Blobs, n.spool = disk, disk
	n.closers = append(n.closers, disk.Close)
	if n.bucket, err = openBucket(n.Config, disk, n.log); err != nil {
		return err
	}
	switch {
	case n.bucket != nil:
		n.Blobs = n.bucket
	case n.Cluster != nil:
		n.openReplica()
	}
	return nil
}

// openBucket returns the bucket that the configuration names, or nil.
func openBucket(c config.Server, spool s3.Spooler, log *slog.Logger) (*s3.Store, error) {
	if c.BlobS3Endpoint == "" {
		return nil, nil
	}
	o, err := bucketOptions(c.BlobS3Endpoint, c.BlobS3SecretKeyFile)
	if err != nil {
		return nil, err
	}
	o.Bucket, o.Region, o.Prefix, o.AccessKey, o.PathStyle = c.BlobS3Bucket, c.BlobS3Region, c.BlobS3Prefix, c.BlobS3AccessKey, c.BlobS3Style == "path"
	o.Spool, o.Log = spool, log.With("part", "blobs")
	return s3.New(o)
}

// bucketOptions says where a server that speaks S3 is, and what shows it who we are.
func bucketOptions(endpoint, secretFile string) (s3.Options, error) {
	secret, err := firstLine(secretFile, "the secret key of the bucket")
	if err != nil {
		return s3.Options{}, err
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return s3.Options{}, err
	}
	return s3.Options{Endpoint: u.Host, Insecure: u.Scheme == "http", SecretKey: secret}, nil
}

// openReplica puts the other nodes' blobs behind this one's.
func (n *Node) openReplica() {
	n.replica = replica.New(n.Blobs, replica.Options{
		Self: n.id, Peers: n.blobPeers, Drained: n.drained, Copies: int(n.Config.BlobCopies), Full: n.diskFull, Log: n.log.With("part", "blobs"),
	})
	n.Blobs = n.replica
	n.Cluster.Handle("/blob/", n.replica.Handler())
}

// diskFull reports whether the store has stopped taking rows for want of disk. Blobs leave it what is left.
func (n *Node) diskFull() bool {
	log := n.space.Load()
	return log != nil && log.DiskFull()
}

func (n *Node) blobPeers() []replica.Peer {
	var out []replica.Peer
	for _, p := range n.Cluster.Peers() {
		out = append(out, replica.Peer{ID: p.ID, Name: p.Name, Address: p.Address, Drained: p.Drained, HTTP: p.HTTP})
	}
	return out
}

// namedBlobs are those that rows name now.
func (n *Node) namedBlobs() iter.Seq[blob.Hash] {
	return func(yield func(blob.Hash) bool) { blobsOf(n.DB.View())(yield) }
}

// blobsOf are the blobs that rows name.
func blobsOf(v *store.View) iter.Seq[blob.Hash] {
	return func(yield func(blob.Hash) bool) {
		for sum := range catalog.Blobs(v, time.Now()) {
			if !yield(blob.Hash(sum)) {
				return
			}
		}
		for h := range audit.Blobs(v) {
			if !yield(h) {
				return
			}
		}
	}
}

// soleBlobs counts the named blobs that only these nodes have.
func (n *Node) soleBlobs(ctx context.Context, nodes ...string) (int, error) {
	if n.replica == nil {
		return 0, nil
	}
	return n.replica.Sole(ctx, nodes, n.namedBlobs())
}

// fillBlobs fetches what this node should hold and does not, at once when nodes come, go or are drained, and now and
// then.
func (n *Node) fillBlobs(ctx context.Context) error {
	if n.replica == nil {
		return nil
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var others []string
	var filled time.Time
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		peers := n.blobPeers()
		now := []string{fmt.Sprint("drained: ", n.drained())}
		for _, p := range peers {
			if !p.Drained {
				now = append(now, p.ID)
			}
		}
		if len(peers) == 0 || slices.Equal(now, others) && time.Since(filled) < fillEvery {
			continue
		}
		got, missing, err := n.replica.Fill(ctx, n.namedBlobs())
		if err != nil {
			continue // stopping
		}
		others, filled = now, time.Now()
		if got > 0 || missing > 0 {
			n.log.Info("fetched blobs that belong here from other nodes", "fetched", got, "missing", missing)
		}
	}
}
