package ops

import (
	"net/http"
	"slices"
)

// A deed is what an operator may ask for.
type deed struct {
	method string
	path   string // below /operator
	do     handler

	// atMachine says, where it is not empty, why the deed is done only over the socket, and what to do
	// instead. What hands out a person's login would let an administrator act as that person, which no audit
	// log could tell apart; who owns the machine owns all of it anyway.
	atMachine string
}

func (d deed) pattern() string { return d.method + " /operator/" + d.path }

// deeds are all there are. Users, keys and organizations are named in the query, since names may hold what
// paths may not.
var deeds = []deed{
	{"GET", "status", (*Ops).status, ""},
	{"GET", "connect", (*Ops).connect, ""},
	{"GET", "doctor", (*Ops).doctor, ""},
	{"POST", "doctor", (*Ops).mend, ""},
	{"GET", "refusal", (*Ops).explain, ""},
	{"POST", "setup", (*Ops).setup, "a setup link makes an administrator of whoever opens it, so it is only shown at the machine itself; " +
		"to make somebody an administrator from here: hexhub admin grant NAME"},

	{"GET", "settings", (*Ops).settings, ""},
	{"PUT", "settings", (*Ops).setSetting, ""},

	{"GET", "users", (*Ops).users, ""},
	{"POST", "users", (*Ops).createUser, ""},
	{"GET", "user", (*Ops).user, ""},
	{"PUT", "user/password", (*Ops).setPassword, "whoever sets another's password can act in that person's name, so that is only done at the machine itself; " +
		"from here, have the server send a link with which the person does it: hexhub user reset-password NAME"},
	{"PUT", "user/admin", (*Ops).setAdmin, ""},
	{"PUT", "user/active", (*Ops).setActive, ""},
	{"POST", "user/verified", (*Ops).verifyEmail, ""},
	{"POST", "user/reset", (*Ops).mailReset, ""},
	{"POST", "user/reset-link", (*Ops).linkReset, "whoever has the link can act in that person's name, so it is only shown at the machine itself; " +
		"from here, have the server mail it: hexhub user reset-password NAME"},
	{"DELETE", "user/two-factor", (*Ops).disableTwoFactor, ""},
	{"PUT", "user/recovery", (*Ops).blockRecovery, ""},
	{"DELETE", "user", (*Ops).removeUser, ""},
	{"GET", "user/sessions", (*Ops).sessions, ""},
	{"DELETE", "user/sessions", (*Ops).endSessions, ""},

	{"GET", "invitations", (*Ops).invitations, ""},
	{"POST", "invitations", (*Ops).invite, ""},
	{"DELETE", "invitations", (*Ops).uninvite, ""},

	{"GET", "audit", (*Ops).audit, ""},
	{"GET", "audit/export", (*Ops).exportAudit, ""},
	{"GET", "audit/verify", (*Ops).verifyAudit, ""},

	{"GET", "letters", (*Ops).letters, ""},
	{"GET", "letter", (*Ops).letter, "a letter may hold a link that logs somebody in or sets a password, so its text is only shown at the machine itself"},
	{"POST", "letter", (*Ops).sendLetter, ""},
	{"DELETE", "letter", (*Ops).deleteLetter, ""},
	{"POST", "mail/test", (*Ops).testMail, ""},

	{"GET", "backups", (*Ops).backups, ""},
	{"POST", "backups", (*Ops).backUp, ""},
	{"POST", "backups/verify", (*Ops).verifyBackup, ""},

	{"GET", "scrub", (*Ops).scrubs, ""},
	{"POST", "scrub", (*Ops).scrubNow, ""},

	{"GET", "nodes", (*Ops).members, ""},
	{"POST", "nodes", (*Ops).inviteNode, "a join token hands the secrets of the whole registry to the machine that uses it, so it is only shown at the machine itself"},
	{"GET", "nodes/removal", (*Ops).previewRemoval, ""},
	{"DELETE", "nodes", (*Ops).removeNode, ""},
	{"GET", "nodes/leader", (*Ops).previewLeader, ""},
	{"PUT", "nodes/leader", (*Ops).moveLeader, ""},
	{"GET", "nodes/drain", (*Ops).draining, ""},
	{"PUT", "nodes/drain", (*Ops).drain, ""},
	{"DELETE", "nodes/drain", (*Ops).undrain, ""},

	{"GET", "jobs", (*Ops).jobs, ""},
	{"POST", "job/retry", (*Ops).retryJob, ""},
	{"DELETE", "job", (*Ops).deleteJob, ""},

	{"GET", "clients", (*Ops).clients, ""},
	{"POST", "clients", (*Ops).createClient, ""},
	{"DELETE", "clients", (*Ops).deleteClient, ""},

	{"GET", "keys", (*Ops).keys, ""},
	{"POST", "keys", (*Ops).createKey, ""},
	{"DELETE", "keys", (*Ops).revokeKey, ""},

	{"GET", "orgs", (*Ops).orgs, ""},
	{"POST", "orgs", (*Ops).createOrg, ""},
	{"GET", "org", (*Ops).showOrg, ""},
	{"PUT", "org", (*Ops).changeOrg, ""},
	{"GET", "org/ending", (*Ops).orgEnding, ""},
	{"DELETE", "org", (*Ops).deleteOrg, ""},
	{"PUT", "org/member", (*Ops).setMember, ""},
	{"DELETE", "org/member", (*Ops).removeMember, ""},
	{"GET", "org/invitations", (*Ops).orgInvitations, ""},
	{"POST", "org/invitations", (*Ops).inviteToOrg, ""},
	{"DELETE", "org/invitations", (*Ops).revokeOrgInvitation, ""},

	{"GET", "packages", (*Ops).packages, ""},
	{"GET", "package", (*Ops).showPackage, ""},
	{"PUT", "package/retirement", (*Ops).retire, ""},
	{"DELETE", "package/retirement", (*Ops).unretire, ""},
	{"DELETE", "package/release", (*Ops).removeRelease, ""},
	{"PUT", "package/owner", (*Ops).setOwner, ""},
	{"DELETE", "package/owner", (*Ops).removeOwner, ""},
	{"GET", "names", (*Ops).reservations, ""},
	{"PUT", "names", (*Ops).reserve, ""},
	{"DELETE", "names", (*Ops).free, ""},
}

// ofNode reports whether the deed tells nothing but how this node does and is reached, which is asked just
// when something is amiss.
func (d deed) ofNode() bool {
	return d.method == "GET" && slices.Contains([]string{"status", "connect", "doctor", "nodes", "refusal"}, d.path)
}

// unlessStale is how the deed is done over the socket: on a node that is cut off from the others, what it says
// of people and their keys may not be so any more.
func unlessStale(d deed) handler {
	if d.ofNode() {
		return d.do
	}
	return func(o *Ops, r *http.Request) (any, error) {
		if err := o.DB.Fresh(r.Context()); err != nil {
			return nil, err
		}
		return d.do(o, r)
	}
}

// A Route is a deed for whoever must cover them all, such as tests of who may do what.
type Route struct {
	Method string
	Path   string // as Local and, below /api, Remote serve it
	Remote bool   // also done for administrators elsewhere
}

// Routes lists all deeds.
func Routes() []Route {
	var out []Route
	for _, d := range deeds {
		out = append(out, Route{d.method, "/operator/" + d.path, d.atMachine == ""})
	}
	return out
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }
