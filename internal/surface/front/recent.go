package front

import (
	"slices"
	"sync"
	"time"
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
}

func (r *recent) add(now time.Time, took time.Duration) {
	number := now.UnixNano() / int64(slotTime)
	bucket, _ := slices.BinarySearch(buckets[:], took.Seconds())
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.ring[number%slots]
	if s.number != number {
		*s = slot{number: number}
	}
	s.counts[bucket]++
}

// Recent tells how many requests there were in a second, and how long 99 in 100 took at the most, over the
// last minute. The time is that of a histogram's bucket: half of it may be nearer the truth.
func (m *Metrics) Recent() (perSecond, p99 float64) {
	return m.recent.told(time.Now())
}

func (r *recent) told(now time.Time) (perSecond, p99 float64) {
	number := now.UnixNano() / int64(slotTime)
	var counts [len(buckets) + 1]uint64
	total := uint64(0)
	r.mu.Lock()
	for _, s := range r.ring {
		if s.number < number && s.number >= number-(slots-1) {
			for i, n := range s.counts {
				counts[i] += uint64(n)
				total += uint64(n)
			}
		}
	}
	r.mu.Unlock()
	below := uint64(0)
	for i, n := range counts {
		if below += n; total > 0 && below*100 >= total*99 {
			p99 = buckets[min(i, len(buckets)-1)]
			break
		}
	}
	return float64(total) / ((slots - 1) * slotTime.Seconds()), p99
}
