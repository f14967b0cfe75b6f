package ops

import (
	"net/http"
	"slices"
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
	out := Job{ID: j.ID, Kind: j.Kind, Key: j.Key, State: "waiting", Attempts: j.Attempts, Due: j.Due, Error: j.Error, InsertedAt: j.InsertedAt}
	switch {
	case j.Dead:
		out.State = "dead"
	case j.LeasedUntil.After(now):
		out.State = "running"
	case j.Error != "":
		out.State = "retrying"
	}
	return out
}

// maxJobs is how many are told of at once.
const maxJobs = 1000

// jobs lists the jobs that there are, the dead ones first.
func (o *Ops) jobs(*http.Request) (any, error) {
	dead, alive, now := []Job{}, []Job{}, time.Now()
	for j := range job.Jobs.All(o.DB.View()) {
		switch {
		case j.Dead && len(dead) < maxJobs:
			dead = append(dead, jobOf(j, now))
		case !j.Dead && len(alive) < maxJobs:
			alive = append(alive, jobOf(j, now))
		}
	}
	all := slices.Concat(dead, alive)
	return all[:min(len(all), maxJobs)], nil
}

func (o *Ops) retryJob(r *http.Request) (any, error) {
	return nil, o.Jobs.Retry(r.Context(), r.URL.Query().Get("id"))
}

func (o *Ops) deleteJob(r *http.Request) (any, error) {
	return nil, o.Jobs.Delete(r.Context(), r.URL.Query().Get("id"))
}
