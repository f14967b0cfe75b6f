package main

import (
	"net/url"

	"hexhub/internal/surface/ops"
	"hexhub/internal/term"
)

type userDeleteCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run deletes the account once its name was typed, or with --yes.
func (c userDeleteCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "GET", "user", user(c.Name), nil, &u); err != nil {
		return err
	}
	if !s.Yes {
		s.talk.Printf("This deletes %s (%s), with keys, sessions and memberships, and cannot be undone.\nPackages stay. To shut somebody out and lose nothing: hexhub user deactivate %s\n",
			u.Username, term.Clean(address(u)), u.Username)
		if !s.canAsk() {
			return &failure{what: "ask whether to delete " + u.Username, why: "stdin is not a terminal", fix: []string{"hexhub user delete " + u.Username + " --yes"}, code: exitUsage}
		}
		if !s.talk.Confirm("Type "+u.Username+" to continue: ", u.Username, s.in) {
			return &failure{why: "nothing was deleted: that is not the name"}
		}
	}
	if err := c.ask(s, "DELETE", "user", user(c.Name), nil, nil); err != nil {
		return err
	}
	return s.done(u.Username, "deleted", u.Username, "%s is deleted.", u.Username)
}

type userResetCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
	Link   bool   `help:"Print the link instead, for you to hand over. Only at the machine itself."`
}

// Run has a link mailed, or prints it.
func (c userResetCmd) Run(s *session) error {
	path := "user/reset"
	if c.Link {
		path = "user/reset-link"
	}
	var got ops.Reset
	if err := c.ask(s, "POST", path, user(c.Name), nil, &got); err != nil {
		return err
	}
	until := got.ExpiresAt.Local().Format("2006-01-02 15:04")
	if c.Link {
		if !s.JSON && !s.Quiet {
			s.talk.Printf("With this %s chooses another password, until %s. Whoever else has it can, too.\n", c.Name, until)
		}
		return s.done(got.URL, "reset", got, "%s", got.URL)
	}
	s.tellResting(got.Resting)
	return s.done(got.MailedTo, "reset", got, "A link was mailed to %s. It works until %s.", term.Clean(got.MailedTo), until)
}

// tellResting says where a letter is that was not sent.
func (s *session) tellResting(resting bool) {
	if resting && !s.JSON && !s.Quiet {
		s.talk.Println("Mail is not sent: mail.smtp is not set. The letter rests; hexhub admin mail shows it, at the machine itself.")
	}
}

type userDisable2faCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run takes the second factor away.
func (c userDisable2faCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "DELETE", "user/two-factor", user(c.Name), nil, &u); err != nil {
		return err
	}
	return s.done(u.Username, "user", u, "%s logs in with the password alone now, and was told so by mail.", u.Username)
}

type userRecoveryCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
	Switch string `arg:"" enum:"on,off" help:"on or off."`
}

// Run lets mail be enough, or not.
func (c userRecoveryCmd) Run(s *session) error {
	var u ops.User
	if err := c.ask(s, "PUT", "user/recovery", user(c.Name), ops.Switch{On: c.Switch == "on"}, &u); err != nil {
		return err
	}
	sentence := "%s can choose another password by mail again."
	if c.Switch == "off" {
		sentence = "%s cannot choose another password by mail any more; links mailed before are dead."
	}
	return s.done(u.Username, "user", u, sentence, u.Username)
}

type userSessionsCmd struct {
	List sessionListCmd `cmd:"" default:"withargs" help:"List a user's logins, the newest first."`
	End  sessionEndCmd  `cmd:"" help:"End a login, or all."`
}

type sessionListCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
}

// Run lists the sessions.
func (c sessionListCmd) Run(s *session) error {
	var all []ops.Session
	if err := c.ask(s, "GET", "user/sessions", user(c.Name), nil, &all); err != nil {
		return err
	}
	rows := [][]string{}
	for _, x := range all {
		what := x.Name
		if what == "" {
			what = x.UserAgent
		}
		rows = append(rows, []string{x.ID, string(x.Kind), what, x.IP, minute(x.InsertedAt), day(x.LastUsedAt), date(x.ExpiresAt)})
	}
	return s.list("sessions", all, []string{"ID", "KIND", "WHAT", "FROM", "SINCE", "LAST USED", "ENDS"}, rows)
}

type sessionEndCmd struct {
	target `embed:""`
	Name   string `arg:"" help:"Username, or verified e-mail address."`
	ID     string `arg:"" optional:"" help:"As hexhub user sessions lists it."`
	All    bool   `help:"End all of them."`
}

// Run ends one session, or all.
func (c sessionEndCmd) Run(s *session) error {
	if c.All == (c.ID != "") {
		return &failure{why: "name a session, or give --all", fix: []string{"hexhub user sessions " + c.Name}, code: exitUsage}
	}
	query := user(c.Name)
	query.Set("id", c.ID)
	if c.All {
		query = url.Values{"user": {c.Name}, "all": {"true"}}
	}
	if err := c.ask(s, "DELETE", "user/sessions", query, nil, nil); err != nil {
		return err
	}
	if c.All {
		return s.done(c.Name, "ended", "all", "%s is logged out everywhere. Keys stay as they are.", c.Name)
	}
	return s.done(c.ID, "ended", c.ID, "Ended.")
}

type userInviteCmd struct {
	target `embed:""`
	Email  string `arg:"" help:"Whom to invite."`
}

// Run invites; where no mail is sent, the link is the result.
func (c userInviteCmd) Run(s *session) error {
	var i ops.Invitation
	if err := c.ask(s, "POST", "invitations", nil, ops.InvitationDraft{Email: c.Email}, &i); err != nil {
		return err
	}
	until := date(i.ExpiresAt)
	if i.URL != "" {
		if !s.JSON && !s.Quiet {
			s.talk.Printf("Mail is not sent: mail.smtp is not set. Hand this link to %s; it works once, until %s:\n", term.Clean(i.Email), until)
		}
		return s.done(i.URL, "invitation", i, "%s", i.URL)
	}
	return s.done(i.Email, "invitation", i, "An invitation was mailed to %s. It works until %s.", term.Clean(i.Email), until)
}

type userUninviteCmd struct {
	target `embed:""`
	Email  string `arg:"" help:"Who was invited."`
}

// Run takes an invitation back.
func (c userUninviteCmd) Run(s *session) error {
	if err := c.ask(s, "DELETE", "invitations", url.Values{"email": {c.Email}}, nil, nil); err != nil {
		return err
	}
	return s.done(c.Email, "uninvited", c.Email, "The invitation of %s works no more.", term.Clean(c.Email))
}

type userInvitationsCmd struct {
	target `embed:""`
}

// Run lists the open invitations.
func (c userInvitationsCmd) Run(s *session) error {
	var all []ops.Invitation
	if err := c.ask(s, "GET", "invitations", nil, nil, &all); err != nil {
		return err
	}
	rows := [][]string{}
	for _, i := range all {
		rows = append(rows, []string{i.Email, minute(i.InsertedAt), minute(i.ExpiresAt)})
	}
	return s.list("invitations", all, []string{"EMAIL", "INVITED", "UNTIL"}, rows)
}
