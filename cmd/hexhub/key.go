package main

import (
	"net/url"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/surface/ops"
)

type keyCmd struct {
	List   keyListCmd   `cmd:"" help:"List a user's keys."`
	Create keyCreateCmd `cmd:"" help:"Create a key and print it, this once."`
	Revoke keyRevokeCmd `cmd:"" help:"End a key, or all, at once and everywhere."`
}

type keyListCmd struct {
	target `embed:""`
	User   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run lists the live keys of a user.
func (c keyListCmd) Run(s *session) error { return keysOfUser(c.User).list(s, c.target) }

// A keyring is the keys of a user or an organization.
type keyring struct {
	owner   string
	query   url.Values
	command string // that is about them
}

func keysOfUser(name string) keyring { return keyring{name, user(name), "hexhub key"} }

func keysOfOrg(name string) keyring { return keyring{name, inOrg(name), "hexhub org key"} }

func (r keyring) list(s *session, t target) error {
	var keys []ops.Key
	if err := t.ask(s, "GET", "keys", r.query, nil, &keys); err != nil {
		return err
	}
	rows := [][]string{}
	for _, k := range keys {
		rows = append(rows, []string{k.Name, permissions(k.Permissions), day(k.ExpiresAt), day(k.LastUsedAt), date(k.InsertedAt)})
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

func day(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return date(*t)
}

// A newKey is the flags of whatever creates a key.
type newKey struct {
	Permission []string `placeholder:"DOMAIN[:RESOURCE]" help:"What it may do: api, api:read, api:write, package:REPOSITORY/NAME, repository:NAME, repository:NAME/PACKAGE, repositories or docs:NAME. Repeatable. Default: api, which is everything."`
	Expires    string   `placeholder:"AGE" help:"How long it lives, such as 30d or 12h. Default: for ever, or as long as the rules allow."`
}

// create creates a key. Its secret is all that goes to stdout.
func (r keyring) create(s *session, t target, name string, n newKey) error {
	draft := ops.KeyDraft{Name: name}
	for _, text := range n.Permission {
		domain, resource, _ := strings.Cut(text, ":")
		draft.Permissions = append(draft.Permissions, access.Permission{Domain: domain, Resource: resource})
	}
	if n.Expires != "" {
		age, err := access.ParseAge(n.Expires)
		if err != nil {
			return &failure{why: "--expires: " + err.Error(), fix: []string{r.command + " create " + r.owner + " " + name + " --expires 30d"}, code: exitUsage}
		}
		draft.ExpiresAt = new(time.Now().UTC().Add(age))
	}
	var k ops.Key
	if err := t.ask(s, "POST", "keys", r.query, draft, &k); err != nil {
		return err
	}
	if !s.JSON && !s.Quiet {
		s.talk.Printf("Created the key %s of %s: %s; expires %s. It is shown only now:\n", k.Name, r.owner, permissions(k.Permissions), day(k.ExpiresAt))
	}
	return s.done(k.Secret, "key", k, "%s", k.Secret)
}

type keyCreateCmd struct {
	target `embed:""`
	User   string `arg:"" help:"Username, or verified e-mail address."`
	Name   string `arg:"" help:"What the key is for, such as ci."`
	newKey `embed:""`
}

// Run creates a key.
func (c keyCreateCmd) Run(s *session) error {
	return keysOfUser(c.User).create(s, c.target, c.Name, c.newKey)
}

type keyRevokeCmd struct {
	target `embed:""`
	User   string `arg:"" help:"Username, or verified e-mail address."`
	Name   string `arg:"" optional:"" help:"Name of the key."`
	All    bool   `help:"End all of them."`
}

// Run ends a key.
func (c keyRevokeCmd) Run(s *session) error {
	return keysOfUser(c.User).revoke(s, c.target, c.Name, c.All)
}

func (r keyring) revoke(s *session, t target, name string, all bool) error {
	if all == (name != "") {
		return &failure{why: "name a key, or give --all", fix: []string{r.command + " list " + r.owner}, code: exitUsage}
	}
	if r.query.Set("name", name); all {
		r.query.Set("all", "true")
	}
	ended := []ops.Key{}
	if err := t.ask(s, "DELETE", "keys", r.query, nil, &ended); err != nil {
		return err
	}
	var names []string
	for _, k := range ended {
		names = append(names, k.Name)
	}
	what := "the key " + name
	if all {
		what = "all keys"
	}
	return s.doneAll(names, "keys", ended, "Revoked %s of %s.", what, r.owner)
}
