// Package line lets a few work at a time and some wait for their turn, and turns all others away at once.
//
// It bounds what strangers can have this machine do. It does not know what that is, and what to tell those who are turned
// away.
package line

import (
	"context"
	"errors"
)

// ErrFull is why somebody is turned away.
var ErrFull = errors.New("too many wait already")

// A Line is of those who work and those who wait. Make it with [New]; it is safe for concurrent use.
type Line struct {
	inside  chan struct{} // has one for each who works or waits
	working chan struct{} // has one for each who works
}

// New returns a line in which so many work at once and so many wait at most.
func New(atOnce, waiting int) *Line {
	return &Line{inside: make(chan struct{}, atOnce+waiting), working: make(chan struct{}, atOnce)}
}

// Enter waits until it is one's turn, and returns how to leave again, which is to be called once. The error is ErrFull if too
// many wait, or what ended ctx before the turn came.
func (l *Line) Enter(ctx context.Context) (leave func(), err error) {
	select {
	case l.inside <- struct{}{}:
	default:
		return nil, ErrFull
	}
	select {
	case l.working <- struct{}{}:
		return func() { <-l.working; <-l.inside }, nil
	case <-ctx.Done():
		<-l.inside
		return nil, context.Cause(ctx)
	}
}
