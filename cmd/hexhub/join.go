package main

import (
	"os"
	"strings"

	"hexhub/internal/kernel/cluster"
)

type joinCmd struct {
	URL       string `arg:"" help:"Cluster port of any node, such as https://node-1.example.com:4001."`
	Token     string `env:"HEXHUB_JOIN_TOKEN" placeholder:"TOKEN" help:"What hexhub cluster invite printed. Others on this machine may see it; --token-file hides it."`
	TokenFile string `placeholder:"FILE" type:"path" help:"File that holds the token on its first line."`
	serveCmd  `embed:""`
}

// Run joins, and serves. A node that has joined before just serves.
func (c joinCmd) Run(s *session) error {
	token := c.Token
	if c.TokenFile != "" {
		text, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return &failure{what: "read the token", why: err.Error()}
		}
		token, _, _ = strings.Cut(string(text), "\n")
	}
	if token == "" {
		return &failure{what: "join", why: "there is no token", note: "Make one at a node of the cluster, then say it with --token or --token-file:", fix: []string{"hexhub cluster invite"}, code: exitUsage}
	}
	return c.serve(s, &cluster.Ticket{URL: c.URL, Token: token})
}
