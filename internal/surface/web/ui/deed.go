package ui

import (
	"fmt"
	"strings"

	"hexhub/internal/feature/audit"
)

// deeds are the actions of the audit log in words. A %s stands for what the deed was done to.
var deeds = map[string]string{
	"docs.publish": "Documentation of %s was published", "docs.revert": "Documentation of %s was removed",
	"key.generate": "The key %s was made", "key.remove": "The key %s was revoked",
	"owner.add": "An owner was added to %s", "owner.update": "An owner of %s got another level", "owner.remove": "An owner of %s was removed", "owner.transfer": "%s was given to somebody",
	"release.publish": "%s was published", "release.revert": "%s was taken back", "release.retire": "%s was retired", "release.unretire": "%s is no longer retired",
	"email.add": "The address %s was added", "email.remove": "The address %s was removed", "email.primary": "The address %s became the primary one", "email.public": "The public address became %s", "email.verify": "The address %s was confirmed",
	"user.create": "The account was made", "user.update": "The profile was changed", "user.admin": "The right to administer the site was changed", "user.deactivate": "The account was shut", "user.reactivate": "The account was opened again",
	"user.delete.request": "Deletion of the account was asked for", "user.delete": "The account was deleted",
	"security.update": "Two-factor authentication was changed", "security.rotate_recovery_codes": "New recovery codes were made",
	"password.add": "A password was set", "password.update": "The password was changed", "password.remove": "The password was removed", "password.reset.init": "A new password was asked for", "password.reset.finish": "The password was set anew by mail",
	"organization.create": "The organization %s was made", "organization.member.add": "A member was added to %s", "organization.member.role": "A member of %s got another role", "organization.member.remove": "A member of %s was removed",
	"organization.invitation.create": "Somebody was invited to %s", "organization.invitation.accept": "An invitation to %s was accepted", "organization.invitation.revoke": "An invitation to %s was taken back",
	"policy.create": "The policy %s was made", "policy.update": "The policy %s was changed", "policy.delete": "The policy %s was deleted",
	"session.create": "A session began", "session.revoke": "A session ended",
}

// DeedInWords says what an entry of the audit log tells. Of what it does not know it gives the name.
func DeedInWords(e audit.Entry) string {
	text, ok := deeds[e.Action]
	if !ok {
		return e.Action
	}
	if !strings.Contains(text, "%s") {
		return text
	}
	return fmt.Sprintf(text, object(e))
}

// object names what a deed was done to.
func object(e audit.Entry) string {
	family, _, _ := strings.Cut(e.Action, ".")
	of := func(name string) map[string]any {
		m, _ := e.Params[name].(map[string]any)
		return m
	}
	var words any
	switch family {
	case "key", "policy":
		words = e.Params["name"]
	case "email":
		words = e.Params["email"]
	case "organization":
		words = of("organization")["name"]
	case "release", "docs", "owner":
		words = of("package")["name"]
		if version, ok := of("release")["version"].(string); ok {
			words = fmt.Sprint(words, " ", version)
		}
	}
	if text, ok := words.(string); ok && text != "" {
		return Clip(text, 300)
	}
	return "something"
}
