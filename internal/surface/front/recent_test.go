package front

import (
	"testing"
	"time"
)

func TestTheLastMinuteIsRemembered(t *testing.T) {
	var r recent
	start := time.Unix(1_000_000, 0)
	for i := range 60 {
		for range 10 {
			r.add(start.Add(time.Duration(i)*time.Second), 3*time.Millisecond)
		}
	}
	r.add(start, time.Minute)
	if rate, p99 := r.told(start.Add(time.Minute)); rate < 10 || rate > 10.1 || p99 != .005 {
		t.Errorf("%v requests a second, p99 %v; want 10 and 5 ms", rate, p99)
	}
	if rate, p99 := r.told(start.Add(10 * time.Minute)); rate != 0 || p99 != 0 {
		t.Errorf("after ten quiet minutes: %v requests a second, p99 %v", rate, p99)
	}
	for range 10 {
		r.add(start.Add(time.Hour), time.Hour)
	}
	if _, p99 := r.told(start.Add(time.Hour + slotTime)); p99 != 10 {
		t.Errorf("p99 of an hour = %v, want the highest there is", p99)
	}
}
