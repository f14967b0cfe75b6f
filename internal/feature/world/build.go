package world

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
)

// by is who founds a world.
var by = audit.By{Username: "world"}

// A builder does what a script tells.
type builder struct {
	Rooms
	ctx    context.Context // of the one call of build
	script *script
	world  *World
}

func (b *builder) build() error {
	for _, step := range []struct {
		lines []line
		do    func(line) error
	}{{b.script.users, b.user}, {b.script.orgs, b.org}, {b.script.policies, b.policy}} {
		if err := each(step.lines, step.do); err != nil {
			return err
		}
	}
	if err := b.releases(); err != nil {
		return err
	}
	return each(b.script.keys, b.key) // last: they may be for packages
}

func each(lines []line, do func(line) error) error {
	for _, l := range lines {
		if err := do(l); err != nil {
			return l.wrap(err)
		}
	}
	return nil
}

func (b *builder) user(l line) error {
	_, err := b.Accounts.Create(b.ctx, by, account.Draft{
		Username: l.args[0], FullName: l.attrs["name"], Password: l.attrs["password"],
		Emails: []string{l.or("email", l.args[0]+"@example.com")},
		Admin:  l.has("admin"), Verified: !l.has("unverified"),
	})
	return err
}

func (b *builder) org(l line) error {
	n, err := name.ParseRepository(l.args[0])
	if err != nil {
		return err
	}
	founded := false
	for _, role := range roles {
		for _, text := range l.list(string(role)) {
			u, err := b.userNamed(text)
			if err != nil {
				return err
			}
			if !founded {
				_, err = b.Orgs.Create(b.ctx, by, n, u.ID)
				founded = true
			} else {
				err = b.Orgs.SetMember(b.ctx, by, n, u.ID, role)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) policy(l line) error {
	in, policyName, _ := strings.Cut(l.args[0], "/")
	organization, err := name.ParseRepository(in)
	if err != nil {
		return err
	}
	tab := policy.TabDraft{Cooldown: l.attrs["cooldown"], MinSeverity: l.attrs["severity"]}
	for _, action := range policy.Actions {
		for _, pkg := range l.list(string(action)) {
			tab.Overrides = append(tab.Overrides, policy.OverrideDraft{Action: string(action), Package: pkg})
		}
	}
	tabs := []policy.TabDraft{tab, tab}
	tabs[0].Repository, tabs[1].Repository = b.Repository.String(), organization.String()
	visibility := string(policy.Private)
	if l.has("public") {
		visibility = string(policy.Public)
	}
	_, err = policy.New(b.DB, b.Repository).Create(b.ctx, access.SystemActor(by.Username), organization, policy.Draft{
		Name: policyName, Visibility: &visibility, Repositories: &tabs,
	})
	return err
}

func (b *builder) userNamed(text string) (account.User, error) {
	u, ok := account.ByName(b.DB.View(), text)
	if !ok {
		return u, fmt.Errorf("there is no user %s", text)
	}
	return u, nil
}

func (b *builder) key(l line) error {
	owner, err := b.keyOwner(l.args[0])
	if err != nil {
		return err
	}
	d := access.KeyDraft{Name: l.args[1]}
	for _, text := range l.list("permissions") {
		d.Permissions = append(d.Permissions, parsePermission(text))
	}
	_, secret, err := b.Access.CreateKey(b.ctx, access.SystemActor(by.Username), owner, d)
	b.world.Secrets[l.args[0]+"/"+l.args[1]] = secret
	return err
}

func (b *builder) keyOwner(text string) (access.Owner, error) {
	if n, err := name.ParseRepository(text); err == nil {
		if o, ok := org.Organizations.Get(b.DB.View(), n.String()); ok {
			return access.OfOrg(o.Name), nil
		}
	}
	u, err := b.userNamed(text)
	return access.OfUser(u.ID), err
}

// releases publishes rounds of all that requires nothing in this world which is not there yet. Within a
// package versions ascend.
func (b *builder) releases() error {
	for left := b.script.releases; len(left) > 0; {
		var blocked []release
		for _, r := range left {
			if b.isBlocked(r) {
				blocked = append(blocked, r)
				continue
			}
			if err := b.release(r); err != nil {
				return r.wrap(err)
			}
		}
		if len(blocked) == len(left) {
			return blocked[0].fault("%s requires, through others, itself", blocked[0].ref)
		}
		left = blocked
	}
	return nil
}

// isBlocked reports whether the release requires a package that will be in one of the repositories
// where it is looked for, and is not there yet.
func (b *builder) isBlocked(r release) bool {
	return slices.ContainsFunc(r.requires, func(req tarball.Requirement) bool {
		n := name.MustPackage(req.Name)
		for _, in := range []name.Repository{r.ref.Repository, b.Repository} {
			ref := catalog.Ref{Repository: in, Name: n}
			if ref == r.ref || !slices.ContainsFunc(b.script.releases, func(o release) bool { return o.ref == ref }) {
				continue
			}
			_, there := catalog.Get(b.DB.View(), ref)
			return !there
		}
		return false
	})
}

func (b *builder) release(r release) error {
	if _, ok := org.Repositories.Get(b.DB.View(), r.ref.Repository.String()); !ok {
		return fmt.Errorf("there is no repository %s", r.ref.Repository)
	}
	actor, err := b.publisher(r.ref)
	if err != nil {
		return err
	}
	_, existed := catalog.Get(b.DB.View(), r.ref)
	draft, err := b.draft(r)
	if err != nil {
		return err
	}
	if _, _, err := b.Catalog.Publish(b.ctx, actor, draft, false); err != nil {
		return err
	}
	if !existed {
		if err := b.owners(actor, r.ref); err != nil {
			return err
		}
	}
	if r.has("docs") || len(r.docs) > 0 {
		if err := b.docs(actor, r); err != nil {
			return err
		}
	}
	if r.retirement == nil {
		return nil
	}
	return b.Catalog.Retire(b.ctx, actor, r.ref, r.version, *r.retirement)
}

// docs gives the release the documentation that is written for it, or such as its build tool would make.
func (b *builder) docs(actor access.Actor, r release) error {
	files := r.docs
	if len(files) == 0 {
		var err error
		if files, err = r.handbook(); err != nil {
			return err
		}
	}
	var file bytes.Buffer
	if err := tarball.WriteDocs(&file, files); err != nil {
		return err
	}
	up, err := b.Blobs.Spool(b.ctx, &file, tarball.MaxSize)
	if err != nil {
		return err
	}
	defer up.Close()
	archive, err := docs.Examine(up)
	if err != nil {
		return err
	}
	_, err = docs.New(b.DB, b.Blobs).Upload(b.ctx, actor, r.ref, r.version, archive)
	return err
}

// publisher is the first owner, or the first member who may write.
func (b *builder) publisher(ref catalog.Ref) (access.Actor, error) {
	pkg := b.script.packages[ref]
	for _, text := range pkg.list("owner") {
		u, err := b.userNamed(text)
		return access.Actor{User: u, Via: access.Password}, err
	}
	v := b.DB.View()
	o, _ := org.Organizations.Get(v, ref.Repository.String())
	var writers []account.User
	for id, role := range o.Members {
		if u, ok := account.Users.Get(v, id); ok && role.Includes(org.Write) {
			writers = append(writers, u)
		}
	}
	if len(writers) == 0 {
		return access.Actor{}, fmt.Errorf("nobody may publish it: the package, in line %d, needs an owner", pkg.number)
	}
	first := slices.MinFunc(writers, func(a, b account.User) int { return a.InsertedAt.Compare(b.InsertedAt) })
	return access.Actor{User: first, Via: access.Password}, nil
}

// draft packs the release and stores its tarball.
func (b *builder) draft(r release) (catalog.Draft, error) {
	var file bytes.Buffer
	if _, err := tarball.Write(&file, r.metadata(), r.contents()); err != nil {
		return catalog.Draft{}, err
	}
	t, err := tarball.Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		return catalog.Draft{}, err
	}
	_, size, err := b.Blobs.Put(b.ctx, &file)
	return catalog.Draft{Repository: r.ref.Repository, Tarball: t, Size: size}, err
}

// owners adds those whom the package's line names besides the publisher.
func (b *builder) owners(actor access.Actor, ref catalog.Ref) error {
	pkg := b.script.packages[ref]
	for attr, level := range map[string]access.Level{"owner": access.Full, "maintainer": access.Maintainer} {
		for _, text := range pkg.list(attr) {
			if text == actor.User.Username.String() {
				continue
			}
			if err := b.Catalog.SetOwner(b.ctx, actor, ref, text, level, false); err != nil {
				return pkg.wrap(err)
			}
		}
	}
	return nil
}
