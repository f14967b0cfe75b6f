package ops

import (
	"context"
	"sync"
	"time"

	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/store"
)

// between is the time between two questions to a node that is behind, which rarely is so for longer than one of them.
const between = 5 * time.Millisecond

// Spread waits until all nodes that answer have the rows of the revision, or ctx ends. Those that do not answer are
// waited for no longer: what they show is old anyway.
func Spread(ctx context.Context, peers []cluster.Peer, wanted store.Revision) {
	var all sync.WaitGroup
	for _, p := range peers {
		all.Go(func() { awaitPeer(ctx, p, wanted) })
	}
	all.Wait()
}

func awaitPeer(ctx context.Context, p cluster.Peer, wanted store.Revision) {
	for {
		v, err := askVital(ctx, p)
		if err != nil || store.Revision(v.Revision) >= wanted {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(between):
		}
	}
}
