package main

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/kernel/wholefile"
	"hexhub/internal/surface/ops"
)

type auditCmd struct {
	List   auditListCmd   `cmd:"" help:"List deeds, the newest first."`
	Export auditExportCmd `cmd:"" help:"Write deeds as lines of JSON, the newest first."`
	Verify auditVerifyCmd `cmd:"" help:"Read every sealed part of the log, and tell what is missing or was changed."`
}

// An auditRange says which deeds are meant.
type auditRange struct {
	Ref     string `xor:"ref" placeholder:"REF" help:"What they concern, as the log names it: user:ID, org:NAME, package:REPOSITORY/NAME."`
	User    string `xor:"ref" placeholder:"NAME" help:"Whom they concern: username, or verified e-mail address."`
	Org     string `xor:"ref" placeholder:"NAME" help:"Which organization they concern."`
	Package string `xor:"ref" placeholder:"REPOSITORY/NAME" help:"Which package they concern."`
	Since   string `placeholder:"TIME" help:"From when on: 2026-11-24, 2026-11-24T10:00:00Z, or an age such as 7d."`
	Until   string `placeholder:"TIME" help:"Until when, likewise."`
}

func (a auditRange) query() (url.Values, error) {
	q := url.Values{}
	for name, value := range map[string]string{"ref": a.Ref, "user": a.User, "org": a.Org, "package": a.Package} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for _, x := range []struct{ flag, field, text string }{{"since", "from", a.Since}, {"until", "to", a.Until}} {
		if x.text == "" {
			continue
		}
		at, err := moment(x.text, time.Now())
		if err != nil {
			return nil, &failure{why: "--" + x.flag + ": " + err.Error(), fix: []string{"hexhub audit list --" + x.flag + " 7d"}, code: exitUsage}
		}
		q.Set(x.field, at.UTC().Format(time.RFC3339))
	}
	return q, nil
}

// moment reads a day, a time, or how long ago it was.
func moment(text string, now time.Time) (time.Time, error) {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	if age, err := access.ParseAge(text); err == nil {
		return now.Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write it like 2026-11-24, 2026-11-24T10:00:00Z or 7d", text)
}

type auditListCmd struct {
	target     `embed:""`
	auditRange `embed:""`
	Action     string `placeholder:"ACTION" help:"Only such deeds: key.generate, or a family of them, key. with a dot at its end."`
	After      string `placeholder:"ID" help:"Go on behind the entry with this id, as a list names it that has more."`
	Limit      int    `default:"100" placeholder:"N" help:"How many, 1000 at most."`
}

// Run lists entries.
func (c auditListCmd) Run(s *session) error {
	query, err := c.query()
	if err != nil {
		return err
	}
	query.Set("limit", strconv.Itoa(c.Limit))
	for name, value := range map[string]string{"action": c.Action, "after": c.After} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var page ops.AuditPage
	if err := c.ask(s, "GET", "audit", query, nil, &page); err != nil {
		return err
	}
	if s.JSON {
		return s.json(map[string]any{"entries": page.Entries, "next": page.Next})
	}
	rows := [][]string{}
	for _, e := range page.Entries {
		rows = append(rows, []string{e.ID, e.At.UTC().Format("2006-01-02 15:04:05"), e.Action, doer(e.By), e.By.IP, subjects(e)})
	}
	if err := s.list("entries", page.Entries, []string{"ID", "WHEN", "ACTION", "BY", "FROM", "ABOUT"}, rows); err != nil {
		return err
	}
	if page.Next != "" && !s.Quiet {
		s.talk.Println("There are older ones; --after " + page.Next + " goes on.")
	}
	return nil
}

// doer says who did something, and with which key.
func doer(by audit.By) string {
	who := by.Username
	if who == "" {
		who = by.Org
	}
	if by.KeyName != "" {
		who += " (key " + by.KeyName + ")"
	}
	return who
}

// subjects says what an entry is about: names where its params have them, else references.
func subjects(e audit.Entry) string {
	var out []string
	for _, field := range []string{"package", "release", "user", "organization", "name", "email", "setting", "version"} {
		switch v := e.Params[field].(type) {
		case string:
			out = append(out, v)
		case map[string]any:
			for _, name := range []string{"name", "username", "version"} {
				if text, ok := v[name].(string); ok {
					out = append(out, text)
					break
				}
			}
		}
	}
	if len(out) == 0 {
		return strings.Join(e.Refs, " ")
	}
	return strings.Join(slices.Compact(out), " ")
}

type auditExportCmd struct {
	target     `embed:""`
	auditRange `embed:""`
	Output     string `short:"o" placeholder:"FILE" help:"Where to write them; an existing file is replaced once all is there. Default: stdout."`
}

// Run copies the lines as the server writes them. A file appears only when it is whole.
func (c auditExportCmd) Run(s *session) error {
	query, err := c.query()
	if err != nil {
		return err
	}
	l, err := c.link(s)
	if err != nil {
		return err
	}
	resp, err := l.operate("GET", "audit/export", query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if c.Output == "" {
		if _, err := io.Copy(s.out, resp.Body); err != nil {
			return l.cutShort(err)
		}
		return nil
	}
	lines := &lineCounter{}
	if err := wholefile.Replace(c.Output, io.TeeReader(resp.Body, lines), 0o600); err != nil {
		return l.cutShort(err)
	}
	return s.done(c.Output, "export", map[string]any{"file": c.Output, "entries": lines.n}, "Wrote %d entries to %s.", lines.n, c.Output)
}

// cutShort says that an export is not whole.
func (l *link) cutShort(err error) error {
	if l.s.ctx.Err() != nil {
		return l.s.ctx.Err()
	}
	return &failure{what: "export the audit log", why: "it ended before it was whole: " + err.Error(), fix: []string{"hexhub audit verify"}}
}

// A lineCounter counts the lines that are written to it.
type lineCounter struct{ n int }

// Write implements io.Writer.
func (c *lineCounter) Write(b []byte) (int, error) {
	c.n += bytes.Count(b, []byte("\n"))
	return len(b), nil
}

type auditVerifyCmd struct {
	target `embed:""`
}

// Run verifies the log, and fails if something is wrong with it.
func (c auditVerifyCmd) Run(s *session) error {
	var v audit.Verification
	if err := c.ask(s, "GET", "audit/verify", nil, nil, &v); err != nil {
		return err
	}
	sentence := fmt.Sprintf("%d entries in %d sealed segments and %d in rows; the last segment is %s. Note it down: it tells later whether one was cut off.", v.Entries, v.Segments, v.Rows, v.Head)
	if v.Segments == 0 {
		sentence = fmt.Sprintf("Nothing is sealed yet; %d entries are in rows.", v.Rows)
	}
	if err := s.done(v.Head.String(), "verification", v, "%s", sentence); err != nil {
		return err
	}
	if len(v.Problems) > 0 {
		return &failure{why: "the audit log is damaged, or was changed", note: strings.Join(v.Problems, "\n  "), code: exitProblems}
	}
	return nil
}
