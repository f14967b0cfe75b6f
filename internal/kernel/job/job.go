// Package job keeps work that is to be done after a transaction: a row written together with the cause,
// performed afterwards by whichever node gets it, until it is done or somebody has to look at it.
//
// It knows kinds, keys, when work is due, how often it was tried and who has it now; it does not know
// what any job does. What it promises:
//
//   - What is committed is performed at least once. A handler may be run again after a crash, so doing
//     its work twice must do no harm.
//   - Jobs of equal kind and key are one. Asked for again before it began, a job runs once, with the
//     latest payload; asked for again while it runs, it runs once more afterwards.
//   - A job is leased for as long as its handler may take. A lease that runs out, because its node died,
//     returns the job. So no two handlers have the same job, as long as clocks agree to half a minute.
//   - A job that failed is tried again later and later. One that failed too often, or for ever, is dead:
//     it rests with its last error until a human retries or deletes it.
//
// There is no order among jobs but that those due earlier begin earlier.
package job

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
)

// A Job is one piece of work, keyed by kind and key.
type Job struct {
	ID          string          `json:"id"` // another each time the job is asked for
	Kind        string          `json:"kind"`
	Key         string          `json:"key"` // what it is about; shown in logs
	Payload     json.RawMessage `json:"payload,omitempty"`
	Attempts    int             `json:"attempts,omitempty"` // tries begun, the running one among them
	Due         time.Time       `json:"due"`
	LeasedBy    string          `json:"leased_by,omitempty"` // the one try that has it; empty when nobody does
	LeasedUntil time.Time       `json:"leased_until,omitzero"`
	Error       string          `json:"error,omitempty"` // of the last try that failed
	Dead        bool            `json:"dead,omitempty"`  // failed for good; rests for a human
	InsertedAt  time.Time       `json:"inserted_at"`     // when it was asked for
}

// Decode reads the payload into v, a pointer.
func (j Job) Decode(v any) error {
	if err := json.Unmarshal(j.Payload, v); err != nil {
		return Permanent(fmt.Errorf("read the payload of %s %s: %w", j.Kind, j.Key, err))
	}
	return nil
}

// free is when the next try may begin.
func (j Job) free() time.Time {
	if j.LeasedUntil.After(j.Due) {
		return j.LeasedUntil
	}
	return j.Due
}

// Jobs are all there are. They are in RAM on every node, so a payload is small: it names rows.
var Jobs = store.NewTable("job", func(j Job) string { return store.Path(j.Kind, j.Key) })

// byID finds a job by the name that people are shown.
var byID = Jobs.Index("name", func(j Job) []string { return []string{j.ID} })

// byFree orders the living jobs of a kind by when they may be tried.
var byFree = Jobs.Index("free", func(j Job) []string {
	if j.Dead {
		return nil
	}
	return []string{j.Kind + "/" + j.free().UTC().Format(sortable)}
})

// sortable is a time as text that sorts as the time does.
const sortable = "2006-01-02T15:04:05.000000000"

// Tables are what the package keeps.
var Tables = store.Schema{Jobs}

// EnqueueTx asks for the work that kind and key name, not before due. The payload is encoded as JSON,
// and must hold nothing that is secret. A job of equal kind and key that waits, or rests dead, is
// replaced; one that waits keeps its time if that is earlier.
func EnqueueTx(tx *store.Tx, kind, key string, payload any, due time.Time) {
	text, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("job: the payload of %s cannot be encoded: %v", kind, err)) // a wrong program
	}
	// Id and time differ between runs of an Update, which is harmless: only the one that commits leaves them behind.
	j := Job{ID: id.New(), Kind: kind, Key: key, Payload: text, Due: due.UTC(), InsertedAt: time.Now().UTC()}
	if old, ok := Jobs.Get(tx, Jobs.Key(j)); ok {
		j.LeasedBy, j.LeasedUntil = old.LeasedBy, old.LeasedUntil
		if !old.Dead && old.LeasedBy == "" && old.Due.Before(j.Due) {
			j.Due = old.Due
		}
	}
	Jobs.Put(tx, j)
}

// CancelTx takes back what was asked for, if it has not been done. A try that runs is not stopped.
func CancelTx(tx *store.Tx, kind, key string) bool { return Jobs.Delete(tx, store.Path(kind, key)) }

// Find returns the job of a kind with the key.
func Find(r store.Reader, kind, key string) (Job, bool) { return Jobs.Get(r, store.Path(kind, key)) }

// ByID returns the job with the id.
func ByID(v *store.View, id string) (Job, bool) {
	for j := range byID.Each(v, id) {
		return j, true
	}
	return Job{}, false
}

// A State is how far a job got.
type State string

// The states.
const (
	Waiting  State = "waiting"
	Running  State = "running"
	Retrying State = "retrying" // waits after a try that failed
	Dead     State = "dead"     // rests for a human
)

// State returns how far the job got, as of now.
func (j Job) State(now time.Time) State {
	switch {
	case j.Dead:
		return Dead
	case j.LeasedUntil.After(now):
		return Running
	case j.Error != "":
		return Retrying
	}
	return Waiting
}

// List returns the jobs that there are, the dead ones first, and at most so many.
func List(v *store.View, most int) []Job {
	var dead, alive []Job
	for j := range Jobs.All(v) {
		switch {
		case j.Dead && len(dead) < most:
			dead = append(dead, j)
		case !j.Dead && len(alive) < most:
			alive = append(alive, j)
		}
	}
	all := slices.Concat(dead, alive)
	return all[:min(len(all), most)]
}

// Retry lets a job be tried at once and as often as if it were new.
func (q *Queue) Retry(ctx context.Context, jobID string) error {
	now := time.Now().UTC()
	return q.change(ctx, jobID, func(tx *store.Tx, j Job) error {
		if j.LeasedBy != "" && j.LeasedUntil.After(now) {
			return fault.New(fault.Conflict, "the job is being done right now")
		}
		j = Job{ID: id.New(), Kind: j.Kind, Key: j.Key, Payload: j.Payload, Due: now, InsertedAt: now}
		Jobs.Put(tx, j)
		return nil
	})
}

// Delete gives a job up. A try that runs is not stopped.
func (q *Queue) Delete(ctx context.Context, jobID string) error {
	return q.change(ctx, jobID, func(tx *store.Tx, j Job) error {
		Jobs.Delete(tx, Jobs.Key(j))
		return nil
	})
}

func (q *Queue) change(ctx context.Context, jobID string, fn func(*store.Tx, Job) error) error {
	found, ok := ByID(q.db.View(), jobID)
	return q.db.Update(ctx, func(tx *store.Tx) error {
		j, still := Jobs.Get(tx, Jobs.Key(found))
		if !ok || !still || j.ID != jobID {
			return fault.New(fault.NotFound, "there is no job %q", jobID)
		}
		return fn(tx, j)
	})
}

// Held counts the jobs that the node named so does now.
func Held(v *store.View, node string, now time.Time) (n int) {
	for j := range Jobs.All(v) {
		if strings.HasPrefix(j.LeasedBy, node+"/") && j.LeasedUntil.After(now) {
			n++
		}
	}
	return n
}

// A Count is how many jobs of a kind there are.
type Count struct{ Waiting, Running, Dead int }

// Count counts the jobs of each kind that there are or that this node does, as of now.
func (q *Queue) Count(v *store.View, now time.Time) map[string]Count {
	counts := map[string]Count{}
	for kind := range q.handlers {
		counts[kind] = Count{}
	}
	for j := range Jobs.All(v) {
		c := counts[j.Kind]
		switch {
		case j.Dead:
			c.Dead++
		case j.LeasedBy != "" && j.LeasedUntil.After(now):
			c.Running++
		default:
			c.Waiting++
		}
		counts[j.Kind] = c
	}
	return counts
}
