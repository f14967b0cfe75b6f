package node_test

import (
	"context"
	"testing"
	"time"

	"hexhub/internal/kernel/scrub"
	"hexhub/internal/node"
)

// scrubbed has the node's only store be read whole. That of a bucket begins once the node leads.
func scrubbed(t *testing.T, n *node.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for asked := false; ; {
		v := n.DB.View()
		all := scrub.States(v)
		if len(all) == 1 && all[0].Last != nil {
			return
		}
		if len(all) == 1 && !asked {
			asked = true
			if _, err := scrub.Now(ctx, n.DB); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.Wait(ctx); err != nil {
			t.Fatalf("nothing is scrubbed: %v; the states are %+v", err, all)
		}
	}
}

// enterScrub has the node's scrub be known, as it is once the node runs.
func enterScrub(t *testing.T, n *node.Node) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- scrub.New(n.DB, n.Blobs, "this", scrub.Options{}).Run(ctx) }()
	for known := false; !known; {
		v := n.DB.View()
		if known = len(scrub.States(v)) > 0; !known {
			if err := v.Wait(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
