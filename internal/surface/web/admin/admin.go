// Package admin is the pages on which administrators look after the registry: how it does, who is in it, what is
// published, and the machinery below.
//
// It shows what the rooms know and has them do what is asked; it decides nothing. For everybody but administrators
// nothing is here, and it looks as if nothing were. Every page works without scripts, and says how the same is done
// in a terminal.
package admin

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/operator"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// Deps are what the pages show and use. All are required but where said.
type Deps struct {
	DB       *store.DB
	Accounts *account.Accounts
	Orgs     *org.Orgs
	Catalog  *catalog.Catalog
	Settings *setting.Settings
	Audit    *audit.Audit
	Operator *operator.Operator
	Default  name.Repository // the default one
	URL      string          // where people open the site, without a trailing slash

	Report  func(context.Context) health.Report // asks all nodes how they do
	Examine func() doctor.Deps                  // what the doctor looks at now
	Started []Started                           // the settings that this node was started with
	Blobs   func() (count, bytes int64)         // on this node, as last counted; nil tells of none
	Spread  bool                                // files lie on the disks of several nodes, each on more than one
	CertEnd time.Time                           // of the public site's certificate; zero without one
}

// A Started is a setting of the configuration of this node, which it takes anew when it is started again.
type Started struct {
	Key, Flag, Env       string // its names; Flag is without dashes
	Help, Value, Default string
	Source               string // where the value comes from, such as HEXHUB_LISTEN; empty for the default
}

type pages struct {
	Deps
	web *ui.Web
}

// Register adds the pages to the web site.
func Register(web *ui.Web, d Deps) {
	p := &pages{Deps: d, web: web}
	web.Words(words)

	p.add("/admin", p.overview, deeds{"silence": p.silence})
	p.add("/admin/doctor", p.doctor, nil)
	p.add("/admin/cluster", p.cluster, nil)
	p.add("/admin/cluster/{node}", p.node, deeds{"lead": p.lead, "drain": p.drain, "undrain": p.undrain, "remove": p.remove})
	p.add("/admin/settings", p.settings, deeds{"set": p.set})
	p.add("/admin/users", p.users, deeds{"invite": p.invite, "uninvite": p.uninvite})
	p.add("/admin/users/{user}", p.user, deeds{
		"deactivate": p.deactivate, "reactivate": p.reactivate, "grant": p.grant, "revoke": p.revoke, "second": p.dropSecond,
		"password": p.resetPassword, "sessions": p.endSessions, "verify": p.verifyEmail, "recovery": p.allowRecovery, "delete": p.deleteUser,
	})
	p.add("/admin/orgs", p.orgs, deeds{"create": p.createOrg})
	p.add("/admin/packages", p.packages, deeds{"reserve": p.reserve, "unreserve": p.unreserve})
	p.add("/admin/packages/{repository}/{package}", p.pkg, deeds{
		"retire": p.retire, "unretire": p.unretire, "revert": p.revert, "owner": p.setOwner, "disown": p.removeOwner,
	})
	p.add("/admin/audit-logs", p.auditLog, nil)
	p.add("/admin/jobs", p.jobs, deeds{"retry": p.retryJob, "delete": p.deleteJob})
	p.add("/admin/mail", p.mail, deeds{"send": p.sendLetter, "delete": p.deleteLetter, "test": p.testMail})
	p.add("/admin/storage", p.storage, deeds{"scrub": p.scrub})
	p.add("/admin/backups", p.backups, deeds{"create": p.backUp, "verify": p.verifyBackup})
}

// A build makes the page for an administrator.
type build func(w http.ResponseWriter, r *http.Request, v ui.Visit) (view, error)

// A view is a page that can be shown, with the form in which something may have been wrong.
type view interface {
	base() *sheet
	show() templ.Component
}

// Deeds are what can be done on a page, by the value of the field "deed".
type deeds map[string]deed

// A deed does what a form asks for. It returns what to say of it, which is a key of words, and where to go on; an
// empty path leads back to the page.
type deed func(r *http.Request, v ui.Visit, form url.Values) (said, path string, err error)

// add adds a page and what can be done on it.
func (p *pages) add(path string, make build, can deeds) {
	p.web.Handle("GET "+path, p.administer(access.Inspect, func(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
		page, err := make(w, r, v)
		if err != nil {
			return err
		}
		return p.web.Show(w, http.StatusOK, page.show())
	}))
	if can == nil {
		return
	}
	p.web.Handle("POST "+path, p.administer(access.Administer, p.web.Proved(func(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
		form, err := ui.ReadForm(w, r)
		if err != nil {
			return err
		}
		do, ok := can[form.Get("deed")]
		if !ok {
			return fault.New(fault.Malformed, "This page has no such button. Load it anew.")
		}
		said, onward, err := do(r, v, form)
		if err != nil {
			return p.refused(w, r, v, err, form, make)
		}
		if onward == "" {
			onward = r.URL.Path
		}
		p.web.Flash(w, said)
		return ui.GoTo(w, onward)
	})))
}

// refused shows the page again with what was wrong, if that is something to do something about.
func (p *pages) refused(w http.ResponseWriter, r *http.Request, v ui.Visit, err error, form url.Values, make build) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind == fault.Internal {
		return err
	}
	page, gone := make(w, r, v)
	if gone != nil {
		return err
	}
	at := page.base()
	at.Form.Values = maps.Clone(form)
	if !at.Form.Refuse(err, fields...) {
		at.Form.Problem = f.Message
	}
	return p.web.Show(w, http.StatusUnprocessableEntity, page.show())
}

// fields are those of all forms that say themselves what is wrong with them.
var fields = []string{"value", "email", "name", "username", "reason", "confirm", "from", "to"}

// administer lets administrators in. For others nothing is here.
func (p *pages) administer(verb access.Verb, render ui.Visited) ui.Render {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		v, ok := p.web.Visit(r)
		if !ok || access.May(p.web.View(r), v.Actor, verb, access.Thing{}) != nil {
			return ui.Absent()
		}
		return render(w, r, v)
	}
}

// A sheet is what all pages show.
type sheet struct {
	ui.Page
	Form   ui.Form
	Groups []ui.Group
}

func (s *sheet) base() *sheet { return s }

// sheet begins a page that belongs to the section with the path.
func (p *pages) sheet(w http.ResponseWriter, r *http.Request, title, section string) sheet {
	s := sheet{Page: p.web.Page(w, r, title)}
	s.Section, s.NoIndex = "/admin", true
	s.Groups = ui.Open([]ui.Group{
		{Tabs: []ui.Tab{{Path: "/admin", Words: "Overview"}, {Path: "/admin/doctor", Words: "Doctor"}, {Path: "/admin/settings", Words: "Settings"}}},
		{Words: "Registry", Tabs: []ui.Tab{
			{Path: "/admin/packages", Words: "Packages"},
			{Path: "/admin/users", Words: "Users"},
			{Path: "/admin/orgs", Words: "Organizations"},
			{Path: "/admin/audit-logs", Words: "Audit log"},
		}},
		{Words: "Machinery", Tabs: []ui.Tab{
			{Path: "/admin/cluster", Words: "Nodes"},
			{Path: "/admin/storage", Words: "Storage"},
			{Path: "/admin/backups", Words: "Backups"},
			{Path: "/admin/jobs", Words: "Jobs"},
			{Path: "/admin/mail", Words: "Mail"},
		}},
	}, section)
	return s
}

// words are what the pages say of a deed that was done.
var words = map[string]string{
	"admin-lead": "The leadership has moved.", "admin-drained": "The node is being drained.", "admin-undrained": "The node is back.", "admin-removed": "The node is removed.",
	"admin-silenced": "You are reminded of it no more. The settings can take that back.",
	"admin-set":      "The setting is in force, on all nodes.",
	"admin-invited":  "The invitation is on its way.", "admin-uninvited": "The invitation is taken back.",
	"admin-deactivated": "The user is shut out, and all of his sessions have ended.", "admin-reactivated": "The user may come in again.",
	"admin-granted": "The user is an administrator now.", "admin-revoked": "The user is no administrator any more.",
	"admin-second": "The second factor is taken away.", "admin-password": "A link to choose another password is on its way.",
	"admin-sessions": "All sessions of the user have ended.", "admin-verified": "The address counts as confirmed.",
	"admin-recovery": "The way back in is changed.", "admin-deleted": "The account is deleted. Its name stays reserved.",
	"admin-org":      "The organization is founded.",
	"admin-reserved": "The name is reserved.", "admin-unreserved": "The name is free again.",
	"admin-retired": "The release is retired.", "admin-unretired": "The release is no longer retired.", "admin-reverted": "The release is gone.",
	"admin-owner":       "The owners are changed.",
	"admin-job-retried": "The job is tried again.", "admin-job-deleted": "The job is given up.",
	"admin-letter-sent": "The letter is on its way.", "admin-letter-deleted": "The letter is deleted.", "admin-tested": "The test letter was taken by the server.",
	"admin-scrub": "All tarballs are read anew, from the beginning.", "admin-backup": "The snapshot is taken.", "admin-backup-verified": "The backup was restored into memory; see below what was found.",
}
