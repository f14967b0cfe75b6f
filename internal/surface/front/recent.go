package front

import (
	"slices"
	"sync"
	"time"

	"hexhub/internal/feature/health"
)

const (
	slotTime = 5 * time.Second
	slots    = 13 // a minute of whole ones, and the one that is being filled
)

// recent remembers the requests of the last minute, for people who look now. It is safe for concurrent use.
type recent struct {
	mu   sync.Mutex // guards ring
	ring [slots]slot
}

// A slot is the requests of slotTime.
type slot struct {
	number int64                    // of slotTime since the epoch
	counts [len(buckets) + 1]uint32 // by bucket, the last for what took longer
	failed uint32                   // of them, by the server's fault
}

func (r *recent) add(now time.Time, took time.Duration, failed bool) {
	number := now.UnixNano() / int64(slotTime)
	bucket, _ := slices.BinarySearch(buckets[:], took.Seconds())
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.ring[number%slots]
	if s.number != number {
		*s = slot{number: number}
	}
	s.counts[bucket]++
	if failed {
		s.failed++
	}
}

// Recent tells of the requests of the last minute. The times are those of a histogram's buckets: half of them may be
// nearer the truth.
func (m *Metrics) Recent() health.Traffic {
	return m.recent.told(time.Now())
}

func (r *recent) told(now time.Time) (t health.Traffic) {
	number := now.UnixNano() / int64(slotTime)
	var counts [len(buckets) + 1]uint64
	total, failed := uint64(0), uint64(0)
	r.mu.Lock()
	for _, s := range r.ring {
		if s.number < number && s.number >= number-(slots-1) {
			failed += uint64(s.failed)
			for i, n := range s.counts {
				counts[i] += uint64(n)
				total += uint64(n)
			}
		}
	}
	r.mu.Unlock()
	if total == 0 {
		return t
	}
	t.PerSecond, t.Failed = float64(total)/((slots-1)*slotTime.Seconds()), float64(failed)/float64(total)
	t.P50, t.P99 = within(counts[:], total, 50), within(counts[:], total, 99)
	return t
}

// within is how long so many in a hundred took at the most, in seconds.
func within(counts []uint64, total, percent uint64) float64 {
	below := uint64(0)
	for i, n := range counts {
		if below += n; below*100 >= total*percent {
			return buckets[min(i, len(buckets)-1)]
		}
	}
	return buckets[len(buckets)-1]
}
