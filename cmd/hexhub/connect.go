package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"hexhub/hex/registry"
	"hexhub/internal/feature/connect"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type connectCmd struct {
	target `embed:""`
	Client string `arg:"" optional:"" enum:"mix,rebar3,gleam,all" default:"all" help:"mix, rebar3 or gleam. Default: all of them."`
	Print  bool   `help:"Print only what is to be pasted."`
	Key    string `placeholder:"KEY" help:"API key to put in the place of the placeholder."`
}

// Run prints the guides.
func (c connectCmd) Run(s *session) error {
	server, err := c.facts(s)
	if err != nil {
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

// facts asks the server on this machine, or takes from one elsewhere what everybody may have.
func (c connectCmd) facts(s *session) (ops.Connect, error) {
	var f ops.Connect
	if !c.elsewhere(s) {
		return f, c.ask(s, "GET", "connect", nil, nil, &f)
	}
	l, err := c.link(s)
	if err != nil {
		return f, err
	}
	text, err := l.public("/repo/public_key")
	if err != nil {
		return f, err
	}
	key, err := registry.ParsePublicKey(text)
	if err != nil {
		return f, l.noRegistry()
	}
	listed, err := l.public("/api/repos")
	if err != nil {
		return f, err
	}
	var repositories []struct{ Name string }
	if json.Unmarshal(listed, &repositories) != nil || len(repositories) == 0 {
		return f, l.noRegistry()
	}
	return ops.Connect{URL: l.base, Repository: repositories[0].Name, Fingerprint: key.Fingerprint(), PublicKey: string(text)}, nil
}

// public reads what is served to everybody.
func (l *link) public(path string) ([]byte, error) {
	resp, err := l.once(message{method: http.MethodGet, path: path}, "")
	if err != nil {
		return nil, l.unreachable(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
		return nil, l.unreachable(err)
	case resp.StatusCode != http.StatusOK:
		return nil, l.noRegistry()
	}
	return text, nil
}

func (l *link) noRegistry() error {
	return &failure{why: l.base + " is not a Hex registry: its answer is not understood", code: exitFailed}
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
