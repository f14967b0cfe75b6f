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
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the pages show and use.
type Deps struct {
	DB       *store.DB
	Accounts *account.Accounts
	Access   *access.Access
	Orgs     *org.Orgs
	OAuth    *oauth.OAuth
	Rules    func(store.Reader) account.Rules // by which accounts are made
}

type pages struct {
	Deps
	web *ui.Web
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	p := &pages{Deps: d, web: web}
	web.Words(words)

	// Anybody's.
	p.open("GET /login", p.login)
	p.open("POST /login", p.checkPassword)
	p.open("GET /login/code", p.second)
	p.open("POST /login/code", p.checkSecond)
	p.open("POST /logout", p.logout)
	p.open("GET /register", p.register)
	p.open("POST /register", p.createAccount)
	p.open("GET /email/verify", p.askVerify)
	p.open("POST /email/verify", p.verify)
	p.open("GET /email/verification", p.askResend)
	p.open("POST /email/verification", p.resend)
	p.open("GET /password/reset", p.askReset)
	p.open("POST /password/reset", p.reset)
	p.open("GET /password/new", p.newPassword)
	p.open("POST /password/new", p.setNewPassword)
	p.open("GET /invitations/{token}", p.openInvitation)
	p.open("GET /invitations", p.invitation)

	// Programs that want to act for a user.
	p.open("GET /oauth/device", p.device)
	p.open("POST /oauth/device", p.findDevice)
	p.sure("GET /oauth/device/authorize", p.askDevice)
	p.sure("POST /oauth/device/authorize", p.answerDevice)
	p.open("GET /oauth/authorize", p.askConsent)
	p.user("POST /oauth/authorize", p.answerConsent)

	// A user's own.
	p.user("GET /sudo", p.askSudo)
	p.user("POST /sudo", p.sudo)
	p.user("POST /invitations", p.answerInvitation)
	p.user("GET /account", p.profile)
	p.user("POST /account", p.saveProfile)
	p.user("GET /account/emails", p.emails)
	p.sure("POST /account/emails/add", p.addEmail)
	p.user("POST /account/emails/confirm", p.confirmEmail)
	p.sure("POST /account/emails/primary", p.primaryEmail)
	p.user("POST /account/emails/public", p.publicEmail)
	p.sure("POST /account/emails/remove", p.removeEmail)
	p.sure("GET /account/security", p.security)
	p.sure("POST /account/security/password", p.changePassword)
	p.sure("GET /account/security/totp", p.enrol)
	p.sure("POST /account/security/totp", p.startTOTP)
	p.sure("POST /account/security/totp/confirm", p.confirmTOTP)
	p.sure("POST /account/security/totp/disable", p.disableTOTP)
	p.sure("POST /account/security/recovery-codes", p.rotateCodes)
	p.user("GET /account/sessions", p.sessions)
	p.user("POST /account/sessions/revoke", p.endSessions)
	p.sure("GET /account/keys", p.keys)
	p.sure("POST /account/keys", p.makeKey)
	p.user("POST /account/keys/revoke", p.revokeKey)
	p.user("GET /account/organizations", p.organizations)
	p.user("POST /account/organizations/answer", p.answerOwn)
	p.user("GET /account/activity", p.activity)
	p.open("GET /account/delete", p.openDelete)
	p.sure("POST /account/delete", p.requestDelete)
	p.user("POST /account/delete/confirm", p.delete)
}
