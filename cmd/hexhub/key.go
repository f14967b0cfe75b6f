package main

import (
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/surface/ops"
)

type keyCmd struct {
	List   keyListCmd   `cmd:"" help:"List a user's keys."`
	Create keyCreateCmd `cmd:"" help:"Create a key and print it, this once."`
	Revoke keyRevokeCmd `cmd:"" help:"End a key, at once and everywhere."`
}

type keyListCmd struct {
	target `embed:""`
	User   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run lists the live keys of a user.
func (c keyListCmd) Run(s *session) error {
	var keys []ops.Key
	if err := c.ask(s, "GET", "keys", user(c.User), nil, &keys); err != nil {
		return err
	}
	rows := [][]string{}
	for _, k := range keys {
		rows = append(rows, []string{k.Name, permissions(k.Permissions), day(k.ExpiresAt, "never"), day(k.LastUsedAt, "never"), date(k.InsertedAt)})
	}
	return s.list("keys", keys, []string{"NAME", "PERMISSIONS", "EXPIRES", "LAST USED", "CREATED"}, rows)
}

func permissions(all []access.Permission) string {
	var out []string
	for _, p := range all {
		text := p.Domain
		if p.Resource != "" {
			text += ":" + p.Resource
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func day(t *time.Time, none string) string {
	if t == nil {
		return none
	}
	return date(*t)
}

type keyCreateCmd struct {
	target     `embed:""`
	User       string   `arg:"" help:"Username, or verified e-mail address."`
	Name       string   `arg:"" help:"What the key is for, such as ci."`
	Permission []string `placeholder:"DOMAIN[:RESOURCE]" help:"What it may do: api, api:read, api:write, package:REPOSITORY/NAME, repository:NAME, repositories or docs:NAME. Repeatable. Default: api, which is everything."`
	Expires    string   `placeholder:"AGE" help:"How long it lives, such as 30d or 12h. Default: for ever, or as long as key.max-age allows."`
}

// Run creates a key. Its secret is all that goes to stdout.
func (c keyCreateCmd) Run(s *session) error {
	draft := ops.KeyDraft{Name: c.Name}
	for _, text := range c.Permission {
		domain, resource, _ := strings.Cut(text, ":")
		draft.Permissions = append(draft.Permissions, access.Permission{Domain: domain, Resource: resource})
	}
	if c.Expires != "" {
		age, err := access.ParseAge(c.Expires)
		if err != nil {
			return &failure{why: "--expires: " + err.Error(), fix: []string{"hexhub key create " + c.User + " " + c.Name + " --expires 30d"}, code: exitUsage}
		}
		draft.ExpiresAt = new(time.Now().UTC().Add(age))
	}
	var k ops.Key
	if err := c.ask(s, "POST", "keys", user(c.User), draft, &k); err != nil {
		return err
	}
	if !s.JSON && !s.Quiet {
		s.talk.Printf("Created the key %s of %s: %s; expires %s. It is shown only now:\n", k.Name, c.User, permissions(k.Permissions), day(k.ExpiresAt, "never"))
	}
	return s.done(k.Secret, "key", k, "%s", k.Secret)
}

type keyRevokeCmd struct {
	target `embed:""`
	User   string `arg:"" help:"Username, or verified e-mail address."`
	Name   string `arg:"" help:"Name of the key."`
}

// Run ends a key.
func (c keyRevokeCmd) Run(s *session) error {
	query := user(c.User)
	query.Set("name", c.Name)
	var k ops.Key
	if err := c.ask(s, "DELETE", "keys", query, nil, &k); err != nil {
		return err
	}
	return s.done(k.Name, "key", k, "Revoked the key %s of %s.", k.Name, c.User)
}
