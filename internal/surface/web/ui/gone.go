package ui

import (
	"time"

	"hexhub/internal/kernel/fault"
)

// gone is a fault of what once was here. It is absent for all who know kinds alone.
type gone struct {
	error
	ways []Step
}

// Gone is what a page returns of what once was here and is not any more, for who may know: in words, and with a
// way to what is there instead, if there is one.
func Gone(words string, ways ...Step) error {
	return &gone{fault.New(fault.NotFound, "%s", words), ways}
}

// Unwrap returns the fault.
func (g *gone) Unwrap() error { return g.error }

func (g *gone) next() *Step {
	if len(g.ways) == 0 {
		return &Step{"/", "To the home page"}
	}
	return &g.ways[0]
}

// Date is a day as people write it.
func Date(at time.Time) string { return at.UTC().Format("2 January 2006") }
