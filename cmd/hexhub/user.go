package main

import (
	"fmt"
	"strings"
	"time"

	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type userCmd struct {
	List       userListCmd       `cmd:"" help:"List all users."`
	Show       userShowCmd       `cmd:"" help:"Show a user."`
	Create     userCreateCmd     `cmd:"" help:"Create a user."`
	Deactivate userDeactivateCmd `cmd:"" help:"Shut a user out, at once; nothing of his is lost."`
	Reactivate userReactivateCmd `cmd:"" help:"Let a deactivated user in again."`
	Verify     userVerifyCmd     `cmd:"" help:"Vouch for a user's e-mail address."`
	Delete     userDeleteCmd     `cmd:"" help:"Delete an account, for ever; the name stays reserved, and packages stay."`

	ResetPassword userResetCmd      `cmd:"" help:"Have the server mail a user a link on which he chooses another password."`
	Disable2fa    userDisable2faCmd `cmd:"" name:"disable-2fa" help:"Take away the second factor of a user who has lost it."`
	Recovery      userRecoveryCmd   `cmd:"" help:"Say whether a user gets back in by mail alone: off when his address may be somebody else's by now."`
	Sessions      userSessionsCmd   `cmd:"" help:"A user's logins."`

	Invite      userInviteCmd      `cmd:"" help:"Mail somebody a link on which he makes an account."`
	Uninvite    userUninviteCmd    `cmd:"" help:"Take an invitation back."`
	Invitations userInvitationsCmd `cmd:"" help:"List the invitations that are open."`
}

type userListCmd struct {
	target `embed:""`
}

// Run lists all users.
func (c userListCmd) Run(s *session) error {
	return listUsers(s, c.target, func(ops.User) bool { return true })
}

func listUsers(s *session, l target, wanted func(ops.User) bool) error {
	var all []ops.User
	if err := l.ask(s, "GET", "users", nil, nil, &all); err != nil {
		return err
	}
	found, rows := []ops.User{}, [][]string{}
	for _, u := range all {
		if wanted(u) {
			found = append(found, u)
			rows = append(rows, []string{u.Username, address(u), kind(u), state(u), date(u.InsertedAt)})
		}
	}
	return s.list("users", found, []string{"USERNAME", "EMAIL", "KIND", "STATE", "SINCE"}, rows)
}

func address(u ops.User) string {
	e := u.Primary()
	if e.Address != "" && !e.Verified {
		return e.Address + " (unverified)"
	}
	return e.Address
}

func kind(u ops.User) string {
	switch {
	case u.Admin:
		return "administrator"
	case u.Service:
		return "service"
	}
	return "user"
}

func state(u ops.User) string {
	if u.DeactivatedAt != nil {
		return "deactivated"
	}
	return "active"
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

type userShowCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run shows a user.
func (c userShowCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "GET", "user", user(c.Name), nil, &u); err != nil {
		return err
	}
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-10s%s\n", label, term.Clean(text))
		}
	}
	line("username", u.Username)
	line("name", u.FullName)
	for _, e := range u.Emails {
		text := e.Address
		if !e.Verified {
			text += " (unverified)"
		}
		line("email", text)
	}
	line("kind", kind(u))
	line("state", state(u))
	line("since", date(u.InsertedAt))
	if !u.Password {
		line("password", "none: logs in with keys only")
	}
	if u.TwoFactor {
		line("2fa", "on")
	}
	line("id", u.ID)
	return s.done(u.Username, "user", u, "%s", strings.TrimSuffix(b.String(), "\n"))
}

type userCreateCmd struct {
	target        `embed:""`
	Username      string `arg:"" help:"Name to log in with."`
	Email         string `placeholder:"ADDRESS" help:"E-mail address; taken as verified. Only a service needs none."`
	FullName      string `placeholder:"TEXT" help:"Name to show."`
	Service       bool   `help:"A machine: needs neither address nor password, only keys."`
	PasswordStdin bool   `help:"Read the password from the first line of stdin."`
}

// Run creates a user. A service gets a password only if one is piped in.
func (c userCreateCmd) Run(s *session) error {
	draft := ops.UserDraft{Username: c.Username, Email: c.Email, FullName: c.FullName, Service: c.Service}
	if !c.Service || c.PasswordStdin {
		var err error
		if draft.Password, err = s.newPassword(c.PasswordStdin); err != nil {
			return err
		}
	}
	var u ops.User
	if err := c.ask(s, "POST", "users", nil, draft, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "Created the %s %s.", kind(u), u.Username)
}

type userDeactivateCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run shuts a user out.
func (c userDeactivateCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "PUT", "user/active", user(c.Name), ops.Switch{}, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "%s is shut out, keys included. Undo: hexhub user reactivate %s", u.Username, u.Username)
}

type userReactivateCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run lets a user in again.
func (c userReactivateCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "PUT", "user/active", user(c.Name), ops.Switch{On: true}, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "%s may log in again.", u.Username)
}

type userVerifyCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username."`
	Email  string `arg:"" optional:"" help:"Address to vouch for. Default: the primary one."`
}

// Run marks an address as the user's.
func (c userVerifyCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "POST", "user/verified", user(c.Name), ops.Verification{Email: c.Email}, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "The address of %s is verified.", u.Username)
}
