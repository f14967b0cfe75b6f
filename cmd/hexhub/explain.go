package main

import (
	"cmp"
	"net/url"
	"time"

	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type adminExplainCmd struct {
	target  `embed:""`
	Request string `arg:"" help:"Id of the request, as X-Request-Id and pages tell it."`
}

// Run tells of a refusal.
func (c adminExplainCmd) Run(s *session) error {
	var e ops.Explanation
	if err := c.ask(s, "GET", "refusal", url.Values{"id": {c.Request}}, nil, &e); err != nil {
		return err
	}
	return s.done(e.Rule, "refusal", e, "%s %s was answered %d on %s at %s.\n  Who   %s, from %s\n  Why   %s\n  Rule  %s\n  Do    %s",
		term.Clean(e.Method), term.Clean(e.Path), e.Status, term.Clean(e.Node), e.At.Format(time.DateTime),
		term.Clean(cmp.Or(e.Actor, "nobody known")), e.IP, term.Clean(e.Why), e.Rule, e.Todo)
}
