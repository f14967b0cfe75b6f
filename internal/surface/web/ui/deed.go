package ui

import (
	"cmp"
	"fmt"
	"strings"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
)

// deeds are the actions of the audit log in words. A %s stands for what the deed was done to.
var deeds = map[string]string{
	"docs.publish": "Documentation of %s was published", "docs.revert": "Documentation of %s was removed",
	"key.generate": "The key %s was made", "key.remove": "The key %s was revoked", "key.restore": "The revocation of the key %s was taken back",
	"owner.add": "An owner was added to %s", "owner.update": "An owner of %s got another level", "owner.remove": "An owner of %s was removed", "owner.transfer": "%s was given to another owner",
	"badge.share": "Badges of %s were given addresses that need no login", "badge.hide": "Badges of %s were hidden again",
	"release.publish": "%s was published", "release.revert": "%s was taken back", "release.retire": "%s was retired", "release.unretire": "%s is no longer retired",
	"email.add": "The address %s was added", "email.remove": "The address %s was removed", "email.primary": "The address %s became the primary one", "email.public": "The public address became %s", "email.verify": "The address %s was confirmed",
	"user.create": "The account was made", "user.update": "The profile was changed", "user.admin": "The right to administer the site was changed", "user.deactivate": "The account was shut", "user.reactivate": "The account was opened again",
	"user.delete.request": "Deletion of the account was asked for", "user.delete": "The account was deleted",
	"security.update": "Two-factor authentication was changed", "security.rotate_recovery_codes": "New recovery codes were made",
	"password.add": "A password was set", "password.update": "The password was changed", "password.remove": "The password was removed", "password.reset.init": "A new password was asked for", "password.reset.finish": "The password was set anew by mail",
	"organization.create": "The organization %s was made", "organization.delete": "The organization %s was deleted", "organization.member.add": "A member was added to %s", "organization.member.role": "A member of %s got another role", "organization.member.remove": "A member of %s was removed",
	"organization.invitation.create": "Somebody was invited to %s", "organization.invitation.accept": "An invitation to %s was accepted", "organization.invitation.revoke": "An invitation to %s was taken back",
	"policy.create": "The policy %s was made", "policy.update": "The policy %s was changed", "policy.delete": "The policy %s was deleted",
	"session.create": "A session began", "session.revoke": "A session ended",
}

// ownerDeeds are those that concern an owner who is known: who it was, what he became, and of what.
var ownerDeeds = map[string]string{
	"owner.add": "%[1]s became %[2]s of %[3]s", "owner.update": "%[1]s is now %[2]s of %[3]s",
	"owner.remove": "%[1]s is no longer an owner of %[3]s", "owner.transfer": "%[3]s was given to %[1]s",
}

// DeedInWords says what an entry of the audit log tells. Of what it does not know it gives the name.
func DeedInWords(e audit.Entry) string {
	if text, ok := ownerDeeds[e.Action]; ok {
		if who := cmp.Or(param(e, "user", "username"), param(e, "organization", "name")); who != "" {
			level := "an owner"
			if param(e, "level") == string(access.Maintainer) {
				level = "a maintainer"
			}
			return fmt.Sprintf(text, who, level, object(e))
		}
	}
	text, ok := deeds[e.Action]
	if !ok {
		return e.Action
	}
	if strings.Contains(text, "%s") {
		text = fmt.Sprintf(text, object(e))
	}
	if e.Action == "release.retire" {
		for _, part := range []string{"status", "message"} {
			if why := param(e, "release", "retirement", part); why != "" {
				text += ": " + why
			}
		}
	}
	return text
}

// object names what a deed was done to.
func object(e audit.Entry) string {
	var words string
	switch family, _, _ := strings.Cut(e.Action, "."); family {
	case "key", "policy":
		words = param(e, "name")
	case "email":
		words = param(e, "email")
	case "organization":
		words = param(e, "organization", "name")
	case "release", "docs", "owner":
		words = strings.TrimSpace(param(e, "package", "name") + " " + param(e, "release", "version"))
	}
	return cmp.Or(words, "something")
}

// param returns the text at a path of an entry's params, cut where it is too long for a line, or nothing.
func param(e audit.Entry, path ...string) string {
	var v any = e.Params
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	text, _ := v.(string)
	return Clip(text, 300)
}
