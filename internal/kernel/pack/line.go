package pack

import (
	"errors"
	"sync/atomic"
	"time"

	"hexhub/internal/kernel/fault"
)

const (
	atOnce = 2  // packs that are made in a line, so that unpacking never takes all of a machine
	inLine = 50 // that wait to be
)

// A line is of those who wait to make a pack. Nobody who stands in one waits for those in another.
type line struct {
	places chan struct{}
	inside atomic.Int32 // those who have a place, and those who wait for one
}

func newLine() *line { return &line{places: make(chan struct{}, atOnce)} }

// errLeft is what enter says when it waited in vain.
var errLeft = errors.New("nobody wants the pack any more")

// enter waits for a place, until left is closed. Who got one gives it back by leave.
func (l *line) enter(left <-chan struct{}) (leave func(), err error) {
	if l.inside.Add(1) > atOnce+inLine {
		l.inside.Add(-1)
		return nil, tooMany()
	}
	select {
	case l.places <- struct{}{}:
		return func() { <-l.places; l.inside.Add(-1) }, nil
	case <-left:
		l.inside.Add(-1)
		return nil, errLeft
	}
}

func tooMany() error {
	f := fault.New(fault.Unavailable, "This node has much to unpack just now.")
	f.RetryAfter = 5 * time.Second
	return f
}
