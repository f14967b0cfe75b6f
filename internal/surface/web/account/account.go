// Package account is the pages on which people log in, look after their accounts, and let programs act
// for them.
//
// It knows cookies, forms and the way from one page to the next, and decides nothing: who may log in, how
// often one may try, and what needs another proof of who one is, the rooms say. Every page works without
// scripts, and none of them is kept by browsers or proxies.
package account

import (
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
	"hexhub/internal/surface/web/ui/keys"
)

// Deps are what the pages show and use.
type Deps struct {
	DB       *store.DB
	Accounts *account.Accounts
	Access   *access.Access
	Orgs     *org.Orgs
	OAuth    *oauth.OAuth
	Registry connect.Registry                 // that snippets name
	Rules    func(store.Reader) account.Rules // by which accounts are made
}

type pages struct {
	Deps
	web  *ui.Web
	desk keys.Desk
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	p := &pages{Deps: d, web: web, desk: keys.Desk{Web: web, DB: d.DB, Access: d.Access, Registry: d.Registry}}
	web.Words(words)
	web.Words(keys.Words)

	// Anybody's.
	p.web.Open("GET /login", p.login)
	p.web.Open("POST /login", p.checkPassword)
	p.web.Open("GET /tfa", p.second)
	p.web.Open("POST /tfa", p.checkSecond)
	p.web.Open("POST /logout", p.logout)
	p.web.Open("GET /signup", p.register)
	p.web.Open("POST /signup", p.createAccount)
	p.web.Open("GET /email/verify", p.askVerify)
	p.web.Open("POST /email/verify", p.verify)
	p.web.Open("GET /email/verification", p.askResend)
	p.web.Open("POST /email/verification", p.resend)
	p.web.Open("GET /password/reset", p.askReset)
	p.web.Open("POST /password/reset", p.reset)
	p.web.Open("GET /password/new", p.newPassword)
	p.web.Open("POST /password/new", p.setNewPassword)
	p.web.Open("GET /invites", p.invitation)

	// Programs that want to act for a user.
	p.web.Open("GET /oauth/device", p.device)
	p.web.Open("POST /oauth/device", p.findDevice)
	p.web.Sure("GET /oauth/device/authorize", p.askDevice)
	p.web.Sure("POST /oauth/device/authorize", p.answerDevice)
	p.web.Open("GET /oauth/authorize", p.askConsent)
	p.web.User("POST /oauth/authorize", p.answerConsent)

	// A user's own.
	p.web.User("POST /invites", p.answerInvitation)
	p.web.User("GET /dashboard", p.dashboard)
	p.web.User("GET /dashboard/profile", p.profile)
	p.web.User("POST /dashboard/profile", p.saveProfile)
	p.web.User("GET /dashboard/email", p.emails)
	p.web.Sure("POST /dashboard/email/add", p.addEmail)
	p.web.User("POST /dashboard/email/confirm", p.confirmEmail)
	p.web.Sure("POST /dashboard/email/primary", p.primaryEmail)
	p.web.User("POST /dashboard/email/public", p.publicEmail)
	p.web.Sure("POST /dashboard/email/remove", p.removeEmail)
	p.web.User("POST /dashboard/email/letters", p.optionalMail)
	p.web.Sure("GET /dashboard/security", p.security)
	p.web.Sure("POST /dashboard/security/password", p.changePassword)
	p.web.Sure("GET /dashboard/security/totp", p.enrol)
	p.web.Sure("POST /dashboard/security/totp", p.startTOTP)
	p.web.Sure("POST /dashboard/security/totp/confirm", p.confirmTOTP)
	p.web.Sure("POST /dashboard/security/totp/disable", p.disableTOTP)
	p.web.Sure("POST /dashboard/security/recovery-codes", p.rotateCodes)
	p.web.User("GET /dashboard/sessions", p.sessions)
	p.web.User("POST /dashboard/sessions/revoke", p.endSessions)
	p.web.Sure("GET /dashboard/keys", p.keys)
	p.web.Sure("POST /dashboard/keys", p.makeKey)
	p.web.User("POST /dashboard/keys/revoke", p.revokeKey)
	p.web.Sure("POST /dashboard/keys/restore", p.restoreKey)
	p.web.User("GET /dashboard/audit-logs", p.activity)
	p.web.Open("GET /dashboard/delete-account", p.openDelete)
	p.web.Sure("POST /dashboard/delete-account", p.requestDelete)
	p.web.User("POST /dashboard/delete-account/confirm", p.delete)
}
