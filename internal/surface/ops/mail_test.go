package ops_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/ops"
)

func get[T any](w *world, target string) T {
	w.Helper()
	var v T
	if err := json.Unmarshal([]byte(w.local(200, "GET", target, "")), &v); err != nil {
		w.Fatal(err)
	}
	return v
}

func (w *world) write(to string) {
	w.Helper()
	err := w.deps.DB.Update(w.Context(), func(tx *store.Tx) error {
		w.deps.Mail.SendTx(tx, mail.Letter{
			Kind: mail.ResetPassword, To: []string{to}, Params: map[string]string{"username": "ann", "token": "canary"},
		}, time.Now())
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

// Where nothing can be sent, the operator reads the letters, and nobody who reads the log does.
func TestOperatorReadsTheOutbox(t *testing.T) {
	w := newWorld(t)
	w.write("ann@example.com")
	w.write("bob@example.com")
	first := get[ops.Letters](w, "/operator/letters?limit=1")
	if first.Configured || len(first.Letters) != 1 || first.Next == "" || first.Letters[0].To[0] != "bob@example.com" || first.Letters[0].State != mail.Resting {
		t.Fatalf("the newest letter is %+v", first)
	}
	second := get[ops.Letters](w, "/operator/letters?after="+first.Next)
	if len(second.Letters) != 1 || second.Next != "" || second.Letters[0].Text != "" {
		t.Fatalf("the others are %+v", second)
	}
	one := "/operator/letter?id=" + second.Letters[0].ID
	if l := get[ops.Letter](w, one); !strings.Contains(l.Text, "key=canary") || l.Subject != "[acme] Choose a new password" {
		t.Errorf("the letter is %+v", l)
	}
	w.local(409, "POST", one, "")
	w.local(200, "DELETE", one, "")
	w.local(404, "GET", one, "")
	w.local(404, "DELETE", one, "")
	w.local(400, "GET", "/operator/letters?limit=many", "")
	w.local(409, "POST", "/operator/mail/test", `{"to":"ann@example.com"}`)
	if log := w.log.String(); strings.Contains(log, "canary") {
		t.Errorf("a letter is in the log: %s", log)
	}
}

func TestTestLetterTellsWhatTheServerSays(t *testing.T) {
	w := newWorld(t)
	server := mailtest.Server{Answer: func(verb, arg string) string {
		if verb == "RCPT" && strings.Contains(arg, "nobody") {
			return "550 who is that?"
		}
		return ""
	}}
	w.deps.Mail.From, w.deps.Mail.Transport = "hub@example.com", &mail.SMTP{Addr: server.Start(t), Security: mail.Plain}
	w.local(200, "POST", "/operator/mail/test", `{"to":"ann@example.com"}`)
	if got := server.Got(); len(got) != 1 || got[0].To != "ann@example.com" {
		t.Errorf("the server got %v", got)
	}
	if answer := w.local(503, "POST", "/operator/mail/test", `{"to":"nobody@example.com"}`); !strings.Contains(answer, "who is that?") {
		t.Errorf("the operator is told %s", answer)
	}
}

func TestOperatorLooksAfterJobs(t *testing.T) {
	w := newWorld(t)
	w.write("ann@example.com")
	if err := w.deps.DB.Update(t.Context(), func(tx *store.Tx) error {
		job.EnqueueTx(tx, "unpack", "decimal", map[string]string{"secret": "canary"}, time.Now())
		j, _ := job.Find(tx, "unpack", "decimal")
		j.Dead, j.Error, j.Attempts = true, "broken", 3
		job.Jobs.Put(tx, j)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	jobs := get[[]ops.Job](w, "/operator/jobs")
	if len(jobs) != 2 || jobs[0].Kind != "unpack" || jobs[0].State != "dead" || jobs[0].Error != "broken" || jobs[1].State != "waiting" {
		t.Fatalf("the jobs are %+v", jobs)
	}
	w.local(200, "POST", "/operator/job/retry?id="+jobs[0].ID, "")
	w.local(404, "POST", "/operator/job/retry?id="+jobs[0].ID, "") // it has another name now
	if j, _ := job.Find(w.deps.DB.View(), "unpack", "decimal"); j.Dead || j.Attempts != 0 {
		t.Errorf("the job is %+v", j)
	}
	w.local(200, "DELETE", "/operator/job?id="+jobs[1].ID, "")
	if left := get[[]ops.Job](w, "/operator/jobs"); len(left) != 1 || left[0].State != "waiting" {
		t.Errorf("left are %+v", left)
	}
}
