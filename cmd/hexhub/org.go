package main

import (
	"fmt"
	"net/url"
	"strings"

	"hexhub/internal/feature/org"
	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type orgCmd struct {
	List        orgListCmd        `cmd:"" help:"List organizations and their members."`
	Show        orgShowCmd        `cmd:"" help:"Show an organization."`
	Create      orgCreateCmd      `cmd:"" help:"Found an organization, which has a private repository of its own."`
	Set         orgSetCmd         `cmd:"" help:"Change the rules of an organization."`
	Delete      orgDeleteCmd      `cmd:"" help:"Delete an organization that owns no packages, for ever; its name stays reserved."`
	Member      orgMemberCmd      `cmd:"" help:"Members and their roles."`
	Invite      orgInviteCmd      `cmd:"" help:"Mail somebody a link on which he joins."`
	Invitations orgInvitationsCmd `cmd:"" help:"Invitations that are open."`
	Key         orgKeyCmd         `cmd:"" help:"API keys of an organization, which stay when members go."`
}

// inOrg is the query that names an organization.
func inOrg(name string) url.Values { return url.Values{"org": {name}} }

// about is the query that names an organization and a user.
func about(org, user string) url.Values { return url.Values{"org": {org}, "user": {user}} }

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

type orgShowCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Name of the organization."`
}

// Run shows an organization.
func (c orgShowCmd) Run(s *session) error {
	var o ops.Org
	if err := c.ask(s, "GET", "org", inOrg(c.Name), nil, &o); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "name      %s\nmembers   %s\n", o.Name, members(o))
	if o.KeyMaxAge != "" {
		fmt.Fprintf(&b, "keys      live %s at most\n", o.KeyMaxAge)
	}
	fmt.Fprintf(&b, "packages  /repo/repos/%s\nsince     %s", o.Name, date(o.InsertedAt))
	return s.done(o.Name, "org", o, "%s", b.String())
}

type orgCreateCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Its name, which is also its repository's: lower-case letters, digits, underscores."`
	Admin  string `required:"" placeholder:"USER" help:"Who administers it: username, or verified e-mail address."`
}

// Run founds an organization.
func (c orgCreateCmd) Run(s *session) error {
	var o ops.Org
	if err := c.ask(s, "POST", "orgs", about(c.Name, c.Admin), nil, &o); err != nil {
		return err
	}
	return s.done(o.Name, "org", o, "Founded %s, administered by %s. Its packages are at /repo/repos/%s.", o.Name, strings.Join(o.MemberNames(), ", "), o.Name)
}

type orgSetCmd struct {
	target    `embed:""`
	Name      string `arg:"" help:"Name of the organization."`
	KeyMaxAge string `required:"" placeholder:"AGE" help:"How long keys for its repository may live, such as 90d; 0 for ever. Keys that there are keep their end."`
}

// Run changes the rules.
func (c orgSetCmd) Run(s *session) error {
	var o ops.Org
	if err := c.ask(s, "PUT", "org", inOrg(c.Name), ops.OrgChange{KeyMaxAge: c.KeyMaxAge}, &o); err != nil {
		return err
	}
	if o.KeyMaxAge == "" {
		return s.done(o.Name, "org", o, "New keys of %s may live for ever.", o.Name)
	}
	return s.done(o.Name, "org", o, "New keys of %s live %s at most.", o.Name, o.KeyMaxAge)
}

type orgMemberCmd struct {
	List   memberListCmd   `cmd:"" help:"List members."`
	Add    memberAddCmd    `cmd:"" help:"Make a user a member, and tell him by mail."`
	Role   memberRoleCmd   `cmd:"" help:"Give a member another role."`
	Remove memberRemoveCmd `cmd:"" help:"End a membership, and with it all that it let the user do, at once."`
	Set    memberSetCmd    `cmd:"" default:"withargs" help:"Make a user a member with a role, whatever he was; so does hexhub org member ORG USER --role ROLE."`
}

type memberListCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
}

// Run lists the members.
func (c memberListCmd) Run(s *session) error {
	var o ops.Org
	if err := c.ask(s, "GET", "org", inOrg(c.Org), nil, &o); err != nil {
		return err
	}
	rows := [][]string{}
	for _, name := range o.MemberNames() {
		rows = append(rows, []string{name, string(o.Members[name])})
	}
	return s.list("members", o.Members, []string{"USERNAME", "ROLE"}, rows)
}

func setMember(s *session, t target, orgName, userName string, d ops.MemberDraft) error {
	var o ops.Org
	if err := t.ask(s, "PUT", "org/member", about(orgName, userName), d, &o); err != nil {
		return err
	}
	return s.done(o.Name, "org", o, "Members of %s: %s.", o.Name, members(o))
}

type memberAddCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	User   string `arg:"" help:"Username, or verified e-mail address."`
	Role   string `enum:"read,write,admin" default:"read" placeholder:"ROLE" help:"read, write or admin."`
}

// Run adds a member.
func (c memberAddCmd) Run(s *session) error {
	return setMember(s, c.target, c.Org, c.User, ops.MemberDraft{Role: org.Role(c.Role), New: true})
}

type memberRoleCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	User   string `arg:"" help:"Username, or verified e-mail address."`
	Role   string `arg:"" enum:"read,write,admin" help:"read, write or admin."`
}

// Run changes a member's role.
func (c memberRoleCmd) Run(s *session) error {
	return setMember(s, c.target, c.Org, c.User, ops.MemberDraft{Role: org.Role(c.Role), Old: true})
}

type memberSetCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	User   string `arg:"" help:"Username, or verified e-mail address."`
	Role   string `enum:"read,write,admin" default:"read" placeholder:"ROLE" help:"read, write or admin."`
}

// Run makes the user what he is to be.
func (c memberSetCmd) Run(s *session) error {
	return setMember(s, c.target, c.Org, c.User, ops.MemberDraft{Role: org.Role(c.Role)})
}

type memberRemoveCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	User   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run ends a membership.
func (c memberRemoveCmd) Run(s *session) error {
	var o ops.Org
	if err := c.ask(s, "DELETE", "org/member", about(c.Org, c.User), nil, &o); err != nil {
		return err
	}
	return s.done(o.Name, "org", o, "Members of %s: %s.", o.Name, members(o))
}

type orgInviteCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	Who    string `arg:"" help:"E-mail address, or username."`
	Role   string `enum:"read,write,admin" default:"read" placeholder:"ROLE" help:"read, write or admin."`
}

// Run invites somebody.
func (c orgInviteCmd) Run(s *session) error {
	d := ops.OrgInvitationDraft{Role: org.Role(c.Role)}
	if strings.Contains(c.Who, "@") {
		d.Email = c.Who
	} else {
		d.Username = c.Who
	}
	var i ops.OrgInvitation
	if err := c.ask(s, "POST", "org/invitations", inOrg(c.Org), d, &i); err != nil {
		return err
	}
	return s.done(i.ID, "invitation", i, "Invited %s to %s as %s, until %s.", term.Clean(c.Who), c.Org, i.Role, date(i.ExpiresAt))
}

type orgInvitationsCmd struct {
	List   orgInvitationListCmd   `cmd:"" default:"withargs" help:"List invitations that are open."`
	Revoke orgInvitationRevokeCmd `cmd:"" help:"Take an invitation back."`
}

type orgInvitationListCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
}

// Run lists the invitations.
func (c orgInvitationListCmd) Run(s *session) error {
	var all []ops.OrgInvitation
	if err := c.ask(s, "GET", "org/invitations", inOrg(c.Org), nil, &all); err != nil {
		return err
	}
	rows := [][]string{}
	for _, i := range all {
		who := i.Username
		if who == "" {
			who = i.Email
		}
		rows = append(rows, []string{i.ID, who, string(i.Role), i.By, minute(i.ExpiresAt)})
	}
	return s.list("invitations", all, []string{"ID", "WHO", "ROLE", "BY", "UNTIL"}, rows)
}

type orgInvitationRevokeCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	ID     string `arg:"" help:"As hexhub org invitations lists it."`
}

// Run takes an invitation back.
func (c orgInvitationRevokeCmd) Run(s *session) error {
	query := inOrg(c.Org)
	query.Set("id", c.ID)
	if err := c.ask(s, "DELETE", "org/invitations", query, nil, nil); err != nil {
		return err
	}
	return s.done(c.ID, "revoked", c.ID, "The invitation works no more.")
}

type orgKeyCmd struct {
	List   orgKeyListCmd   `cmd:"" help:"List the keys."`
	Create orgKeyCreateCmd `cmd:"" help:"Create a key and print it, this once."`
	Revoke orgKeyRevokeCmd `cmd:"" help:"End a key, or all, at once and everywhere."`
}

type orgKeyListCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
}

// Run lists the keys.
func (c orgKeyListCmd) Run(s *session) error { return keysOfOrg(c.Org).list(s, c.target) }

type orgKeyCreateCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	Name   string `arg:"" help:"What the key is for, such as ci."`
	newKey `embed:""`
}

// Run creates a key.
func (c orgKeyCreateCmd) Run(s *session) error {
	return keysOfOrg(c.Org).create(s, c.target, c.Name, c.newKey)
}

type orgKeyRevokeCmd struct {
	target `embed:""`
	Org    string `arg:"" help:"Name of the organization."`
	Name   string `arg:"" optional:"" help:"Name of the key."`
	All    bool   `help:"End all of them."`
}

// Run ends a key.
func (c orgKeyRevokeCmd) Run(s *session) error {
	return keysOfOrg(c.Org).revoke(s, c.target, c.Name, c.All)
}
