package mail

import (
	"context"
	"time"

	"hexhub/internal/kernel/job"
)

const (
	tries     = 16 // at 30 s, 1 min, 2 min … an hour: some ten hours in all
	firstWait = 30 * time.Second
	sendLimit = 2 * time.Minute
)

// deliver sends the letter that the job names.
func (m *Mail) deliver(ctx context.Context, _ job.Job) error { return ctx.Err() }
