// Command hexhub is a Hex registry on your own machines, and everything that operates it.
//
// Each subcommand is one file here. Commands parse, ask and print; what they do is done by the node they
// start or talk to. Results go to stdout, talk and progress to stderr.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"hexhub/internal/config"
	"hexhub/internal/term"
)

// version is stamped by make dist.
var version = "0.1.0-dev"

// command is the command line.
type command struct {
	Globals

	Serve   serveCmd   `cmd:"" group:"Run" help:"Run this node."`
	Join    joinCmd    `cmd:"" group:"Run" help:"Run this node as one of a cluster."`
	Connect connectCmd `cmd:"" group:"Use" help:"Point mix or rebar3 at this registry, or say how."`
	Publish publishCmd `cmd:"" group:"Use" help:"Upload package tarballs."`

	Login  loginCmd  `cmd:"" group:"Use" help:"Log in to a server elsewhere, for --server."`
	Logout logoutCmd `cmd:"" group:"Use" help:"End a login, here and at its server."`
	Whoami whoamiCmd `cmd:"" group:"Use" help:"Say who you are at a server, or list your logins."`

	Status  statusCmd  `cmd:"" group:"Operate" help:"Say how the registry does: nodes, disk, jobs."`
	Health  healthCmd  `cmd:"" group:"Operate" help:"Ask the server on this machine whether it is ready, for containers and scripts."`
	Cluster clusterCmd `cmd:"" group:"Operate" help:"The nodes of a cluster."`
	Doctor  doctorCmd  `cmd:"" group:"Operate" help:"Find problems and say how to fix them."`
	Admin   adminCmd   `cmd:"" group:"Operate" help:"Administrators and what all nodes agree on."`
	User    userCmd    `cmd:"" group:"Operate" help:"Accounts."`
	Org     orgCmd     `cmd:"" group:"Operate" help:"Organizations, members and their private repositories."`
	Package packageCmd `cmd:"" group:"Operate" help:"Packages of all repositories, and reserved names."`
	Key     keyCmd     `cmd:"" group:"Operate" help:"API keys of users."`
	Audit   auditCmd   `cmd:"" group:"Operate" help:"Who did what."`
	Backup  backupCmd  `cmd:"" group:"Operate" help:"Copies of the server elsewhere, and the way back."`
	Config  configCmd  `cmd:"" group:"Operate" help:"The configuration of this node."`

	Bench      benchCmd      `cmd:"" group:"Other" help:"Make large worlds and measure them."`
	Version    versionCmd    `cmd:"" group:"Other" help:"Say what this program is."`
	Completion completionCmd `cmd:"" group:"Other" help:"Print a completion script for a shell."`
	Complete   completeCmd   `cmd:"" hidden:"" passthrough:""`
}

// Globals are the flags of every command.
type Globals struct {
	ConfigFile string `name:"config" placeholder:"FILE" help:"Configuration file. Default: ./hexhub.toml, then /etc/hexhub/hexhub.toml."`
	JSON       bool   `name:"json" help:"Print the result as JSON."`
	Quiet      bool   `short:"q" help:"Print ids only, and no progress."`
	Yes        bool   `short:"y" help:"Do not ask."`
	Color      string `enum:"auto,always,never" default:"auto" placeholder:"WHEN" help:"Colour: auto, always or never."`
}

// A session is what a command runs in.
type session struct {
	Globals
	ctx   context.Context
	kong  *kong.Kong
	file  *config.File
	in    *os.File
	out   io.Writer       // results
	talk  *term.Printer   // everything else
	paint *term.Printer   // results that have colour
	typed map[string]bool // names of the flags that were on the command line
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := &session{ctx: ctx, in: os.Stdin, out: os.Stdout, talk: term.New(os.Stderr, "auto"), paint: term.New(os.Stdout, "auto")}
	err := s.run(args)
	if err != nil {
		return s.report(err)
	}
	return 0
}

func (s *session) run(args []string) error {
	file, problems := readConfig(args)
	var c command
	k, err := newKong(&c, file)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := k.Parse(args)
	if err != nil {
		return usageError(err)
	}
	// A broken file stops everything but the commands that look into it.
	if len(problems) > 0 && kctx.Selected() != nil && kctx.Selected().Parent.Name != "config" {
		return &failure{what: "read the configuration", why: problems[0].Error(), fix: []string{"hexhub config check"}, code: exitUsage}
	}
	s.Globals, s.kong, s.file, s.typed = c.Globals, k, file, typed(kctx)
	s.talk, s.paint = term.New(os.Stderr, c.Color), term.New(os.Stdout, c.Color)
	return kctx.Run(s)
}

func typed(c *kong.Context) map[string]bool {
	names := map[string]bool{}
	for _, p := range c.Path {
		if p.Flag != nil && !p.Resolved {
			names[p.Flag.Name] = true
		}
	}
	return names
}

func newKong(c *command, file *config.File) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("hexhub"),
		kong.Description("A Hex registry on your own machines."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		config.Flags(),
		kong.Resolvers(file),
	)
}

// readConfig reads the configuration file before flags are parsed, since it gives flags their values.
func readConfig(args []string) (*config.File, []config.Problem) {
	named := ""
	for i, a := range args {
		switch {
		case a == "--config" && i+1 < len(args):
			named = args[i+1]
		case len(a) > 9 && a[:9] == "--config=":
			named = a[9:]
		}
	}
	path, err := config.Find(named)
	if err != nil {
		f, _ := config.Read("")
		return f, []config.Problem{{Why: err.Error()}}
	}
	return config.Read(path)
}

// usageError says what was wrong with the command line, without the whole manual.
func usageError(err error) error {
	if _, ok := errors.AsType[*kong.ParseError](err); ok {
		return &failure{why: err.Error(), fix: []string{"hexhub --help"}, code: exitUsage}
	}
	return fmt.Errorf("parse the command line: %w", err)
}
