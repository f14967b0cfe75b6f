package ui

import (
	"fmt"
	"slices"
)

// A Seat is a node, as one of those that decide together what is written.
type Seat struct {
	Name  string
	Path  string // of its page
	Up    bool   // it can be reached
	Leads bool
	Votes bool // one that does not still copies what the others have
}

// A Quorum is who decides what is written, and how many of them it takes.
type Quorum struct {
	Seats  []Seat
	Needed int // voters that must reach each other
}

// voters are those that vote, and how many of them are up. Those that are come first.
func (q Quorum) voters() (voters []Seat, up int) {
	var down []Seat
	for _, s := range q.Seats {
		switch {
		case !s.Votes:
		case s.Up:
			voters = append(voters, s)
		default:
			down = append(down, s)
		}
	}
	return slices.Concat(voters, down), len(voters)
}

// A bench is a part of the seats, with what it is.
type bench struct {
	words string
	needs bool // without these nothing is written
	seats []Seat
}

// benches are the seats that it takes, those to spare, and those without a vote.
func (q Quorum) benches() []bench {
	voters, up := q.voters()
	needed := min(q.Needed, len(voters))
	all := []bench{{fmt.Sprintf("It takes %d", needed), true, voters[:needed]}}
	if rest := voters[needed:]; len(rest) > 0 {
		all = append(all, bench{fmt.Sprintf("%d to spare", max(up-needed, 0)), false, rest})
	}
	var learners []Seat
	for _, s := range q.Seats {
		if !s.Votes {
			learners = append(learners, s)
		}
	}
	if len(learners) > 0 {
		all = append(all, bench{"Not yet voting", false, learners})
	}
	return all
}

// words say the same as the drawing.
func (q Quorum) words() string {
	voters, up := q.voters()
	if len(voters) == 1 {
		return "One node decides alone, and without it nothing can be written. Of three nodes one could be lost."
	}
	begin := fmt.Sprintf("%d nodes vote on each write, and %d of them must reach each other. ", len(voters), q.Needed)
	switch spare := up - q.Needed; {
	case spare < 0:
		return begin + fmt.Sprintf("Only %d can be reached: nothing can be written until %d more is back.", up, -spare)
	case spare == 0:
		return begin + fmt.Sprintf("%d can be reached, so that none can be lost.", up)
	default:
		return begin + fmt.Sprintf("%d can be reached, so that %d can be lost.", up, spare)
	}
}

// word says what a node does here.
func (s Seat) word() string {
	switch {
	case !s.Up:
		return "out of reach"
	case s.Leads:
		return "leads"
	case s.Votes:
		return "votes"
	default:
		return "copies"
	}
}
