package palette

import "hexhub/internal/feature/access"

// A place is a page that the palette leads to, once the site has it.
type place struct {
	path, words string
	more        string // other words under which it is looked for
}

// A region is places of which it is the same who may go there.
type region struct {
	words  string
	may    func(access.Actor) bool
	places []place
}

func anybody(access.Actor) bool    { return true }
func known(a access.Actor) bool    { return a.LoggedIn() }
func stranger(a access.Actor) bool { return !a.LoggedIn() }
func ruler(a access.Actor) bool    { return a.LoggedIn() && a.User.Admin }

// places are all of the site that have an address of their own. The pages behind them say again who may see them.
var places = []region{
	{"Actions", known, []place{
		{"/dashboard/keys", "New key", "make an API key"},
		{"/publish", "Publish a package", "mix rebar3 gleam"},
		{"/dashboard/email", "Add an e-mail address", "mail"},
	}},
	{"You", known, []place{
		{"/dashboard", "Dashboard", "home of your own"},
		{"/dashboard/profile", "Profile", "name account"},
		{"/dashboard/security", "Security", "password second factor 2fa totp"},
		{"/dashboard/sessions", "Sessions", "log out elsewhere"},
		{"/dashboard/orgs", "Organizations", "members"},
		{"/dashboard/audit-logs", "Activity", "audit log"},
	}},
	{"You", stranger, []place{
		{"/login", "Log in", "sign in"},
		{"/signup", "Sign up", "register an account"},
	}},
	{"Pages", anybody, []place{
		{"/", "Home", "start"},
		{"/packages", "All packages", "list search filter"},
		{"/search", "Search documentation", "docs modules functions"},
		{"/connect", "Connect", "mix rebar3 gleam setup"},
		{"/docs", "Documentation", "manual help"},
		{"/keys", "Public key", "fingerprint signing"},
		{"/status", "Status", "health"},
		{"/preferences", "Keyboard", "preferences shortcuts keys"},
	}},
	{"Administration", ruler, []place{
		{"/admin", "Administration", "overview admin"},
		{"/admin/cluster", "Nodes", "cluster admin"},
		{"/admin/users", "Users", "accounts admin"},
		{"/admin/orgs", "All organizations", "admin"},
		{"/admin/packages", "Packages of all", "admin"},
		{"/admin/settings", "Settings", "configuration admin"},
		{"/admin/jobs", "Jobs", "queue admin"},
		{"/admin/mail", "Mail", "outbox letters admin"},
		{"/admin/storage", "Storage", "blobs disk scrub admin"},
		{"/admin/backups", "Backups", "restore admin"},
		{"/admin/audit-logs", "Audit log", "everybody admin"},
	}},
}

// links are those places of the region that the site has and that answer to what is typed.
func (g region) links(a access.Actor, has func(path string) bool, typed string) []link {
	var links []link
	if !g.may(a) {
		return nil
	}
	for _, p := range g.places {
		if l := (link{p.path, p.words, p.more}); has(p.path) && l.answers(typed) {
			links = append(links, link{Path: p.path, Words: p.words})
		}
	}
	return links
}

// A shortcut is what some keys do.
type shortcut struct {
	Keys []string // pressed one after another
	Does string
}

// shortcuts are what assets/src/keys.ts does.
var shortcuts = []struct {
	Where string
	Keys  []shortcut
}{
	{"Everywhere", []shortcut{
		{[]string{"/"}, "Search packages"},
		{[]string{"Ctrl K"}, "Go anywhere; on a Mac ⌘ K"},
		{[]string{"?"}, "Show these keys"},
		{[]string{"g", "h"}, "Go to the home page"},
		{[]string{"g", "d"}, "Go to your dashboard"},
		{[]string{"g", "a"}, "Go to the administration"},
	}},
	{"In lists", []shortcut{
		{[]string{"j"}, "Next"},
		{[]string{"k"}, "Previous"},
		{[]string{"Enter"}, "Open"},
	}},
	{"On a package", []shortcut{
		{[]string{"m"}, "Main page"},
		{[]string{"d"}, "Documentation"},
		{[]string{"v"}, "Versions"},
		{[]string{"f"}, "Difference from the version before"},
		{[]string{"."}, "Files"},
		{[]string{"t"}, "Find a file"},
		{[]string{"c"}, "Copy what installs it"},
	}},
}
