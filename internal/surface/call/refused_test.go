package call

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRefusalsAreRememberedForADay(t *testing.T) {
	var m Memory
	at := time.Now()
	m.Keep(Refused{ID: "a", At: at, Why: strings.Repeat("x", 4096)})
	if r, ok := m.Find("a", at.Add(23*time.Hour)); !ok || len(r.Why) != maxWhy {
		t.Errorf("after a few hours: %t, %d bytes", ok, len(r.Why))
	}
	if _, ok := m.Find("a", at.Add(25*time.Hour)); ok {
		t.Error("it is remembered for longer than a day")
	}
	if _, ok := m.Find("b", at); ok {
		t.Error("found what never was")
	}
}

// However many are refused, only so many are remembered, the latest of each id among them.
func TestRefusalsAreBounded(t *testing.T) {
	var m Memory
	at := time.Now()
	for i := range 3 * keptRefused {
		m.Keep(Refused{ID: strconv.Itoa(i % (keptRefused + 10)), At: at, Status: i})
	}
	if len(m.ring) != keptRefused || len(m.at) != keptRefused {
		t.Errorf("%d refusals by %d ids, want %d", len(m.ring), len(m.at), keptRefused)
	}
	last := 3*keptRefused - 1
	if r, ok := m.Find(strconv.Itoa(last%(keptRefused+10)), at); !ok || r.Status != last {
		t.Errorf("the last: %+v %t", r, ok)
	}
}
