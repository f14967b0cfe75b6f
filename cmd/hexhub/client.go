package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

// user is the query that names a user.
func user(name string) url.Values { return url.Values{"user": {name}} }

// problemOf turns what a node says of a problem into a failure; nil if that is nothing of the kind.
func problemOf(answer []byte) *failure {
	var p ops.Problem
	if err := json.Unmarshal(answer, &p); err != nil || p.Kind == "" {
		return nil
	}
	f := &failure{why: term.Clean(p.Message), code: codeOfKind(p.Kind)}
	if lines := fieldLines("", p.Fields); len(lines) > 0 {
		f.why, f.note = "this is not valid", strings.Join(lines, "\n  ")
		if exists(lines) {
			f.code = exitConflict
		}
	}
	if p.Kind == fault.Internal.String() {
		f.note = "request " + p.Request
	}
	return f
}

func codeOfKind(kind string) int {
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if k.String() == kind {
			return codeOf(fault.New(k, "%s", ""))
		}
	}
	return exitFailed
}

// exists reports whether what a server says of fields is that something is there already.
func exists(lines []string) bool {
	return slices.ContainsFunc(lines, func(l string) bool {
		return strings.Contains(l, "already") || strings.Contains(l, "--replace")
	})
}

// fieldLines writes nested messages as lines such as "emails.email: already in use", in order.
func fieldLines(prefix string, fields map[string]any) []string {
	var out []string
	for k, v := range fields {
		switch v := v.(type) {
		case map[string]any:
			out = append(out, fieldLines(prefix+k+".", v)...)
		default:
			out = append(out, fmt.Sprintf("%s%s: %s", prefix, term.Clean(k), term.Clean(fmt.Sprint(v))))
		}
	}
	slices.Sort(out)
	return out
}

// canAsk reports whether there is somebody to ask.
func (s *session) canAsk() bool { return term.New(s.in, "never").Terminal() }

// newPassword asks for a password twice at a terminal, or reads a line of stdin if told to. It never
// takes one from the command line, where others could see it.
func (s *session) newPassword(fromStdin bool) (string, error) {
	if fromStdin {
		return s.talk.ReadPassword("Password: ", s.in)
	}
	if !s.canAsk() {
		return "", &failure{
			what: "ask for a password", why: "stdin is not a terminal", note: "Pipe the password in:",
			fix: []string{os.Args[0] + " … --password-stdin < password-file"}, code: exitUsage,
		}
	}
	first, err := s.talk.ReadPassword("Password: ", s.in)
	if err != nil {
		return "", err
	}
	again, err := s.talk.ReadPassword("Once more: ", s.in)
	if err != nil {
		return "", err
	}
	if first != again {
		return "", &failure{what: "set the password", why: "the two are not the same"}
	}
	return first, nil
}

// done tells that something was done: a sentence for people, the id alone when quiet, or JSON.
func (s *session) done(id, key string, value any, sentence string, args ...any) error {
	switch {
	case s.JSON:
		return s.json(map[string]any{key: value})
	case s.Quiet:
		_, err := fmt.Fprintln(s.out, term.Clean(id))
		return err
	}
	_, err := fmt.Fprintf(s.out, sentence+"\n", args...)
	return err
}

// doneAll is done for several things, whose ids are printed a line each when quiet.
func (s *session) doneAll(ids []string, key string, value any, sentence string, args ...any) error {
	if s.JSON || !s.Quiet {
		return s.done("", key, value, sentence, args...)
	}
	for _, id := range ids {
		if _, err := fmt.Fprintln(s.out, term.Clean(id)); err != nil {
			return err
		}
	}
	return nil
}

// list prints things as a table, one id a line when quiet, or JSON.
func (s *session) list(key string, value any, heading []string, rows [][]string) error {
	switch {
	case s.JSON:
		return s.json(map[string]any{key: value})
	case s.Quiet:
		for _, row := range rows {
			if _, err := fmt.Fprintln(s.out, term.Clean(row[0])); err != nil {
				return err
			}
		}
		return nil
	}
	s.paint.Table(append([][]string{heading}, rows...))
	return nil
}

// words are the public ones of a fault, else those of the error.
func words(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Message != "" {
		return f.Message
	}
	return err.Error()
}
