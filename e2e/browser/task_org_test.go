package browser

import (
	"net/url"
	"testing"

	"hexhub/internal/hubtest"
)

// Whoever administers an organization does all of it without a script; those who are invited answer so.
func TestOrganizationsNeedNoScripts(t *testing.T) {
	t.Parallel()
	s := siteOf(t, hubtest.World(t, story), "eva", "mia", "otto", "pat", "root")
	h := newPlainHand(t, s.URL)
	h.become(s, "eva")
	const guild = "/dashboard/orgs/guild"

	h.open(guild + "/profile")
	h.send(guild+"/profile", "says of itself is saved", "full_name", "Guild of Makers")

	h.open(guild + "/members")
	h.send(guild+"/members/add", "The member is added", "name", "sam", "role", "read")
	h.send(guild+"/members/role", "role is changed", "user", "sam", "role", "write")
	h.send(guild+"/members/remove", "The membership has ended", "user", "sam")
	h.send(guild+"/members/invite", "The invitation is on its way", "email", "guest@example.org", "role", "read")
	h.send(guild+"/members/uninvite", "The invitation works no more")

	h.open(guild + "/keys")
	h.send(guild+"/keys", "shown this once", "name", "builds", "preset", "fetch")
	h.open(guild + "/keys")
	h.send(guild+"/keys/revoke", "For ten seconds you can take back", "name", "builds")
	h.send(guild+"/keys/restore", "lives again")

	h.open(guild + "/repository")
	h.send(guild+"/repository", "The rule is saved", "key_max_age", "90d")

	h.open(guild + "/policies/new")
	rules := []string{"visibility", "private", "hexhub.cooldown", "7d", "hexhub.retirement", "security", "hexhub.action", "deny", "hexhub.package", "quill"}
	h.send(guild+"/policies/new", "What it blocks today", append(rules, "name", "fresh", "do", "preview")...)
	h.send(guild+"/policies/new", "The policy is saved", "do", "save")
	h.send(guild+"/policies/fresh", "The policy is saved", "description", "What is new waits.", "do", "save")
	h.open(guild + "/policies/fresh")
	h.send(guild+"/policies/fresh/delete", "The policy is gone")

	h.open(guild + "/danger-zone")
	h.send(guild+"/danger-zone/leave", "You have left the organization", "name", "guild")

	h.become(s, "mia")
	h.open("/invites?token=" + url.QueryEscape(s.letterOf("pat", "mia@example.org")))
	h.send("/invites", "You are in", "answer", "accept")

	h.become(s, "otto")
	h.open("/dashboard/orgs/forge/danger-zone")
	h.send("/dashboard/orgs/forge/danger-zone/delete", "The organization is deleted", "organization", "forge")

	h.become(s, "root")
	h.open("/dashboard/orgs")
	h.send("/dashboard/orgs", "The organization is made", "name", "mill")
}

// Whoever owns a package says without a script who else does, and what becomes of it.
func TestOwnersNeedNoScripts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := newPlainHand(t, s.URL)
	h.become(s, "pat")
	const owners, settings = "/packages/decimal/owners", "/packages/decimal/settings"
	h.open(owners)
	h.send(owners, "wim", "deed", "add", "username", "wim", "level", "maintainer")
	h.send(owners, "wim", "deed", "level", "username", "wim", "level", "full")
	h.send(owners, "decimal", "deed", "remove", "username", "wim")
	h.open(settings)
	h.send(settings, "The version is retired", "deed", "retire", "version", "1.0.0", "reason", "deprecated", "message", "use 1.1")
	h.send(settings, "decimal", "deed", "unretire", "version", "1.0.0")
	h.send(settings, "decimal", "deed", "revert", "version", "1.1.0-rc.1", "reason", "it has a secret in it", "sure", "yes")
	h.open(settings)
	h.send(settings, "decimal", "deed", "transfer", "username", "mia", "confirm", "decimal")
	for path, words := range map[string]string{"/packages/decimal/1.1.0-rc.1": "taken back", "/packages/decimal": "mia"} {
		h.open(path)
		h.see(words)
	}
}
