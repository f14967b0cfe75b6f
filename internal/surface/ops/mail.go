package ops

import (
	"net/http"
	"strconv"
	"time"

	"hexhub/internal/feature/mail"
	"hexhub/internal/kernel/fault"
)

// A Letter is one of the outbox, as operators see it.
type Letter struct {
	ID      string     `json:"id"`
	Kind    mail.Kind  `json:"kind"`
	To      []string   `json:"to"`
	At      time.Time  `json:"at"`
	State   mail.State `json:"state"`
	Error   string     `json:"error,omitempty"` // why it has not been sent
	SentAt  *time.Time `json:"sent_at,omitempty"`
	Subject string     `json:"subject,omitempty"` // this and the text only of one letter that was not sent
	Text    string     `json:"text,omitempty"`
}

func letterOf(e mail.Entry) Letter {
	return Letter{ID: e.ID, Kind: e.Kind, To: e.To, At: e.At, State: e.State, Error: e.Error, SentAt: e.SentAt}
}

// Letters are a part of the outbox, the newest first.
type Letters struct {
	Configured bool     `json:"configured"` // whether letters are sent at all
	Letters    []Letter `json:"letters"`
	Next       string   `json:"next,omitempty"` // what to give as after for the following part
}

const (
	lettersPage = 100
	lettersMost = 1000
)

// letters lists the outbox. The query may say limit, and after which letter to begin.
func (o *Ops) letters(r *http.Request) (any, error) {
	limit := lettersPage
	if text := r.URL.Query().Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return nil, fault.New(fault.Malformed, "limit must be a number of letters, not %q", text)
		}
	}
	page, next, err := o.Mail.Outbox(r.Context(), r.URL.Query().Get("after"), min(limit, lettersMost))
	if err != nil {
		return nil, err
	}
	out := Letters{Configured: o.Mail.Configured(), Letters: []Letter{}, Next: next}
	for _, e := range page {
		out.Letters = append(out.Letters, letterOf(e))
	}
	return out, nil
}

// letter shows the letter that the query names by its id.
func (o *Ops) letter(r *http.Request) (any, error) {
	e, msg, err := o.Mail.Read(r.Context(), r.URL.Query().Get("id"))
	if err != nil {
		return nil, err
	}
	out := letterOf(e)
	out.Subject, out.Text = msg.Subject, msg.Text
	return out, nil
}

func (o *Ops) sendLetter(r *http.Request) (any, error) {
	return nil, o.Operator.SendLetter(r.Context(), actor(r).By(), r.URL.Query().Get("id"))
}

func (o *Ops) deleteLetter(r *http.Request) (any, error) {
	return nil, o.Operator.DeleteLetter(r.Context(), actor(r).By(), r.URL.Query().Get("id"))
}

// A MailTest asks for a letter to an address.
type MailTest struct {
	To string `json:"to"`
}

// testMail sends a letter while the operator waits, and says what the server said when it does not take it.
func (o *Ops) testMail(r *http.Request) (any, error) {
	t, err := decode[MailTest](r)
	if err != nil {
		return nil, err
	}
	return nil, o.Operator.TestMail(r.Context(), actor(r).By(), t.To)
}
