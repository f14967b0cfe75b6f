package main

import (
	"fmt"
	"io"
	"strings"

	"hexhub/internal/feature/connect"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type connectCmd struct {
	local  `embed:""`
	Client string `arg:"" optional:"" enum:"mix,rebar3,gleam,all" default:"all" help:"mix, rebar3 or gleam. Default: all of them."`
	Print  bool   `help:"Print only what is to be pasted."`
	Key    string `placeholder:"KEY" help:"API key to put in the place of the placeholder."`
}

// Run prints the guides.
func (c connectCmd) Run(s *session) error {
	var server ops.Connect
	if err := c.operator().ask(s.ctx, "GET", "connect", nil, nil, &server); err != nil {
		return err
	}
	r := server.Registry()
	r.Key = c.Key
	var guides []connect.Guide
	for _, g := range connect.Guides(r) {
		if c.Client == "all" || c.Client == g.Client {
			guides = append(guides, g)
		}
	}
	switch {
	case s.JSON:
		return s.json(map[string]any{"url": server.URL, "repository": server.Repository, "fingerprint": server.Fingerprint, "public_key": server.PublicKey, "guides": guideFields(guides)})
	case s.Quiet:
		_, err := fmt.Fprintln(s.out, server.URL)
		return err
	case c.Print:
		return printSteps(s.out, guides)
	}
	for i, g := range guides {
		if i > 0 {
			s.paint.Println()
		}
		s.paint.Println(s.paint.In(term.Bold, g.Title))
		for _, step := range g.Steps {
			s.paint.Printf("\n  %s%s\n", step.Say, where(step))
			s.paint.Printf("    %s\n", strings.ReplaceAll(strings.TrimRight(step.Text, "\n"), "\n", "\n    "))
		}
	}
	return nil
}

func where(step connect.Step) string {
	if step.Where == "" {
		return ""
	}
	return " In " + step.Where + ":"
}

func printSteps(w io.Writer, guides []connect.Guide) error {
	for _, g := range guides {
		for _, step := range g.Steps {
			if _, err := fmt.Fprintln(w, strings.TrimRight(step.Text, "\n")); err != nil {
				return err
			}
		}
	}
	return nil
}

func guideFields(guides []connect.Guide) []map[string]any {
	out := []map[string]any{}
	for _, g := range guides {
		steps := []map[string]string{}
		for _, step := range g.Steps {
			steps = append(steps, map[string]string{"say": step.Say, "where": step.Where, "text": step.Text})
		}
		out = append(out, map[string]any{"client": g.Client, "title": g.Title, "steps": steps})
	}
	return out
}
