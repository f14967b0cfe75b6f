package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
)

const kind = "greet"

func open(t *testing.T, log store.Log) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), log, store.Options{}, job.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func enqueue(t *testing.T, db *store.DB, key string, payload any, due time.Time) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		job.EnqueueTx(tx, kind, key, payload, due)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a queue with one handler until the returned function stops it.
func run(t *testing.T, db *store.DB, h job.Handler) (q *job.Queue, stop func()) {
	t.Helper()
	q = job.New(db, job.Options{})
	q.Handle(kind, h)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := q.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return q, stop
}

// A log of what was done, and when.
type diary struct {
	mu    sync.Mutex // guards all below
	lines []string
	times []time.Time
}

func (d *diary) write(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
	d.times = append(d.times, time.Now())
}

func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.lines...)
}

// payload reads what is to be done as text.
func payload(t *testing.T, j job.Job) string {
	t.Helper()
	var s string
	if err := j.Decode(&s); err != nil {
		t.Error(err)
	}
	return s
}

func wantLines(t *testing.T, d *diary, want ...string) {
	t.Helper()
	synctest.Wait()
	if got := d.read(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("done: %q, want %q", got, want)
	}
}

func wantNoJobs(t *testing.T, db *store.DB) {
	t.Helper()
	synctest.Wait()
	for j := range job.Jobs.All(db.View()) {
		t.Errorf("a job is left: %+v", j)
	}
}

func theJob(t *testing.T, db *store.DB, key string) job.Job {
	t.Helper()
	synctest.Wait()
	j, ok := job.Find(db.View(), kind, key)
	if !ok {
		t.Fatalf("there is no job %s", key)
	}
	return j
}

func TestWhatIsCommittedIsDoneAndGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var d diary
		run(t, db, job.Handler{Do: func(_ context.Context, j job.Job) error {
			d.write("%s %s", j.Key, payload(t, j))
			return nil
		}})
		synctest.Wait()
		enqueue(t, db, "ann", "hello", time.Now())
		wantLines(t, &d, "ann hello")
		wantNoJobs(t, db)

		err := db.Update(t.Context(), func(tx *store.Tx) error {
			job.EnqueueTx(tx, kind, "bob", "hello", time.Now())
			return errors.New("thought better of it")
		})
		if err == nil {
			t.Fatal("the update did not fail")
		}
		wantLines(t, &d, "ann hello")
	})
}

func TestNothingBeginsBeforeItIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var d diary
		run(t, db, job.Handler{Do: func(_ context.Context, j job.Job) error { d.write("%s", j.Key); return nil }})
		enqueue(t, db, "late", nil, time.Now().Add(2*time.Hour))
		enqueue(t, db, "soon", nil, time.Now().Add(time.Hour))
		time.Sleep(time.Hour - time.Millisecond)
		wantLines(t, &d)
		time.Sleep(time.Millisecond)
		wantLines(t, &d, "soon")
		time.Sleep(time.Hour)
		wantLines(t, &d, "soon", "late")
	})
}

func TestWorkSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := store.NewMemory()
		first := open(t, log)
		enqueue(t, first, "ann", "hello", time.Now())
		first.Close()

		var d diary
		second := open(t, log)
		run(t, second, job.Handler{Do: func(_ context.Context, j job.Job) error { d.write("%s %s", j.Key, payload(t, j)); return nil }})
		wantLines(t, &d, "ann hello")
		wantNoJobs(t, second)
	})
}

// A node that stops gives its job back at once, and the try does not count.
func TestStoppingCountsAsNoTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		_, stop := run(t, db, job.Handler{Tries: 1, Do: func(ctx context.Context, _ job.Job) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		enqueue(t, db, "ann", "hello", time.Now())
		if j := theJob(t, db, "ann"); j.LeasedBy == "" || j.Attempts != 1 {
			t.Fatalf("the job is not being done: %+v", j)
		}
		stop()
		if j := theJob(t, db, "ann"); j.LeasedBy != "" || j.Attempts != 0 || j.Dead {
			t.Fatalf("after the stop the job is %+v", j)
		}
		var d diary
		run(t, db, job.Handler{Tries: 1, Do: func(_ context.Context, j job.Job) error { d.write("%s", j.Key); return nil }})
		wantLines(t, &d, "ann")
	})
}

func TestOneOfTwoNodesGetsAJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := store.NewMemory()
		a, b := open(t, log), open(t, log)
		var mu sync.Mutex
		done := map[string]int{}
		h := job.Handler{Workers: 5, Do: func(_ context.Context, j job.Job) error {
			mu.Lock()
			defer mu.Unlock()
			done[j.Key]++
			return nil
		}}
		run(t, a, h)
		run(t, b, h)
		const n = 100
		for i := range n {
			enqueue(t, a, fmt.Sprint(i), nil, time.Now())
		}
		wantNoJobs(t, a)
		wantNoJobs(t, b)
		mu.Lock()
		defer mu.Unlock()
		if len(done) != n {
			t.Errorf("%d jobs were done, want %d", len(done), n)
		}
		for key, times := range done {
			if times != 1 {
				t.Errorf("job %s was done %d times", key, times)
			}
		}
	})
}

// A node that dies in the middle of a job says nothing more; its lease runs out, and another node
// does the job. If it was only slow, what it says later is not heard.
func TestLeaseOfADeadNodeRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := store.NewMemory()
		a, b := open(t, log), open(t, log)
		var d diary
		wake := make(chan struct{})
		run(t, a, job.Handler{Workers: 1, Timeout: time.Minute, Do: func(context.Context, job.Job) error {
			d.write("a begins")
			<-wake // deaf to its context
			return errors.New("too late")
		}})
		enqueue(t, a, "ann", nil, time.Now())
		wantLines(t, &d, "a begins")

		finish := make(chan struct{})
		run(t, b, job.Handler{Timeout: time.Hour, Do: func(context.Context, job.Job) error {
			d.write("b begins")
			<-finish
			return nil
		}})
		time.Sleep(80 * time.Second)
		wantLines(t, &d, "a begins")
		time.Sleep(20 * time.Second)
		wantLines(t, &d, "a begins", "b begins")

		close(wake)
		if j := theJob(t, b, "ann"); j.Attempts != 2 || j.Error != "" || j.LeasedBy == "" {
			t.Errorf("a disturbed the job that b has: %+v", j)
		}
		close(finish)
		wantNoJobs(t, b)
	})
}

// What kills every node that touches it ends all the same.
func TestJobThatNeverReturnsIsDeadAfterItsTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		enqueue(t, db, "ann", nil, time.Now())
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			j, _ := job.Find(tx, kind, "ann")
			j.Attempts, j.LeasedBy, j.LeasedUntil = 2, "a node that died", time.Now().Add(time.Minute)
			job.Jobs.Put(tx, j)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		var d diary
		run(t, db, job.Handler{Tries: 2, Do: func(_ context.Context, j job.Job) error { d.write("%s", j.Key); return nil }})
		time.Sleep(59 * time.Second)
		if j := theJob(t, db, "ann"); j.Dead {
			t.Error("the job is dead while its lease lasts")
		}
		time.Sleep(time.Second)
		if j := theJob(t, db, "ann"); !j.Dead || j.Error == "" || j.LeasedBy != "" {
			t.Errorf("the job is %+v, want it dead", j)
		}
		wantLines(t, &d)
	})
}

func TestFailuresWaitLongerAndLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var d diary
		run(t, db, job.Handler{Tries: 12, First: 10 * time.Second, Do: func(_ context.Context, j job.Job) error {
			d.write("%d", j.Attempts)
			if j.Attempts < 12 {
				return errors.New("not today")
			}
			return nil
		}})
		enqueue(t, db, "ann", nil, time.Now())
		if j := theJob(t, db, "ann"); j.Error != "not today" || j.LeasedBy != "" || j.Attempts != 1 {
			t.Errorf("after the first failure the job is %+v", j)
		}
		time.Sleep(24 * time.Hour)
		wantLines(t, &d, "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12")
		for i, want := 1, 10*time.Second; i < len(d.times); i, want = i+1, min(2*want, time.Hour) {
			if got := d.times[i].Sub(d.times[i-1]); got > want || got < want/2 {
				t.Errorf("after failure %d it waited %s, want between half of %s and the whole", i, got, want)
			}
		}
		wantNoJobs(t, db)
	})
}

func TestJobsOfOneKeyAreOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		enqueue(t, db, "ann", "first", time.Now().Add(time.Hour))
		enqueue(t, db, "ann", "second", time.Now().Add(time.Minute))
		enqueue(t, db, "ann", "third", time.Now().Add(2*time.Hour))
		var d diary
		start := time.Now()
		run(t, db, job.Handler{Do: func(_ context.Context, j job.Job) error { d.write("%s", payload(t, j)); return nil }})
		time.Sleep(24 * time.Hour)
		wantLines(t, &d, "third")
		if got := d.times[0].Sub(start); got != time.Minute {
			t.Errorf("it was done after %s, want the earliest time asked for", got)
		}
		wantNoJobs(t, db)
	})
}

func TestAskedForAgainWhileItRunsItRunsOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var d diary
		proceed := make(chan error)
		run(t, db, job.Handler{Workers: 4, Do: func(_ context.Context, j job.Job) error {
			d.write("%s", payload(t, j))
			return <-proceed
		}})
		enqueue(t, db, "ann", "old", time.Now())
		wantLines(t, &d, "old")
		enqueue(t, db, "ann", "newer", time.Now())
		enqueue(t, db, "ann", "newest", time.Now())
		wantLines(t, &d, "old") // never two at once
		proceed <- errors.New("even if the first one fails")
		wantLines(t, &d, "old", "newest")
		if j := theJob(t, db, "ann"); j.Attempts != 1 || j.Error != "" {
			t.Errorf("the later job has the earlier one's past: %+v", j)
		}
		proceed <- nil
		wantNoJobs(t, db)
		wantLines(t, &d, "old", "newest")
	})
}

func TestDeadJobsRestForAHuman(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var d diary
		var answer atomic.Pointer[error]
		say := func(err error) { answer.Store(&err) }
		say(errors.New("broken"))
		q, _ := run(t, db, job.Handler{Tries: 3, Do: func(_ context.Context, j job.Job) error {
			d.write("%s", j.Key)
			return *answer.Load()
		}})
		enqueue(t, db, "ann", "hello", time.Now())
		time.Sleep(time.Hour)
		wantLines(t, &d, "ann", "ann", "ann")
		dead := theJob(t, db, "ann")
		if !dead.Dead || dead.Error != "broken" || dead.Attempts != 3 {
			t.Errorf("after its tries the job is %+v", dead)
		}

		say(job.Permanent(errors.New("hopeless")))
		if err := q.Retry(t.Context(), dead.ID); err != nil {
			t.Fatal(err)
		}
		if j := theJob(t, db, "ann"); !j.Dead || j.Error != "hopeless" || j.Attempts != 1 {
			t.Errorf("after a failure for ever the job is %+v", j)
		}
		if err := q.Retry(t.Context(), dead.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the old id still works: %v", err)
		}

		say(nil)
		if err := q.Retry(t.Context(), theJob(t, db, "ann").ID); err != nil {
			t.Fatal(err)
		}
		wantNoJobs(t, db)
		wantLines(t, &d, "ann", "ann", "ann", "ann", "ann")

		say(job.Permanent(errors.New("hopeless")))
		enqueue(t, db, "bob", nil, time.Now())
		if err := q.Delete(t.Context(), theJob(t, db, "bob").ID); err != nil {
			t.Fatal(err)
		}
		wantNoJobs(t, db)

		enqueue(t, db, "eve", nil, time.Now())
		theJob(t, db, "eve")
		say(nil)
		enqueue(t, db, "eve", nil, time.Now()) // asked for anew, a dead job lives
		wantNoJobs(t, db)
	})
}

func TestHandlerThatPanicsHasFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		run(t, db, job.Handler{Tries: 1, Do: func(context.Context, job.Job) error { panic("canary") }})
		enqueue(t, db, "ann", nil, time.Now())
		if j := theJob(t, db, "ann"); !j.Dead || j.Error == "" {
			t.Errorf("the job is %+v", j)
		}
	})
}

func TestHandlersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var running, most atomic.Int32
		run(t, db, job.Handler{Workers: 3, Do: func(context.Context, job.Job) error {
			now := running.Add(1)
			defer running.Add(-1)
			for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
			}
			time.Sleep(time.Second)
			return nil
		}})
		for i := range 10 {
			enqueue(t, db, fmt.Sprint(i), nil, time.Now())
		}
		time.Sleep(10 * time.Second)
		wantNoJobs(t, db)
		if got := most.Load(); got != 3 {
			t.Errorf("%d handlers ran at once, want 3", got)
		}
	})
}

func TestReadOnlyStoreDelaysWorkAndLosesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var d diary
		begun := make(chan struct{})
		run(t, db, job.Handler{Do: func(_ context.Context, j job.Job) error {
			d.write("%s", j.Key)
			begun <- struct{}{}
			return nil
		}})
		enqueue(t, db, "ann", nil, time.Now())
		enqueue(t, db, "bob", nil, time.Now().Add(time.Second))
		synctest.Wait()
		db.SetReadOnly(fault.New(fault.Unavailable, "full"))
		<-begun
		time.Sleep(10 * time.Second)
		wantLines(t, &d, "ann")
		db.SetReadOnly(nil)
		<-begun
		time.Sleep(2 * time.Second)
		wantLines(t, &d, "ann", "bob")
		wantNoJobs(t, db)
	})
}

// Jobs of a kind that this binary does not know wait for one that does.
func TestUnknownKindsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var d diary
		enqueue(t, db, "ann", nil, time.Now())
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			for _, k := range []string{"gree", "greet-2", "greets"} {
				job.EnqueueTx(tx, k, "x", nil, time.Now())
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		run(t, db, job.Handler{Do: func(_ context.Context, j job.Job) error { d.write("%s %s", j.Kind, j.Key); return nil }})
		time.Sleep(time.Hour)
		wantLines(t, &d, "greet ann")
	})
}

func TestCancelledJobIsNotDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		var d diary
		run(t, db, job.Handler{Do: func(_ context.Context, j job.Job) error { d.write("%s", j.Key); return nil }})
		enqueue(t, db, "ann", nil, time.Now().Add(time.Minute))
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			if !job.CancelTx(tx, kind, "ann") || job.CancelTx(tx, kind, "bob") {
				t.Error("CancelTx does not tell what it found")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		wantLines(t, &d)
	})
}

func TestJobsAreCountedByState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, store.NewMemory())
		enqueue(t, db, "bad", nil, time.Now())
		enqueue(t, db, "slow", nil, time.Now())
		enqueue(t, db, "later", nil, time.Now().Add(time.Hour))
		begun := make(chan struct{})
		_, stop := run(t, db, job.Handler{Workers: 2, Do: func(ctx context.Context, j job.Job) error {
			if j.Key == "bad" {
				return job.Permanent(errors.New("no"))
			}
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		}})
		q := job.New(db, job.Options{}) // another node's
		q.Handle("idle", job.Handler{Do: func(context.Context, job.Job) error { return nil }})
		<-begun
		synctest.Wait()
		got := q.Count(db.View(), time.Now())
		if want := (job.Count{Waiting: 1, Running: 1, Dead: 1}); got[kind] != want || got["idle"] != (job.Count{}) || len(got) != 2 {
			t.Errorf("counted %+v, want %+v of %s and none of idle", got, want, kind)
		}
		stop()
	})
}

// What a node had when its process died is done as soon as it runs again, or once it is known to be gone.
func TestJobsOfANodeThatIsGoneReturnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := store.NewMemory()
		db := open(t, log)
		var d diary
		forever := make(chan struct{})
		queue := func(node string, do func(context.Context, job.Job) error) {
			q := job.New(db, job.Options{Node: node})
			q.Handle(kind, job.Handler{Workers: 1, Timeout: time.Hour, Do: do})
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- q.Run(ctx) }()
			t.Cleanup(func() {
				cancel()
				<-ended
			})
		}
		hang := func(node string) func(context.Context, job.Job) error {
			return func(context.Context, job.Job) error {
				d.write("%s begins", node)
				<-forever // deaf to its context
				return nil
			}
		}
		defer close(forever)
		queue("a", hang("a"))
		enqueue(t, db, "ann", nil, time.Now())
		wantLines(t, &d, "a begins")
		queue("aa", hang("aa")) // whose name only begins alike
		wantLines(t, &d, "a begins")
		if err := job.Return(t.Context(), db, "a"); err != nil {
			t.Fatal(err)
		}
		wantLines(t, &d, "a begins", "aa begins")
		queue("aa", func(context.Context, job.Job) error { // started anew
			d.write("aa again")
			return nil
		})
		wantLines(t, &d, "a begins", "aa begins", "aa again")
		wantNoJobs(t, db)
	})
}
