package node

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"time"
)

// countBlobs counts the blobs for the metrics now and then, until ctx ends. They are not counted at each
// scrape, since that reads a whole folder.
func (n *Node) countBlobs(ctx context.Context) error {
	tick := time.NewTicker(choreEvery)
	defer tick.Stop()
	for {
		if err := n.tally.Count(ctx, n.Blobs); err != nil && ctx.Err() == nil {
			n.log.Warn("cannot count the blobs; trying again later", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// certEnd is when the public site's certificate ends, or zero if there is none that can be read.
func (n *Node) certEnd() time.Time {
	data, err := os.ReadFile(n.Config.TLSCert)
	if err != nil {
		return time.Time{}
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return time.Time{}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}
	}
	return cert.NotAfter
}

// disk tells how much of the data folder's disk is free, and how large it is.
func (n *Node) disk() (free, total uint64) {
	free, total, err := diskSize(n.Config.Data)
	if err != nil {
		return 0, 0 // shown as unknown
	}
	return free, total
}
