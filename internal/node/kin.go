package node

import (
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/seal"
)

// kin is how this node and others find each other; nil if it was told of none.
func (n *Node) kin() (*cluster.Kin, error) {
	c := n.Config
	if len(c.ClusterDiscover) == 0 {
		return nil, nil
	}
	secret, err := firstLine(c.ClusterSecretFile, "cluster.secret-file")
	if err != nil {
		return nil, err
	}
	return &cluster.Kin{Discover: c.ClusterDiscover, Secret: seal.NewSecret(secret), Size: int(c.ClusterSize)}, nil
}
