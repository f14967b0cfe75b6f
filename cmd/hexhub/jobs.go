package main

import (
	"strconv"

	"hexhub/internal/surface/ops"
)

type adminJobsCmd struct {
	List   jobListCmd   `cmd:"" default:"withargs" help:"List jobs, the dead ones first."`
	Retry  jobRetryCmd  `cmd:"" help:"Let a job be tried again, at once."`
	Delete jobDeleteCmd `cmd:"" help:"Give a job up."`
}

type jobListCmd struct {
	target `embed:""`
}

// Run lists the jobs.
func (c jobListCmd) Run(s *session) error {
	var jobs []ops.Job
	if err := c.ask(s, "GET", "jobs", nil, nil, &jobs); err != nil {
		return err
	}
	rows := [][]string{}
	for _, j := range jobs {
		state := j.State
		if j.Error != "" {
			state += ": " + j.Error
		}
		rows = append(rows, []string{j.ID, j.Kind, j.Key, minute(j.Due), strconv.Itoa(j.Attempts), state})
	}
	return s.list("jobs", jobs, []string{"ID", "KIND", "KEY", "DUE", "TRIES", "STATE"}, rows)
}

type jobRetryCmd struct {
	target `embed:""`
	ID     string `arg:"" help:"As hexhub admin jobs lists it."`
}

// Run lets a job be tried again.
func (c jobRetryCmd) Run(s *session) error {
	if err := c.ask(s, "POST", "job/retry", byID(c.ID), nil, nil); err != nil {
		return err
	}
	return s.done(c.ID, "retried", c.ID, "It is tried again now.")
}

type jobDeleteCmd struct {
	target `embed:""`
	ID     string `arg:"" help:"As hexhub admin jobs lists it."`
}

// Run gives a job up.
func (c jobDeleteCmd) Run(s *session) error {
	if err := c.ask(s, "DELETE", "job", byID(c.ID), nil, nil); err != nil {
		return err
	}
	return s.done(c.ID, "deleted", c.ID, "Deleted.")
}
