package ops

import (
	"net/http"
	"time"

	"hexhub/internal/kernel/job"
)

// A Job is work that is to be done, as operators see it. What it is filled with is not told.
type Job struct {
	ID         string    `json:"id"`
	Kind       string    `json:"kind"`
	Key        string    `json:"key"`
	State      string    `json:"state"` // waiting, running, retrying or dead
	Attempts   int       `json:"attempts"`
	Due        time.Time `json:"due"`
	Error      string    `json:"error,omitempty"` // of the last try
	InsertedAt time.Time `json:"inserted_at"`
}

func jobOf(j job.Job, now time.Time) Job {
	return Job{ID: j.ID, Kind: j.Kind, Key: j.Key, State: string(j.State(now)), Attempts: j.Attempts, Due: j.Due, Error: j.Error, InsertedAt: j.InsertedAt}
}

// maxJobs is how many are told of at once.
const maxJobs = 1000

// jobs lists the jobs that there are, the dead ones first.
func (o *Ops) jobs(*http.Request) (any, error) {
	out, now := []Job{}, time.Now()
	for _, j := range job.List(o.DB.View(), maxJobs) {
		out = append(out, jobOf(j, now))
	}
	return out, nil
}

func (o *Ops) retryJob(r *http.Request) (any, error) {
	return nil, o.Operator.RetryJob(r.Context(), actor(r).By(), r.URL.Query().Get("id"))
}

func (o *Ops) deleteJob(r *http.Request) (any, error) {
	return nil, o.Operator.DeleteJob(r.Context(), actor(r).By(), r.URL.Query().Get("id"))
}
