package call

import (
	"sync"
	"time"
)

// A Refused is what is remembered of a request that was refused: what its line in the log has, and no more.
type Refused struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Node    string    `json:"node"`
	Surface string    `json:"surface"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Status  int       `json:"status"`
	IP      string    `json:"ip"`
	Actor   string    `json:"actor,omitempty"` // empty for somebody who did not show who he is
	Why     string    `json:"why"`             // in the words of the log, which may say more than the client was told
}

const (
	keptRefused = 10_000         // at the most: some megabytes
	keptFor     = 24 * time.Hour // and no longer than that
	maxWhy      = 500            // bytes of what a client can make long
)

// A Memory remembers the latest refusals of one node. It is safe for concurrent use; the zero value is ready.
type Memory struct {
	mu   sync.Mutex // guards all below
	ring []Refused
	next int            // place of the oldest, once the ring is full
	at   map[string]int // place in the ring, by id
}

// Keep remembers a refusal, and forgets the oldest for it when there are many.
func (m *Memory) Keep(r Refused) {
	r.ID, r.Path, r.Why = cut(r.ID), cut(r.Path), cut(r.Why)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == nil {
		m.at = map[string]int{}
	}
	if len(m.ring) < keptRefused {
		m.at[r.ID] = len(m.ring)
		m.ring = append(m.ring, r)
		return
	}
	if old := m.ring[m.next].ID; m.at[old] == m.next { // its id may have been sent again
		delete(m.at, old)
	}
	m.ring[m.next], m.at[r.ID] = r, m.next
	m.next = (m.next + 1) % keptRefused
}

// Find returns the latest refusal of a request with the id, if it is remembered at the time.
func (m *Memory) Find(id string, now time.Time) (Refused, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ok := m.at[cut(id)]
	if !ok || now.Sub(m.ring[i].At) > keptFor {
		return Refused{}, false
	}
	return m.ring[i], true
}

func cut(s string) string { return s[:min(len(s), maxWhy)] }
