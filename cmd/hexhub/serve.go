package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hexhub/internal/config"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/node"
	"hexhub/internal/term"
)

type serveCmd struct {
	config.Server `embed:""`
	Demo          bool `help:"Fill an empty registry with a small world to look at."`
}

// Run serves until it is told to stop.
func (c serveCmd) Run(s *session) error { return c.serve(s, nil) }

// serve runs a node, which joins a cluster first if there is a ticket.
func (c serveCmd) serve(s *session, ticket *cluster.Ticket) error {
	if problems := c.Check(); len(problems) > 0 {
		return &failure{what: "start", why: problems[0].Error(), fix: []string{"hexhub config explain " + problems[0].Key}, code: exitUsage}
	}
	data, err := filepath.Abs(c.Data)
	if err != nil {
		return &failure{what: "find the data folder", why: err.Error()}
	}
	c.Data = data
	_, err = os.Stat(c.Data)
	first := errors.Is(err, fs.ErrNotExist)

	node.Unhurried()
	log := c.logger(s)
	n, err := node.Open(s.ctx, c.Server, node.Options{Version: version, Log: log, Join: ticket, Source: s.source(c.Server)})
	if err != nil {
		return c.openFailure(err)
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	if c.Demo {
		if err := world.Demo(s.ctx, n.Rooms()); err != nil {
			return &failure{what: "build the demo world", why: err.Error(), note: "It needs a registry in which nothing has been published.", fix: []string{"hexhub serve --demo --data ./demo"}}
		}
	}
	if err := c.greet(s, n, log, first); err != nil {
		return err
	}
	if err = n.Run(c.untilStopped(s, log)); err != nil {
		return err
	}
	c.say(s, log, "Stopped cleanly.")
	return nil
}

// source tells where the value of a setting comes from: what neither the environment nor the file says, a flag does.
func (s *session) source(started config.Server) func(config.Setting) string {
	told, _ := config.Load(s.file)
	return func(x config.Setting) string {
		if x.Value(told) != x.Value(started) {
			return "--" + x.Flag
		}
		return s.file.Source(x)
	}
}

// logger returns what the node logs with: text for people, JSON for machines.
func (c serveCmd) logger(s *session) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // one of the enum's values
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" || c.LogFormat == "auto" && !s.talk.Terminal() {
		return slog.New(slog.NewJSONHandler(s.talk, o))
	}
	return slog.New(slog.NewTextHandler(s.talk, o))
}

func (c serveCmd) openFailure(err error) error {
	f := &failure{what: "start", why: err.Error(), fix: []string{"hexhub doctor --data " + c.Data}}
	if code := codeOf(err); code != exitFailed {
		return &failure{what: "start", why: words(err), code: code}
	}
	taken, ok := errors.AsType[*node.ListenError](err)
	if inner, busy := errors.AsType[*cluster.ListenError](err); busy {
		return &failure{what: "listen on " + inner.Addr + " for other nodes", why: inner.Err.Error(), note: "Choose another address with --cluster-listen."}
	}
	if !ok {
		return f
	}
	f.what, f.why, f.fix = "listen on "+taken.Addr, taken.Err.Error(), nil
	switch {
	case errors.Is(err, syscall.EACCES):
		f.why, f.note = "permission denied", "Ports below 1024 need a privilege. Choose one:"
		f.fix = []string{"hexhub serve --listen :4000", "sudo setcap cap_net_bind_service=+ep " + os.Args[0]}
	case errors.Is(err, syscall.EADDRINUSE):
		f.why, f.note = "another program listens there", "Stop that one, or take another port:"
		f.fix = []string{"hexhub serve --listen 127.0.0.1:4001"}
	}
	return f
}

// greet says what a person needs next; without a terminal, the same as log records.
func (c serveCmd) greet(s *session, n *node.Node, log *slog.Logger, first bool) error {
	link, until := "", time.Time{}
	if n.OffersSetup() {
		var err error
		if link, until, err = n.StartSetup(s.ctx); fault.Is(err, fault.Unavailable) {
			log.Warn("no administrator yet, and no setup link can be made while the other nodes are not reached", "err", err)
		} else if err != nil {
			return &failure{what: "prepare the setup link", why: err.Error()}
		}
	}
	r := n.Registry()
	open := !strings.HasPrefix(n.Addr(), "127.") && !strings.HasPrefix(n.Addr(), "[::1]")
	plain := open && c.TLSCert == "" && len(c.TrustedProxies) == 0
	if !s.talk.Terminal() {
		log.Info("hexhub is ready", "version", version, "address", n.Addr(), "url", r.URL, "data", c.Data,
			"repository", r.Repository, "fingerprint", r.Fingerprint, "config", s.file.Path)
		if link != "" {
			log.Warn("no administrator yet", "setup_url", link, "until", until)
		}
		if !n.Mail.Configured() {
			log.Info("mail is not configured: letters rest in the outbox, which hexhub admin mail shows; mail.smtp and mail.from send them")
		}
		if plain {
			log.Warn("passwords and keys travel unencrypted; set tls.cert and tls.key, or trusted.proxies behind a proxy that speaks HTTPS")
		}
		return nil
	}
	c.banner(s, n, link, first)
	if plain {
		s.talk.Printf("  %s Passwords and keys travel unencrypted. Add --tls-cert and --tls-key, or\n  put a proxy that speaks HTTPS in front and name it with --trusted-proxies.\n\n", s.talk.In(term.Yellow, "Warning:"))
	}
	return nil
}

func (c serveCmd) banner(s *session, n *node.Node, link string, first bool) {
	t, r := s.talk, n.Registry()
	line := func(label, text string) { t.Printf("  %-12s%s\n", label, text) }
	start, data := "", c.Data
	if first {
		start, data = "first start", data+"  "+t.In(term.Dim, "(new; change with --data)")
	}
	t.Printf("\n  %s%s\n\n", t.In(term.Bold, "HexHub "+version), strings.Repeat(" ", 36)+t.In(term.Dim, start))
	if s.file.Path != "" {
		line("Config", s.file.Path)
	} else {
		line("Config", t.In(term.Dim, "no file (looked at ./"+strings.Join(config.Files, ", ")+")"))
	}
	line("Data", data)
	line("Fingerprint", r.Fingerprint)
	line("Repository", r.Repository)
	where := r.URL
	if strings.HasPrefix(n.Addr(), "127.") {
		where += "  " + t.In(term.Dim, "(only this machine; --listen :4000 for all)")
	}
	line("Listening", where)
	if !n.Mail.Configured() {
		line("Mail", "rests in the outbox  "+t.In(term.Dim, "(hexhub admin mail shows it; --mail-smtp and --mail-from send it)"))
	}
	if link != "" {
		t.Printf("\n  %s Create the administrator within 30 minutes:\n      %s\n    No browser here?   hexhub admin create you@example.com\n", t.In(term.Green, "▸"), t.In(term.Bold, link))
	}
	t.Printf("\n  Next  hexhub connect      point mix, rebar3 and Gleam at this registry\n        hexhub doctor       check this installation\n  Stop with Ctrl-C. Logs follow.\n\n")
}

// untilStopped returns a context that ends at the first signal. At the second the process ends at once:
// nothing acknowledged is lost by that.
func (c serveCmd) untilStopped(s *session, log *slog.Logger) context.Context {
	context.AfterFunc(s.ctx, func() {
		c.say(s, log, "Draining: requests may finish for "+c.DrainTimeout.String()+". Interrupt again to stop now.")
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		<-again
		os.Exit(exitInterrupted)
	})
	return s.ctx
}

func (c serveCmd) say(s *session, log *slog.Logger, what string) {
	if s.talk.Terminal() {
		s.talk.Println(what)
		return
	}
	log.Info("server", "says", what)
}
