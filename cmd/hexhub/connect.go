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
	Client string `arg:"" optional:"" enum:"mix,rebar3,gleam,all" default:"all" help:"mix or rebar3, to be pointed at the registry; gleam, to be told how. Default: say how all of them are."`

	Print       bool   `xor:"deed" help:"Change nothing; print only what is to be pasted."`
	Check       bool   `xor:"deed" help:"Change nothing; say whether the clients know the registry."`
	Undo        bool   `xor:"deed" help:"Take back what connect did for the client."`
	Publish     bool   `help:"Have the client publish here as well: makes a key, which ends after 90 days, and keeps it on this machine."`
	User        string `placeholder:"NAME" help:"Whose the key is. Default: the one person who has an account, or who is logged in."`
	Key         string `placeholder:"KEY" help:"API key to show in the place of the placeholder, or to publish with."`
	Fingerprint string `placeholder:"SHA256:…" help:"Refuse a registry whose key has another fingerprint."`
}

// Run points a client at the registry, or prints the guides.
func (c connectCmd) Run(s *session) error {
	server, err := c.facts(s)
	if err != nil {
		return err
	}
	if c.Fingerprint != "" && c.Fingerprint != server.Fingerprint {
		return &failure{what: "connect to " + server.URL, why: "its key is " + server.Fingerprint, note: "Either it is another registry than you think, or its key was replaced; ask who runs it.", code: exitDenied}
	}
	r := server.Registry()
	r.Key = c.Key
	switch {
	case c.Check:
		return c.check(s, r)
	case c.Undo:
		return c.undo(s, r)
	case !c.Print && (c.Client == "mix" || c.Client == "rebar3"):
		return c.connect(s, r)
	}
	return c.guide(s, server, r)
}

// guide prints how clients are pointed at the registry by hand.
func (c connectCmd) guide(s *session, server ops.Connect, r connect.Registry) error {
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
	showGuides(s, guides)
	if c.Client == "all" {
		s.talk.Printf("\nhexhub connect mix and hexhub connect rebar3 do the first step; with --publish, so that you can publish too.\n")
	}
	return nil
}

func showGuides(s *session, guides []connect.Guide) {
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
