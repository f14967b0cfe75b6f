package main

import (
	"strings"

	"hexhub/internal/surface/ops"
)

type adminClientCmd struct {
	List   clientListCmd   `cmd:"" default:"withargs" help:"List them; those of mix, Gleam and hexhub are built in."`
	Create clientCreateCmd `cmd:"" help:"Let a program ask for tokens. A secret, if it has one, is printed this once."`
	Delete clientDeleteCmd `cmd:"" help:"Let it ask no more, and end all its tokens."`
}

type clientListCmd struct {
	target `embed:""`
}

// Run lists the clients.
func (c clientListCmd) Run(s *session) error {
	var all []ops.Client
	if err := c.ask(s, "GET", "clients", nil, nil, &all); err != nil {
		return err
	}
	rows := [][]string{}
	for _, x := range all {
		made := "built in"
		if !x.BuiltIn {
			made = date(x.InsertedAt)
		}
		rows = append(rows, []string{x.ID, x.Name, strings.Join(x.Scopes, " "), made})
	}
	return s.list("clients", all, []string{"ID", "NAME", "SCOPES", "CREATED"}, rows)
}

// grants are what people type for the names of OAuth.
var grants = map[string]string{
	"code": "authorization_code", "device": "urn:ietf:params:oauth:grant-type:device_code", "key": "client_credentials", "refresh": "refresh_token",
}

type clientCreateCmd struct {
	target       `embed:""`
	Name         string   `arg:"" help:"What users are shown."`
	Grant        []string `enum:"code,device,key,refresh" default:"code,refresh" placeholder:"HOW" help:"How it may get tokens: code, device, key, refresh. Repeatable. Default: code and refresh."`
	Redirect     []string `placeholder:"URL" sep:"none" help:"Where users are sent back to; needed for code. Repeatable."`
	Scope        []string `default:"api:read" placeholder:"SCOPE" help:"The most it may ask for: api, api:read, api:write, repositories, … Repeatable."`
	Confidential bool     `help:"It runs where it can keep a secret."`
}

// Run makes a client.
func (c clientCreateCmd) Run(s *session) error {
	d := ops.ClientDraft{Name: c.Name, Confidential: c.Confidential, RedirectURIs: c.Redirect, Scopes: c.Scope}
	for _, g := range c.Grant {
		d.Grants = append(d.Grants, grants[g])
	}
	var x ops.Client
	if err := c.ask(s, "POST", "clients", nil, d, &x); err != nil {
		return err
	}
	sentence := "Created the client %s with the id %s."
	if x.Secret == "" {
		return s.done(x.ID, "client", x, sentence, c.Name, x.ID)
	}
	if !s.JSON && !s.Quiet {
		s.talk.Printf(sentence+" Its secret is shown only now:\n", c.Name, x.ID)
	}
	return s.done(x.Secret, "client", x, "%s", x.Secret)
}

type clientDeleteCmd struct {
	target `embed:""`
	ID     string `arg:"" help:"As hexhub admin client lists it."`
}

// Run removes a client.
func (c clientDeleteCmd) Run(s *session) error {
	if err := c.ask(s, "DELETE", "clients", byID(c.ID), nil, nil); err != nil {
		return err
	}
	return s.done(c.ID, "deleted", c.ID, "Deleted, and its tokens with it.")
}
