package job

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/trace"
)

// A Handler does the jobs of one kind.
type Handler struct {
	// Do does one job. An error has it tried again, unless it is Permanent; the error's text is kept in
	// the row and logged, so it holds nothing that is secret. ctx ends with Timeout, and when the node
	// stops: then the try does not count.
	Do func(ctx context.Context, j Job) error

	Tries   int           // how often a job is tried before it is dead; zero means 10
	Timeout time.Duration // how long one try may take; zero means a minute
	Workers int           // how many jobs of the kind this node does at once; zero means 2

	// First is how long to wait after the first failure; each further wait is twice as long, up to an
	// hour, and up to a half of each is left to chance. Zero means five seconds.
	First time.Duration
}

func (h Handler) withDefaults() Handler {
	if h.Tries == 0 {
		h.Tries = 10
	}
	if h.Timeout == 0 {
		h.Timeout = time.Minute
	}
	if h.Workers == 0 {
		h.Workers = 2
	}
	if h.First == 0 {
		h.First = 5 * time.Second
	}
	return h
}

const (
	leaseGrace = 30 * time.Second // beyond Timeout: to write down how it went, and for clocks to differ by
	longest    = time.Hour        // between two tries
	pause      = time.Second      // when the store cannot be written, or the node is idle
	maxError   = 500              // bytes of an error that are kept
)

// wait returns how long to wait after so many failed tries, chance being in [0, 1).
func (h Handler) wait(tries int, chance float64) time.Duration {
	d := longest
	if doublings := tries - 1; doublings < 20 {
		d = min(longest, h.First<<doublings)
	}
	return d - time.Duration(chance*float64(d)/2)
}

// Permanent says that trying again would fail the same way: the job is dead at once.
func Permanent(err error) error { return &permanentError{err} }

type permanentError struct{ error }

// Unwrap returns why.
func (e *permanentError) Unwrap() error { return e.error }

// Options are what a Queue may be told. The zero value works.
type Options struct {
	// Node is shown as who has a job. If it is given it is this node's alone: what an earlier process of it left
	// behind is taken up at once when this one runs.
	Node string
	Idle func() bool  // whether this node is to begin no more jobs, asked each second while so; nil means never
	Log  *slog.Logger // nil discards

	Trace *trace.Tracer // nil traces nothing
}

// A Queue does this node's share of the jobs. It is safe for concurrent use.
type Queue struct {
	db       *store.DB
	node     string
	alone    bool // the node is named, and nobody else has its name
	idle     func() bool
	log      *slog.Logger
	trace    *trace.Tracer
	handlers map[string]Handler
}

// New returns a queue that does nothing until it is given handlers and run.
func New(db *store.DB, o Options) *Queue {
	named := o.Node != ""
	if !named {
		o.Node = "node"
	}
	if o.Idle == nil {
		o.Idle = func() bool { return false }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Queue{db: db, node: o.Node, alone: named, idle: o.Idle, log: o.Log, trace: o.Trace, handlers: map[string]Handler{}}
}

// Handle lets this node do jobs of the kind. Those of kinds that no node handles wait. Call it before Run.
func (q *Queue) Handle(kind string, h Handler) { q.handlers[kind] = h.withDefaults() }

// Run does jobs until ctx ends, and returns when the last handler has.
func (q *Queue) Run(ctx context.Context) error {
	if q.alone {
		if err := Return(ctx, q.db, q.node); err != nil && ctx.Err() == nil {
			q.log.Warn("jobs that this node left behind wait for their leases to run out", "error", err)
		}
	}
	var kinds sync.WaitGroup
	for kind, h := range q.handlers {
		kinds.Go(func() { q.serve(ctx, kind, h) })
	}
	kinds.Wait()
	<-ctx.Done() // without a kind there is nothing to wait for
	return nil
}

// serve does the jobs of one kind. What comes after the last free worker waits in its row.
func (q *Queue) serve(ctx context.Context, kind string, h Handler) {
	var workers sync.WaitGroup
	defer workers.Wait()
	idle := make(chan struct{}, h.Workers)
	for range h.Workers {
		idle <- struct{}{}
	}
	for {
		select {
		case <-idle:
		case <-ctx.Done():
			return
		}
		j, ok := q.take(ctx, kind, h)
		if !ok {
			return
		}
		workers.Go(func() {
			defer func() { idle <- struct{}{} }()
			q.perform(ctx, h, j)
		})
	}
}

// take waits for a job and leases it. It reports false when ctx ended first.
func (q *Queue) take(ctx context.Context, kind string, h Handler) (Job, bool) {
	for ctx.Err() == nil {
		if q.idle() {
			sleep(ctx, pause)
			continue
		}
		v := q.db.View()
		j, ok := next(v, kind)
		now := time.Now()
		if !ok || j.free().After(now) {
			await(ctx, v, j, ok)
			continue
		}
		leased, won, err := q.lease(ctx, j, h, now)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				q.log.Warn("cannot take a job; trying again", "kind", kind, "error", err)
			}
			sleep(ctx, pause)
		case won:
			return leased, true
		}
	}
	return Job{}, false
}

// next returns the living job of the kind that is free first. The View goes stale with any job of the kind.
func next(v *store.View, kind string) (Job, bool) {
	Jobs.Prefix(v, store.Path(kind)+"/")(func(Job) bool { return false }) // looked at only to be woken
	for j := range byFree.Ascend(v, kind+"/") {
		return j, j.Kind == kind
	}
	return Job{}, false
}

// await waits until something about the kind's jobs changes or, if there is a first one, it is free.
func await(ctx context.Context, v *store.View, first Job, ok bool) {
	if ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, first.free())
		defer cancel()
	}
	v.Close()
	_ = v.Wait(ctx)
}

// lease takes the job for this node, unless somebody was faster.
func (q *Queue) lease(ctx context.Context, seen Job, h Handler, now time.Time) (leased Job, won bool, err error) {
	by := q.node + "/" + id.New()
	err = q.db.Update(ctx, func(tx *store.Tx) error {
		j, ok := Jobs.Get(tx, Jobs.Key(seen))
		won = ok && j.ID == seen.ID && !j.Dead && !j.free().After(now)
		switch {
		case !won:
			return nil
		case j.Attempts >= h.Tries:
			won = false
			j.Dead, j.LeasedBy, j.LeasedUntil = true, "", time.Time{}
			j.Error = orText(j.Error, "its last try never ended: the node that did it stopped")
		default:
			j.Attempts++
			j.LeasedBy, j.LeasedUntil = by, now.Add(h.Timeout+leaseGrace).UTC()
		}
		leased = j
		Jobs.Put(tx, j)
		return nil
	})
	return leased, won, err
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// perform runs the handler and writes down how it went.
func (q *Queue) perform(ctx context.Context, h Handler, j Job) {
	err := q.try(ctx, h, j)
	after := q.outcome(ctx, h, j, err, time.Now(), rand.Float64())
	q.settle(ctx, j, func(tx *store.Tx, now Job) {
		switch {
		case now.ID != j.ID: // asked for again meanwhile
			now.LeasedBy, now.LeasedUntil = "", time.Time{}
			Jobs.Put(tx, now)
		case err == nil:
			Jobs.Delete(tx, Jobs.Key(now))
		default:
			Jobs.Put(tx, after)
		}
	})
}

// outcome is the row of a job after a try that failed.
func (q *Queue) outcome(ctx context.Context, h Handler, j Job, err error, now time.Time, chance float64) Job {
	if err == nil {
		return j
	}
	j.LeasedBy, j.LeasedUntil = "", time.Time{}
	_, never := errors.AsType[*permanentError](err)
	if ctx.Err() != nil && !never { // the node stops
		j.Attempts--
		return j
	}
	j.Error = shorten(err.Error())
	attrs := []any{"kind", j.Kind, "key", j.Key, "attempts", j.Attempts, "error", j.Error}
	if never || j.Attempts >= h.Tries {
		j.Dead = true
		q.log.Error("a job is given up; hexhub admin jobs lists it", attrs...)
		return j
	}
	j.Due = now.Add(h.wait(j.Attempts, chance)).UTC()
	q.log.Warn("a job failed and will be tried again", append(attrs, "due", j.Due)...)
	return j
}

// try runs the handler once. A handler that panics has failed.
func (q *Queue) try(ctx context.Context, h Handler, j Job) (err error) {
	ctx, span := q.trace.Begin(ctx, "job "+j.Kind, "")
	defer func() { span.End(err, slog.Int("attempt", j.Attempts)) }()
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			q.log.Error("a job's handler panicked", "kind", j.Kind, "key", j.Key, "panic", r, "stack", string(debug.Stack()))
			err = errors.New("the handler panicked; the log says where")
		}
	}()
	return h.Do(ctx, j)
}

// settle changes the row of a job that was tried, if the lease is still this try's. While the store
// cannot be written it insists, for as long as the lease lasts; after that the job comes again. A node
// that stops does not stay for long.
func (q *Queue) settle(ctx context.Context, j Job, change func(*store.Tx, Job)) {
	limit, cancel := context.WithDeadline(context.WithoutCancel(ctx), j.LeasedUntil)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(5*time.Second, cancel) })
	defer stop()
	for {
		err := q.db.Update(limit, func(tx *store.Tx) error {
			if now, ok := Jobs.Get(tx, Jobs.Key(j)); ok && now.LeasedBy == j.LeasedBy {
				change(tx, now)
			}
			return nil
		})
		if err == nil {
			return
		}
		if sleep(limit, pause); limit.Err() != nil {
			q.log.Error("how a job went could not be written down; it will be done again", "kind", j.Kind, "key", j.Key, "error", err)
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func shorten(s string) string {
	if len(s) > maxError {
		return s[:maxError] + "…"
	}
	return s
}
