package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hexhub/internal/feature/account"
)

// NeedsSetup reports whether nobody administers the registry yet.
func (n *Node) NeedsSetup() bool { return !account.HasAdmin(n.DB.View()) }

// OffersSetup reports whether this node is to make a setup link when it starts. One that has just joined leaves
// that to the others, whose link its own would end.
func (n *Node) OffersSetup() bool {
	return n.NeedsSetup() && (n.Cluster == nil || !n.Cluster.JustJoined())
}

// StartSetup returns the link on which the first administrator is created, and until when it works. It is
// also written to setup-url in the data folder, for whoever cannot see the terminal; earlier links end.
func (n *Node) StartSetup(ctx context.Context) (link string, until time.Time, err error) {
	token, until, err := n.Accounts.StartSetup(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	link = n.URL + "/setup/" + token
	if err := os.WriteFile(n.setupFile(), []byte(link+"\n"), 0o600); err != nil {
		return "", time.Time{}, fmt.Errorf("write the setup link: %w", err)
	}
	return link, until, nil
}

func (n *Node) setupFile() string { return filepath.Join(n.Config.Data, "setup-url") }

// forgetSetup removes the link's file once there is an administrator.
func (n *Node) forgetSetup(ctx context.Context) error {
	for stopping := false; ; {
		v := n.DB.View()
		if account.HasAdmin(v) {
			if err := os.Remove(n.setupFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				n.log.Warn("the setup link is dead, but its file cannot be removed", "err", err)
			}
			return nil
		}
		if stopping {
			return nil
		}
		v.Close()
		stopping = v.Wait(ctx) != nil // look once more: it may have come with the end
	}
}
