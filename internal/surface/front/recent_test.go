package front

import (
	"testing"
	"time"

	"hexhub/internal/feature/health"
)

func TestTheLastMinuteIsRemembered(t *testing.T) {
	var r recent
	start := time.Unix(1_000_000, 0)
	for i := range 60 {
		for range 10 {
			r.add(start.Add(time.Duration(i)*time.Second), 3*time.Millisecond, i == 0)
		}
	}
	r.add(start, time.Minute, false)
	if got := r.told(start.Add(time.Minute)); got.PerSecond < 10 || got.PerSecond > 10.1 || got.P99 != .005 || got.P50 != .005 || got.Failed < .016 || got.Failed > .017 {
		t.Errorf("%+v; want 10 requests a second, 5 ms, and one in sixty failed", got)
	}
	if got := r.told(start.Add(10 * time.Minute)); got != (health.Traffic{}) {
		t.Errorf("after ten quiet minutes: %+v", got)
	}
	for range 10 {
		r.add(start.Add(time.Hour), time.Hour, false)
	}
	if p99 := r.told(start.Add(time.Hour + slotTime)).P99; p99 != 10 {
		t.Errorf("p99 of an hour = %v, want the highest there is", p99)
	}
}
