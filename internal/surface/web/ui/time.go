package ui

import (
	"fmt"
	"time"
)

// stamp writes a time for machines, and for people who want it to the second.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// ago says how long ago, or in how long, a time is.
func ago(at time.Time) string { return apart(time.Until(at)) }

func apart(d time.Duration) string {
	if d > 0 {
		return "in " + long(d)
	}
	if d > -time.Minute {
		return "just now"
	}
	return long(-d) + " ago"
}

func long(d time.Duration) string {
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"year", 365 * 24 * time.Hour}, {"month", 30 * 24 * time.Hour}, {"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}} {
		switch n := (d + unit.size/20) / unit.size; { // what lacks little of a day is a day
		case n == 1:
			return "1 " + unit.name
		case n > 1:
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return "a moment"
}

// left says how long to wait, in seconds as long as these are few.
func (m Message) left() string {
	if m.wait < 120 {
		return fmt.Sprintf("%d s", m.wait)
	}
	return long(time.Duration(m.wait) * time.Second)
}
