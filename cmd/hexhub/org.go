package main

import (
	"strings"

	"hexhub/internal/feature/org"
	"hexhub/internal/surface/ops"
)

type orgCmd struct {
	List   orgListCmd   `cmd:"" help:"List organizations and their members."`
	Create orgCreateCmd `cmd:"" help:"Found an organization, which has a private repository of its own."`
	Member orgMemberCmd `cmd:"" help:"Make a user a member, change his role, or end his membership."`
}

type orgListCmd struct {
	target `embed:""`
}

// Run lists the organizations.
func (c orgListCmd) Run(s *session) error {
	var orgs []ops.Org
	if err := c.ask(s, "GET", "orgs", nil, nil, &orgs); err != nil {
		return err
	}
	rows := [][]string{}
	for _, o := range orgs {
		rows = append(rows, []string{o.Name, members(o), date(o.InsertedAt)})
	}
	return s.list("orgs", orgs, []string{"NAME", "MEMBERS", "CREATED"}, rows)
}

// members writes who is what, such as "ann (admin), bob (read)".
func members(o ops.Org) string {
	var out []string
	for _, name := range o.MemberNames() {
		out = append(out, name+" ("+string(o.Members[name])+")")
	}
	return strings.Join(out, ", ")
}

type orgCreateCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Its name, which is also its repository's: lower-case letters, digits, underscores."`
	Admin  string `required:"" placeholder:"USER" help:"Who administers it: username, or verified e-mail address."`
}

// Run founds an organization.
func (c orgCreateCmd) Run(s *session) error {
	query := user(c.Admin)
	query.Set("org", c.Name)
	var o ops.Org
	if err := c.ask(s, "POST", "orgs", query, nil, &o); err != nil {
		return err
	}
	return s.done(o.Name, "org", o, "Founded %s, administered by %s. Its packages are at /repo/repos/%s.", o.Name, strings.Join(o.MemberNames(), ", "), o.Name)
}

type orgMemberCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	User   string `arg:"" help:"Username, or verified e-mail address."`
	Role   string `enum:"read,write,admin" default:"read" placeholder:"ROLE" help:"read, write or admin."`
	Remove bool   `help:"End the membership instead."`
}

// Run changes a membership.
func (c orgMemberCmd) Run(s *session) error {
	query := user(c.User)
	query.Set("org", c.Org)
	draft := ops.MemberDraft{Role: org.Role(c.Role)}
	if c.Remove {
		draft.Role = ""
	}
	var o ops.Org
	if err := c.ask(s, "PUT", "org/member", query, draft, &o); err != nil {
		return err
	}
	return s.done(o.Name, "org", o, "Members of %s: %s.", o.Name, members(o))
}
