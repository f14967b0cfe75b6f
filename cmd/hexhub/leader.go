package main

import (
	"net/url"

	"hexhub/internal/surface/ops"
)

type clusterTransferCmd struct {
	target `embed:""`
	Name   string `arg:"" optional:"" help:"Who is to lead, as hexhub cluster members lists it. Default: the other node that has caught up best."`
	DryRun bool   `help:"Only say who would lead."`
}

// Run has another node lead, after saying which.
func (c clusterTransferCmd) Run(s *session) error {
	var p ops.Succession
	if err := c.ask(s, "GET", "nodes/leader", url.Values{"name": {c.Name}}, nil, &p); err != nil {
		return err
	}
	if !s.Quiet && !s.JSON {
		s.talk.Printf("%s leads now. After it: %s, at revision %s.\n", leaderText(p.From), p.To.Name, thousands(p.To.Revision))
		s.talk.Printf("  The chores of the whole registry go with it. Writes wait a moment for it; nothing acknowledged is lost.\n")
	}
	if c.DryRun {
		return s.planned(p.To.Name, "succession", p)
	}
	if err := s.agree("cluster transfer-leader", p.To.Name, "the leader stays"); err != nil {
		return err
	}
	if err := c.ask(s, "PUT", "nodes/leader", url.Values{"name": {p.To.ID}}, nil, &p); err != nil {
		return err
	}
	return s.done(p.To.Name, "succession", p, "%s leads.", p.To.Name)
}

// leaderText names who leads.
func leaderText(from *ops.Member) string {
	if from == nil {
		return "Nobody"
	}
	return from.Name
}
