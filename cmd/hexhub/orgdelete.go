package main

import (
	"fmt"
	"strings"

	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type orgDeleteCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Name of the organization."`
	DryRun bool   `help:"Only say what would end."`
}

// Run deletes the organization once its name was typed, or with --yes.
func (c orgDeleteCmd) Run(s *session) error {
	var e ops.Ending
	if err := c.ask(s, "GET", "org/ending", inOrg(c.Name), nil, &e); err != nil {
		return err
	}
	if len(e.Packages) > 0 {
		return &failure{
			what: "delete " + term.Clean(c.Name), why: fmt.Sprintf("it still has %d packages: %s", len(e.Packages), term.Clean(strings.Join(e.Packages[:min(5, len(e.Packages))], ", "))),
			note: "It stays for as long as it has any. Take back the versions that can be taken back, and give public packages to other owners.", code: exitConflict,
		}
	}
	if !s.Quiet && !s.JSON {
		s.talk.Println(c.preview(e))
	}
	if c.DryRun {
		return s.planned(c.Name, "ending", e)
	}
	if err := s.agree("org delete", c.Name, "nothing was deleted: that is not the name"); err != nil {
		return err
	}
	if err := c.ask(s, "DELETE", "org", inOrg(c.Name), nil, nil); err != nil {
		return err
	}
	return s.done(c.Name, "deleted", c.Name, "%s is deleted. Its name stays reserved.", term.Clean(c.Name))
}

// preview says what ends.
func (c orgDeleteCmd) preview(e ops.Ending) string {
	return fmt.Sprintf("This deletes %s with its repository, and cannot be undone. With it end:\n  memberships   %d\n  API keys      %d\n  invitations   %d\n  policies      %d\nIts name stays reserved.",
		term.Clean(c.Name), e.Members, e.Keys, e.Invitations, e.Policies)
}
