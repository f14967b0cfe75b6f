package main

import (
	"context"
	"errors"
	"fmt"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/term"
)

// Exit codes, as scripts rely on them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitDenied      = 4
	exitConflict    = 5
	exitUnavailable = 6
	exitProblems    = 7
	exitInterrupted = 130
)

// A failure is an error in the words of the command line: what failed, why, and what to type.
type failure struct {
	what string   // "listen on :80"; may be empty
	why  string   // one line
	note string   // a sentence below it; may be empty
	fix  []string // commands to type
	code int      // exit code; zero means exitFailed
}

// Error implements error.
func (f *failure) Error() string {
	if f.what == "" {
		return f.why
	}
	return fmt.Sprintf("cannot %s: %s", f.what, f.why)
}

// report prints err and returns the exit code.
func (s *session) report(err error) int {
	if errors.Is(err, context.Canceled) && s.ctx.Err() != nil {
		s.talk.Println("Interrupted.")
		return exitInterrupted
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{why: err.Error(), code: codeOf(err)}
	}
	if f.why != "" {
		s.talk.Printf("%s %s\n", s.talk.In(term.Red, "Error:"), f.Error())
	}
	if f.note != "" {
		s.talk.Printf("  %s\n", f.note)
	}
	for _, line := range f.fix {
		s.talk.Printf("    %s\n", s.talk.In(term.Bold, line))
	}
	if f.code == 0 {
		return exitFailed
	}
	return f.code
}

func codeOf(err error) int {
	switch fault.Of(err) {
	case fault.NotFound:
		return exitNotFound
	case fault.Unauthenticated, fault.Forbidden:
		return exitDenied
	case fault.Conflict:
		return exitConflict
	case fault.Unavailable, fault.Limited:
		return exitUnavailable
	default:
		return exitFailed
	}
}
