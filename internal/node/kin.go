package node

import (
	"fmt"
	"os"

	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/seal"
)

// kin is how this node and others find each other; nil if it was told of none.
func (n *Node) kin() (*cluster.Kin, error) {
	c := n.Config
	if len(c.ClusterDiscover) == 0 {
		return nil, nil
	}
	text, err := os.ReadFile(c.ClusterSecretFile)
	if err != nil {
		return nil, fmt.Errorf("read cluster.secret-file: %w", err)
	}
	return &cluster.Kin{Discover: c.ClusterDiscover, Secret: seal.NewSecret(firstLine(text)), Size: int(c.ClusterSize)}, nil
}
