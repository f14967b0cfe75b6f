package main

import (
	"regexp"
	"strings"

	"hexhub/internal/surface/ops"
)

type adminCmd struct {
	Create        adminCreateCmd        `cmd:"" help:"Create an administrator."`
	List          adminListCmd          `cmd:"" help:"List the administrators."`
	Grant         adminGrantCmd         `cmd:"" help:"Make a user an administrator."`
	Revoke        adminRevokeCmd        `cmd:"" help:"Make an administrator a plain user."`
	ResetPassword adminResetPasswordCmd `cmd:"" help:"Give a user another password."`
	Disable2fa    userDisable2faCmd     `cmd:"" name:"disable-2fa" help:"Take away the second factor of a user who has lost it."`
	SetupLink     adminSetupLinkCmd     `cmd:"" help:"Print a new link on which the first administrator is created."`
	Client        adminClientCmd        `cmd:"" help:"Programs that may ask for OAuth tokens."`
	Settings      adminSettingsCmd      `cmd:"" help:"List what all nodes agree on."`
	Set           adminSetCmd           `cmd:"" help:"Change what all nodes agree on, at once."`
	Mail          adminMailCmd          `cmd:"" help:"The letters that the server wrote: the outbox, and a test."`
	Explain       adminExplainCmd       `cmd:"" help:"Say which rule refused a request, and what to do."`
	Jobs          adminJobsCmd          `cmd:"" help:"Work that waits, and what failed for good."`
	Scrub         adminScrubCmd         `cmd:"" help:"When all tarballs were read last, and which are lost."`
}

type adminCreateCmd struct {
	target        `embed:""`
	Email         string `arg:"" help:"E-mail address; taken as verified."`
	Username      string `placeholder:"NAME" help:"Name to log in with. Default: the part of the address before the @."`
	PasswordStdin bool   `help:"Read the password from the first line of stdin."`
}

// Run creates the administrator.
func (c adminCreateCmd) Run(s *session) error {
	password, err := s.newPassword(c.PasswordStdin)
	if err != nil {
		return err
	}
	if c.Username == "" {
		c.Username = proposeName(c.Email)
	}
	var u ops.User
	draft := ops.UserDraft{Username: c.Username, Email: c.Email, Password: password, Admin: true}
	if err := c.ask(s, "POST", "users", nil, draft, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "Created the administrator %s (%s).", u.Username, u.Primary().Address)
}

var notInNames = regexp.MustCompile(`[^a-z0-9_.-]+`)

// proposeName makes a username of an address.
func proposeName(email string) string {
	before, _, _ := strings.Cut(strings.ToLower(email), "@")
	before, _, _ = strings.Cut(before, "+")
	return notInNames.ReplaceAllString(before, "")
}

type adminListCmd struct {
	target `embed:""`
}

// Run lists the administrators.
func (c adminListCmd) Run(s *session) error {
	return listUsers(s, c.target, func(u ops.User) bool { return u.Admin })
}

type adminGrantCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run makes a user an administrator.
func (c adminGrantCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "PUT", "user/admin", user(c.Name), ops.Switch{On: true}, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "%s is an administrator now.", u.Username)
}

type adminRevokeCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run takes the right away; the last administrator keeps it.
func (c adminRevokeCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "PUT", "user/admin", user(c.Name), ops.Switch{}, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "%s is no administrator any more.", u.Username)
}

type adminResetPasswordCmd struct {
	target        `embed:""`
	Name          string `arg:"" help:"Username, or verified e-mail address."`
	PasswordStdin bool   `help:"Read the password from the first line of stdin."`
}

// Run sets the password.
func (c adminResetPasswordCmd) Run(s *session) error {
	password, err := s.newPassword(c.PasswordStdin)
	if err != nil {
		return err
	}
	var u ops.User
	if err := c.ask(s, "PUT", "user/password", user(c.Name), ops.PasswordChange{Password: password}, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "%s has another password now. Keys stay as they are.", u.Username)
}

type adminSetupLinkCmd struct {
	target `embed:""`
}

// Run prints a new link; earlier ones end.
func (c adminSetupLinkCmd) Run(s *session) error {
	var link ops.SetupLink
	if err := c.ask(s, "POST", "setup", nil, nil, &link); err != nil {
		return err
	}
	if !s.JSON && !s.Quiet {
		s.talk.Printf("Open this until %s; links printed before are dead.\n", link.ExpiresAt.Local().Format("15:04"))
	}
	return s.done(link.URL, "setup", link, "%s", link.URL)
}

type adminSettingsCmd struct {
	target `embed:""`
}

// Run lists the settings that all nodes share.
func (c adminSettingsCmd) Run(s *session) error {
	var all []ops.Setting
	if err := c.ask(s, "GET", "settings", nil, nil, &all); err != nil {
		return err
	}
	var rows [][]string
	for _, x := range all {
		by := "default"
		if x.SetBy != "" {
			by = x.SetBy
		}
		rows = append(rows, []string{x.Name, x.Value, by})
	}
	return s.list("settings", all, []string{"SETTING", "VALUE", "SET BY"}, rows)
}

type adminSetCmd struct {
	target `embed:""`
	Key    string `arg:"" help:"Name of the setting; hexhub admin settings lists them."`
	Value  string `arg:"" help:"The new value."`
}

// Run changes a setting on all nodes.
func (c adminSetCmd) Run(s *session) error {
	change := ops.SettingChange{Name: c.Key, Value: c.Value}
	if err := c.ask(s, "PUT", "settings", nil, change, nil); err != nil {
		return err
	}
	return s.done(c.Key, "setting", change, "%s is %q now, on all nodes.", c.Key, c.Value)
}
