// Package keys is the pages about API keys, which users and organizations have alike: what there are, the form by
// which one is made, and the secret that is shown once.
//
// It knows what such a page shows and how its form is read. It refuses to know who the owner is beyond his name, and
// who may do what: the pages that use it find out the one, and access decides the other.
package keys

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/connect"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// A Desk is where keys are made and taken back.
type Desk struct {
	Web      *ui.Web
	DB       *store.DB
	Access   *access.Access
	Registry connect.Registry // that snippets name
}

// An Owned page is about the keys of one owner.
type Owned struct {
	Owner access.Owner
	Actor access.Actor
	Name  string // of the owner

	Path          string // of the page; its forms go there, and to /revoke and /restore below it
	Heading, Lead string
	Command       string // of hexhub that is about these keys, up to the owner's name
	Within        func() templ.Component

	Packages     []string          // that the owner can publish, as access.PackageResource names them
	Repositories []name.Repository // private ones that the owner can fetch from
}

// A line is a key in the list.
type line struct {
	ID, Name         string
	Permissions      []string
	UsedAt, Until    time.Time
	UsedFrom, UsedBy string
	Idle, Soon       bool
}

// A branch is a part of the tree of permissions.
type branch struct {
	Words   string
	Choices []ui.Choice
}

type listPage struct {
	Owned
	Keys     []line
	Revoked  []line // just now, and can be made live again
	Form     ui.Form
	Tree     []branch
	TreeOpen bool
}

// The values of the form when it is empty, and of what is no preset.
const (
	usualAge = "90d"
	custom   = "custom"
)

var ages = []ui.Option{{Value: "30d", Words: "30 days"}, {Value: usualAge, Words: "90 days"}, {Value: "365d", Words: "a year"}, {Words: "never"}}

var presets = []ui.Option{
	{Value: string(access.PublishChosen), Words: "CI: publish one package", Hint: "That package and nothing else. The least that publishing takes."},
	{Value: string(access.FetchOnly), Words: "CI: read only", Hint: "Fetch packages, also private ones. Nothing can be changed with it."},
	{Value: string(access.Everything), Words: "Everything", Hint: "All that its owner may do. For a machine that you alone use."},
	{Value: custom, Words: "Exactly what I tick below"},
}

// packagesShown is how many packages are to be ticked or chosen from; of more, one types the name.
const packagesShown = 60

func (d *Desk) page(o Owned, form url.Values) *listPage {
	view, at := d.DB.View(), time.Now()
	p := &listPage{Owned: o}
	for _, k := range access.KeysOf(view, o.Owner) {
		p.Keys = append(p.Keys, lineOf(view, k, at))
	}
	for _, k := range access.Regretted(view, o.Actor, o.Owner, at) {
		p.Revoked = append(p.Revoked, lineOf(view, k, at))
	}
	if form == nil {
		form = url.Values{"preset": {string(access.PublishChosen)}, "expires": {usualAge}}
		if len(o.Packages) == 0 {
			form.Set("preset", string(access.FetchOnly))
		}
	}
	p.Form.Values = form
	p.TreeOpen = form.Get("preset") == custom
	p.Tree = tree(o, form["permission"])
	return p
}

func lineOf(r store.Reader, k access.Key, at time.Time) line {
	last, _ := access.KeyUses.Get(r, k.ID)
	l := line{
		ID: k.ID, Name: k.Name, UsedAt: last.At, UsedFrom: last.IP, UsedBy: ui.Agent(last.UserAgent), Idle: k.Idle(last, at), Soon: k.EndsSoon(at),
	}
	for _, perm := range k.Permissions {
		l.Permissions = append(l.Permissions, ui.Scope(perm))
	}
	if k.RevokeAt != nil {
		l.Until = *k.RevokeAt
	}
	return l
}

// tree lists the permissions that can be ticked: what everybody can give, and what is the owner's.
func tree(o Owned, ticked []string) []branch {
	choice := func(p access.Permission) ui.Choice {
		return ui.Choice{Scope: ui.Scope(p), Words: ui.Permitted(p), Given: slices.Contains(ticked, ui.Scope(p))}
	}
	all := []branch{
		{Words: "API", Choices: []ui.Choice{
			choice(access.Permission{Domain: access.DomainAPI}),
			choice(access.Permission{Domain: access.DomainAPI, Resource: "write"}),
			choice(access.Permission{Domain: access.DomainAPI, Resource: "read"}),
		}},
		{Words: "Packages", Choices: []ui.Choice{choice(access.Permission{Domain: access.DomainPackage})}},
		{Words: "Repositories", Choices: []ui.Choice{choice(access.Permission{Domain: access.DomainRepositories})}},
	}
	for _, resource := range o.Packages[:min(packagesShown, len(o.Packages))] {
		all[1].Choices = append(all[1].Choices, choice(access.Permission{Domain: access.DomainPackage, Resource: resource}))
	}
	for _, n := range o.Repositories {
		all[2].Choices = append(all[2].Choices,
			choice(access.Permission{Domain: access.DomainRepository, Resource: n.String()}),
			choice(access.Permission{Domain: access.DomainDocs, Resource: n.String()}))
	}
	return all
}

// List shows the owner's keys.
func (d *Desk) List(w http.ResponseWriter, o Owned) error {
	return d.Web.Show(w, http.StatusOK, d.page(o, nil).show())
}

// Make makes the key that the form describes, and shows its secret this once.
func (d *Desk) Make(w http.ResponseWriter, r *http.Request, o Owned) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	draft, err := draftOf(form, time.Now())
	var k access.Key
	var secret string
	if err == nil {
		k, secret, err = d.Access.CreateKey(r.Context(), o.Actor, o.Owner, draft)
	}
	if err != nil {
		page := d.page(o, form)
		return d.Web.Refused(w, r, err, &page.Form, page.show, "name", "package", "more")
	}
	return d.Web.Show(w, http.StatusOK, d.madePage(o, k, secret, form.Get("expires")).show())
}

// draftOf reads the form of a key. That nothing was chosen must not come to mean everything.
func draftOf(form url.Values, at time.Time) (access.KeyDraft, error) {
	d := access.KeyDraft{Name: form.Get("name")}
	preset := form.Get("preset")
	switch preset {
	case "", custom:
		for _, scope := range append(slices.Clone(form["permission"]), strings.Fields(form.Get("more"))...) {
			d.Permissions = append(d.Permissions, ui.Permission(scope))
		}
	default:
		d.Permissions = access.Preset(preset).Permissions(form.Get("package"))
	}
	switch {
	case len(d.Permissions) > 0:
	case preset == string(access.PublishChosen):
		return d, fault.Field("give the name of the package", "package")
	default:
		return d, fault.Field("give the key something that it may do", "permissions")
	}
	if age, err := access.ParseAge(form.Get("expires")); err == nil {
		d.RevokeAt = new(at.Add(age))
	}
	return d, nil
}

// Revoke ends the key that the form names, and leads back to the list.
func (d *Desk) Revoke(w http.ResponseWriter, r *http.Request, o Owned) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if _, err := d.Access.RevokeKey(r.Context(), o.Actor, o.Owner, form.Get("name")); err != nil {
		return err
	}
	d.Web.Flash(w, Revoked)
	return ui.GoTo(w, o.Path)
}

// Restore makes the key that the form names live again, which was revoked a moment ago, and leads back to the list.
func (d *Desk) Restore(w http.ResponseWriter, r *http.Request, o Owned) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	if _, err := d.Access.UndoRevocation(r.Context(), o.Actor, o.Owner, form.Get("id")); err != nil {
		return err
	}
	d.Web.Flash(w, Restored)
	return ui.GoTo(w, o.Path)
}

// What is said after a key was taken back, and after that was.
const (
	Revoked  = "key-revoked"
	Restored = "key-restored"
)

// Words are what is said after a deed here.
var Words = map[string]string{
	Revoked:  "The key is revoked. Whatever used it is shut out.",
	Restored: "The key lives again, and lets in what used it before.",
}

type madePage struct {
	Owned
	Key      line
	Secret   string
	Snippets []connect.Recipe
	Same     string
}

func (d *Desk) madePage(o Owned, k access.Key, secret, age string) *madePage {
	p := &madePage{Owned: o, Key: lineOf(d.DB.View(), k, time.Now()), Secret: secret}
	registry := d.Registry
	registry.Key = secret
	p.Snippets = connect.Recipes(registry, d.useOf(o, k))
	p.Same = o.Command + " create " + o.Name + " " + quoted(k.Name)
	for _, scope := range p.Key.Permissions {
		p.Same += " --permission " + scope
	}
	if age != "" {
		p.Same += " --expires " + age
	}
	return p
}

// useOf guesses from what a key may do what it is for.
func (d *Desk) useOf(o Owned, k access.Key) connect.Use {
	u := connect.Use{}
	if o.Owner.Org != (name.Repository{}) {
		u.Organization = o.Owner.Org.String()
	}
	for _, perm := range k.Permissions {
		u.Publishes = u.Publishes || perm.Domain == access.DomainPackage || perm.Domain == access.DomainAPI && perm.Resource != "read"
		in, _, _ := strings.Cut(perm.Resource, "/")
		if of := perm.Domain == access.DomainPackage || perm.Domain == access.DomainRepository; of && in != "" && in != d.Registry.Repository {
			u.Organization = in
		}
	}
	return u
}

// quoted is a text as a shell takes it for one word.
func quoted(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_./:@", r)
	}) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
