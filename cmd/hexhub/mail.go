package main

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type adminMailCmd struct {
	List   mailListCmd   `cmd:"" default:"withargs" help:"List letters, the newest first."`
	Show   mailShowCmd   `cmd:"" help:"Print a letter that was not sent."`
	Send   mailSendCmd   `cmd:"" help:"Send a letter that rests or failed, at once."`
	Delete mailDeleteCmd `cmd:"" help:"Take a letter back."`
	Test   mailTestCmd   `cmd:"" help:"Send a test letter, and say what the mail server answers."`
}

type mailListCmd struct {
	target `embed:""`
	Limit  int `default:"100" placeholder:"N" help:"How many."`
}

// Run lists the outbox.
func (c mailListCmd) Run(s *session) error {
	var got ops.Letters
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if err := c.ask(s, "GET", "letters", query, nil, &got); err != nil {
		return err
	}
	rows := [][]string{}
	for _, l := range got.Letters {
		state := string(l.State)
		if l.Error != "" {
			state += ": " + l.Error
		}
		rows = append(rows, []string{l.ID, minute(l.At), strings.Join(l.To, ", "), string(l.Kind), state})
	}
	if !got.Configured && !s.JSON && !s.Quiet {
		s.talk.Println("Mail is not sent: mail.smtp is not set. Letters rest here, and hexhub admin mail show ID prints one.")
	}
	if err := s.list("letters", got.Letters, []string{"ID", "WHEN", "TO", "KIND", "STATE"}, rows); err != nil {
		return err
	}
	if got.Next != "" && !s.JSON && !s.Quiet {
		s.talk.Println("There are older ones; --limit shows more.")
	}
	return nil
}

// minute is a time as tables show it.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// byID is the query that names a letter or a job.
func byID(id string) url.Values { return url.Values{"id": {id}} }

type mailShowCmd struct {
	target `embed:""`
	ID     string `arg:"" help:"As hexhub admin mail lists it."`
}

// Run prints a letter.
func (c mailShowCmd) Run(s *session) error {
	var l ops.Letter
	if err := c.ask(s, "GET", "letter", byID(c.ID), nil, &l); err != nil {
		return err
	}
	switch {
	case s.JSON:
		return s.json(map[string]any{"letter": l})
	case l.Text == "":
		return &failure{what: "show the letter", why: "it was sent, and what it said was dropped then", code: exitNotFound}
	}
	s.paint.Printf("To: %s\nDate: %s\nSubject: %s\n\n", term.Clean(strings.Join(l.To, ", ")), minute(l.At), term.Clean(l.Subject))
	for line := range strings.Lines(l.Text) {
		s.paint.Println(term.Clean(strings.TrimRight(line, "\n")))
	}
	return nil
}

type mailSendCmd struct {
	target `embed:""`
	ID     string `arg:"" help:"As hexhub admin mail lists it."`
}

// Run has a letter sent.
func (c mailSendCmd) Run(s *session) error {
	if err := c.ask(s, "POST", "letter", byID(c.ID), nil, nil); err != nil {
		return err
	}
	return s.done(c.ID, "sent", c.ID, "It is sent now; hexhub admin mail tells how that went.")
}

type mailDeleteCmd struct {
	target `embed:""`
	ID     string `arg:"" help:"As hexhub admin mail lists it."`
}

// Run deletes a letter.
func (c mailDeleteCmd) Run(s *session) error {
	if err := c.ask(s, "DELETE", "letter", byID(c.ID), nil, nil); err != nil {
		return err
	}
	return s.done(c.ID, "deleted", c.ID, "Deleted.")
}

type mailTestCmd struct {
	target  `embed:""`
	Address string `arg:"" help:"Whom to write to."`
}

// Run sends a test letter.
func (c mailTestCmd) Run(s *session) error {
	if err := c.ask(s, "POST", "mail/test", nil, ops.MailTest{To: c.Address}, nil); err != nil {
		return err
	}
	return s.done(c.Address, "to", c.Address, "The mail server took a letter to %s. Look whether it arrives.", term.Clean(c.Address))
}
