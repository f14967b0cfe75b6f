package main

import (
	"errors"
	"fmt"
	"strings"

	"hexhub/internal/buildtool"
	"hexhub/internal/feature/connect"
	"hexhub/internal/term"
)

// A client is a build tool on this machine.
type client interface {
	connect(s *session, r connect.Registry) error
	disconnect(s *session, r connect.Registry) error
	state(s *session, r connect.Registry) (buildtool.State, error)
	path() string // of the configuration that is changed
}

type rebar3Client struct{ buildtool.Rebar3 }

func (c rebar3Client) path() string                                    { return c.Path }
func (c rebar3Client) connect(_ *session, r connect.Registry) error    { return c.Connect(r) }
func (c rebar3Client) disconnect(_ *session, r connect.Registry) error { return c.Disconnect(r) }
func (c rebar3Client) state(_ *session, r connect.Registry) (buildtool.State, error) {
	return c.State(r)
}

type mixClient struct{ buildtool.Mix }

func (c mixClient) path() string                                    { return c.Path }
func (c mixClient) connect(s *session, r connect.Registry) error    { return c.Connect(s.ctx, r) }
func (c mixClient) disconnect(s *session, r connect.Registry) error { return c.Disconnect(s.ctx, r) }

func (c mixClient) state(s *session, r connect.Registry) (buildtool.State, error) {
	return c.State(s.ctx, r)
}

// clientOf finds a build tool by its name.
func clientOf(name string) (client, error) {
	if name == "mix" {
		t, err := buildtool.DefaultMix()
		return mixClient{t}, err
	}
	t, err := buildtool.DefaultRebar3()
	return rebar3Client{t}, err
}

// connect points the client at the registry.
func (c connectCmd) connect(s *session, r connect.Registry) error {
	tool, err := clientOf(c.Client)
	if err != nil {
		return c.notChanged(err)
	}
	holder := ""
	if c.Publish {
		if holder, r.Key, err = c.holder(s, r); err != nil {
			return err
		}
	}
	if err := tool.connect(s, r); err != nil {
		return c.notChanged(err)
	}
	fields := map[string]any{"name": c.Client, "file": tool.path(), "repository": r.Repository, "url": r.URL, "publishes_as": holder}
	if !s.JSON && !s.Quiet {
		defer c.next(s, r, holder)
	}
	return s.done(tool.path(), "client", fields, "%s knows the repository %s now: %s", c.Client, r.Repository, tool.path())
}

// next says what to do with what was connected.
func (c connectCmd) next(s *session, r connect.Registry, holder string) {
	switch {
	case holder != "" && c.Client == "mix":
		s.talk.Printf("mix publishes to %s as %s from now on, and not to hex.pm.\n", r.URL, term.Clean(holder))
		s.talk.Printf("  Publish   mix hex.publish package\n")
	case holder != "":
		s.talk.Printf("You publish as %s from now on; the key is kept with your logins.\n", term.Clean(holder))
		s.talk.Printf("  Publish   hexhub publish demo-0.1.0.tar --server %s\n", r.URL)
	default:
		s.talk.Printf("  Publish   hexhub connect %s --publish\n", c.Client)
	}
	if c.Client == "mix" {
		s.talk.Printf("  Depend    {:demo, \"~> 0.1\", repo: %q}, then mix deps.get\n", r.Repository)
	} else {
		s.talk.Printf("  Depend    {deps, [{demo, \"~> 0.1\"}]}, then rebar3 get-deps\n")
	}
	s.talk.Printf("  Undo      hexhub connect %s --undo\n", c.Client)
}

// notChanged says why a client was left as it is, and what to do by hand.
func (c connectCmd) notChanged(err error) error {
	f := &failure{what: "connect " + c.Client, why: term.Clean(err.Error()), note: "By hand it goes like this:", fix: []string{"hexhub connect " + c.Client + " --print"}}
	if errors.Is(err, buildtool.ErrOwnRepositories) {
		f.note, f.code = "Of several lists rebar3 takes one, so the repository has to be added to yours. What to add:", exitConflict
	}
	return f
}

// undo takes back what connect did.
func (c connectCmd) undo(s *session, r connect.Registry) error {
	if c.Client != "mix" && c.Client != "rebar3" {
		return &failure{what: "undo", why: "no client is named", fix: []string{"hexhub connect rebar3 --undo", "hexhub connect mix --undo"}, code: exitUsage}
	}
	tool, err := clientOf(c.Client)
	if err != nil {
		return c.notChanged(err)
	}
	if err := tool.disconnect(s, r); err != nil {
		return c.notChanged(err)
	}
	if !s.JSON && !s.Quiet {
		defer s.talk.Printf("A key that was made is still good: hexhub whoami --all lists your logins, and hexhub logout ends one.\n")
	}
	return s.done(tool.path(), "client", map[string]any{"name": c.Client, "file": tool.path()}, "%s does not know the repository %s any more.", c.Client, r.Repository)
}

// A checked is what was found about a client.
type checked struct {
	Client string `json:"client"`
	State  string `json:"state"` // ok, -- or !!
	Says   string `json:"says"`
	Fix    string `json:"fix,omitempty"`
}

// check says how clients stand to the registry. Those that were not asked for may know nothing of it.
func (c connectCmd) check(s *session, r connect.Registry) error {
	var all []checked
	for _, name := range []string{"mix", "rebar3", "gleam"} {
		if c.Client == "all" || c.Client == name {
			all = append(all, c.examine(s, name, r))
		}
	}
	bad := false
	for _, x := range all {
		bad = bad || x.Client != "gleam" && (x.State == "!!" || x.State == "--" && c.Client != "all")
	}
	if err := tellChecked(s, all); err != nil || !bad {
		return err
	}
	return &failure{code: exitProblems}
}

func tellChecked(s *session, all []checked) error {
	switch {
	case s.JSON:
		return s.json(map[string]any{"clients": all})
	case s.Quiet:
		return nil
	}
	for _, x := range all {
		fix := ""
		if x.Fix != "" {
			fix = "      fix: " + x.Fix
		}
		s.paint.Printf("%-8s%-4s%s%s\n", x.Client, x.State, term.Clean(x.Says), fix)
	}
	return nil
}

func (c connectCmd) examine(s *session, name string, r connect.Registry) checked {
	if name == "gleam" {
		return checked{name, "!!", "cannot use other registries yet", "hexhub connect gleam"}
	}
	tool, err := clientOf(name)
	if err != nil {
		return checked{name, "--", err.Error(), ""}
	}
	fix := "hexhub connect " + name
	state, err := tool.state(s, r)
	switch {
	case err != nil:
		first, _, _ := strings.Cut(err.Error(), "\n")
		return checked{name, "!!", first, fix + " --print"}
	case state == buildtool.Connected:
		return checked{name, "ok", fmt.Sprintf("%s → %s/repo, key matches %s", r.Repository, r.URL, r.Fingerprint), ""}
	case state == buildtool.Differs:
		return checked{name, "!!", "knows another registry as " + r.Repository, fix}
	}
	return checked{name, "--", "not configured", fix}
}
