package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/store"
)

// The settings that all nodes share. Their defaults are this node's configuration, where it has them.
const (
	registration = "registration"
	mailConfirm  = "mail.confirm"
	keyMaxAge    = "key.max-age"

	orgCreate = "org.create"

	basicPassword   = "basic.password"
	basicRequireOTP = "basic.require_otp"

	totpRequired = "totp.required"
	sessionMax   = "session.max"

	auditHot     = "audit.hot"
	blockSetting = "block"

	docsExternal = "docs.external"

	siteName            = "site.name"
	siteHue             = "site.hue"
	sitePromise         = "site.promise"
	siteSecurityContact = "site.security-contact"
	siteNoIndex         = "site.noindex"
)

func (n *Node) definitions() []setting.Definition {
	return []setting.Definition{
		{
			Name: registration, Default: n.Config.Registration,
			Help:  "Who may register: open, invite, or domains:a.org,b.org.",
			Check: func(v string) error { _, err := account.ParseRegistration(v); return err },
		},
		{
			Name: mailConfirm, Default: n.Config.MailConfirm,
			Help:  "Whether somebody who registers must confirm his address: auto, always or never.",
			Check: oneOf("auto", "always", "never"),
		},
		{
			Name: keyMaxAge, Default: "0",
			Help:  "How long a new API key may live, such as 90d; 0 means for ever.",
			Check: func(v string) error { _, err := parseAge(v); return err },
		},
		{
			Name: orgCreate, Default: "admins",
			Help:  "Who founds organizations through the API and the site: admins or users.",
			Check: oneOf("admins", "users"),
		},
		{
			Name: basicPassword, Default: "on",
			Help:  "Whether a user name and a password are taken where a key could be given; rebar3 needs it to make its keys.",
			Check: oneOf("on", "off"),
		},
		{
			Name: basicRequireOTP, Default: "on",
			Help:  "Whether the password of a user who has a second factor needs a code with it, in X-Hex-OTP.",
			Check: oneOf("on", "off"),
		},
		{
			Name: totpRequired, Default: "off",
			Help:  "Whether only users with a second factor may change something through programs that they logged in to.",
			Check: oneOf("on", "off"),
		},
		{
			Name: sessionMax, Default: "50",
			Help:  "How many sessions a user may have at a time, from 1 to 200; one more ends the one that was not used for longest.",
			Check: func(v string) error { _, err := parseSessions(v); return err },
		},
		{
			Name: auditHot, Default: "90d",
			Help:  "When audit entries move out of the store into sealed blobs, where they stay readable; 0 means never.",
			Check: func(v string) error { _, err := parseHot(v); return err },
		},
		{
			Name:  blockSetting,
			Help:  "Networks and addresses, separated by commas, whose every request is refused; none by default.",
			Check: func(v string) error { _, err := parseNetworks(v); return err },
		},
		{
			Name: docsExternal, Default: "public",
			Help:  "Whose documentation may load scripts, pictures and fonts from other servers, which thus learn what is read: public, none or all.",
			Check: oneOf("public", "none", "all"),
		},
		{
			Name:  siteName,
			Help:  "What pages, feeds, mail and apps for codes call this registry, in up to 40 characters; empty for the name of its repository, which tools use in any case.",
			Check: checkName,
		},
		{
			Name:  siteHue,
			Help:  "The colour of links and buttons, as a hue from 0 to 359: 30 is red, 90 yellow, 150 green, 250 blue. Empty for the violet of HexHub.",
			Check: func(v string) error { _, err := parseHue(v); return err },
		},
		{
			Name:  sitePromise,
			Help:  "What this registry is, in one line of up to 120 characters: the home page begins with it, and search engines and pictures show it.",
			Check: checkPromise,
		},
		{
			Name:  siteSecurityContact,
			Help:  "Where to tell of a security hole: an address of mail or an https:// page, which /.well-known/security.txt then names.",
			Check: func(v string) error { _, err := parseContact(v); return err },
		},
		{
			Name: siteNoIndex, Default: "7d",
			Help:  "For how long search engines are asked to leave out a new package where everybody may register, such as 7d; 0 means not at all.",
			Check: func(v string) error { _, err := access.ParseMaxAge(v); return err },
		},
		{
			Name:  doctor.Silence,
			Help:  "What the first page of the administration reminds of no more, separated by commas: https, mail, nodes.",
			Check: func(v string) error { _, err := doctor.ParseSilence(v); return err },
		},
	}
}

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(values, v) {
			return fmt.Errorf("must be one of %s, not %q", strings.Join(values, ", "), v)
		}
		return nil
	}
}

// accountRules reads the rules of accounts as they are now. What an older binary wrote and this one does
// not understand lets nobody in.
func (n *Node) accountRules(r store.Reader) account.Rules {
	mode, _ := n.Settings.Value(r, registration)
	admits, _ := account.ParseRegistration(mode)
	when, _ := n.Settings.Value(r, mailConfirm)
	confirm := when == "always" || when == "auto" && n.Mail.Configured()
	most, _ := n.Settings.Value(r, sessionMax)
	sessions, _ := parseSessions(most)
	return account.Rules{Registration: admits, ConfirmMail: confirm, MaxSessions: sessions}
}

// docsUse reports whether pages of documentation may use what is on other servers. What an older binary wrote and this
// one does not understand lets none.
func (n *Node) docsUse(r store.Reader, private bool) bool {
	whose, _ := n.Settings.Value(r, docsExternal)
	return whose == "all" || whose == "public" && !private
}

// parseSessions reads how many sessions a user may have. They must fit into one transaction with his keys.
func parseSessions(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 200 {
		return 0, fmt.Errorf("%q is not a number from 1 to 200", text)
	}
	return n, nil
}

func (n *Node) accessRules(r store.Reader) access.Rules {
	text, _ := n.Settings.Value(r, keyMaxAge)
	age, _ := parseAge(text)
	basic, _ := n.Settings.Value(r, basicPassword)
	founders, _ := n.Settings.Value(r, orgCreate)
	withCode, _ := n.Settings.Value(r, basicRequireOTP)
	second, _ := n.Settings.Value(r, totpRequired)
	return access.Rules{
		MaxKeyAge: age, NoPasswords: basic == "off", UsersFound: founders == "users",
		BasicRequireOTP: withCode != "off", RequireTOTP: second == "on",
	}
}

func (n *Node) oauthRules(r store.Reader) oauth.Rules {
	return oauth.Rules{RequireTOTP: n.accessRules(r).RequireTOTP}
}

// parseAge reads the greatest age of keys. Less than an hour would end keys before they are used.
func parseAge(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	age, err := access.ParseAge(text)
	if err == nil && age < time.Hour {
		err = fmt.Errorf("%q is less than an hour; 0 means for ever", text)
	}
	return age, err
}

// parseHot reads how long audit entries stay in rows. Less than a day would make segments of almost nothing.
func parseHot(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	age, err := access.ParseAge(text)
	if err == nil && age < 24*time.Hour {
		err = fmt.Errorf("%q is less than a day; 0 means for ever", text)
	}
	return age, err
}

// firstAdministrator makes the administrator that the configuration describes, if there is none yet.
func (n *Node) firstAdministrator(ctx context.Context) error {
	c := n.Config
	if c.AdminEmail == "" || account.HasAdmin(n.DB.View()) {
		return nil
	}
	password, err := firstLine(c.AdminPasswordFile, "admin.password-file")
	if err != nil {
		return err
	}
	if password == "" {
		return errors.New("admin.password-file is empty: its first line is the password")
	}
	_, err = n.Accounts.Create(ctx, audit.By{Username: "hexhub serve"}, account.Draft{
		Username: c.AdminUsername, Emails: []string{c.AdminEmail}, Password: password, Admin: true, Verified: true,
	})
	if err != nil {
		return fmt.Errorf("create the administrator %s: %w", c.AdminUsername, err)
	}
	n.log.Info("created the first administrator", "username", c.AdminUsername)
	return nil
}
