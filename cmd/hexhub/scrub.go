package main

import (
	"fmt"
	"strconv"
	"time"

	"hexhub/internal/surface/ops"
)

type adminScrubCmd struct {
	target `embed:""`
	Now    bool `help:"Read all tarballs from the beginning, at once."`
	Wait   bool `help:"Wait until all have been read, also on nodes that are down."`
}

// lookEvery is how often the server is asked whether a scrub is over.
const lookEvery = 200 * time.Millisecond

// Run tells of the scrubs, and fails if something is lost.
func (c adminScrubCmd) Run(s *session) error {
	all, err := c.begin(s)
	if err != nil {
		return err
	}
	rows, lost, note := [][]string{}, map[string]bool{}, ""
	for _, x := range all {
		rows = append(rows, scrubRow(x))
		for _, l := range x.Lost {
			note += fmt.Sprintf("\n  %s on %s: %s\n    %s", l.Why, x.Name, l.What, l.Blob)
			lost[l.Blob] = true
		}
	}
	if err := s.list("scrubs", all, []string{"STORE", "STATE", "READ", "CORRUPT", "HEALED", "LOST", "WHOLE"}, rows); err != nil {
		return err
	}
	if len(lost) == 0 {
		return nil
	}
	why := "there is no good copy of 1 blob"
	if len(lost) > 1 {
		why = fmt.Sprintf("there is no good copy of %d blobs", len(lost))
	}
	return &failure{
		why: why, note: "Put back from a backup, as docs/operations.md tells:" + note,
		fix: []string{"hexhub admin scrub --now"}, code: exitProblems,
	}
}

// begin has a round begin, or waits for one to end, as far as the flags say so, and returns how it stands.
func (c adminScrubCmd) begin(s *session) ([]ops.Scrub, error) {
	method := "GET"
	if c.Now {
		method = "POST"
	}
	for {
		var all []ops.Scrub
		if err := c.ask(s, method, "scrub", nil, nil, &all); err != nil {
			return nil, err
		}
		if !c.Wait || !underWay(all) {
			return all, nil
		}
		method = "GET"
		select {
		case <-time.After(lookEvery):
		case <-s.ctx.Done():
			return nil, s.ctx.Err()
		}
	}
}

func underWay(all []ops.Scrub) bool {
	for _, x := range all {
		if x.State == "asked" || x.State == "reading" {
			return true
		}
	}
	return false
}

func scrubRow(x ops.Scrub) []string {
	state, whole := x.State, "never"
	if x.Problem != "" {
		state += ": " + x.Problem
	}
	if x.Whole != nil {
		whole = minute(*x.Whole)
	}
	return []string{x.Name, state, strconv.Itoa(x.Read), strconv.Itoa(x.Corrupt), strconv.Itoa(x.Healed), strconv.Itoa(len(x.Lost)), whole}
}
