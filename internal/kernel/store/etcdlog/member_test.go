package etcdlog

import (
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/fault"
)

// Who comes while the cluster has not agreed on its version waits, and is told to come again if that lasts.
func TestNewcomerWaitsForTheVersion(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 4 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := untilAgreed(t.Context(), func() bool { return time.Since(start) >= after })
			took := time.Since(start)
			if after < changeWithin && (err != nil || took < after) || after > changeWithin && !fault.Is(err, fault.Unavailable) {
				t.Errorf("agreed after %v: %v after %v", after, err, took)
			}
		})
	}
}
