package api

import (
	"net/http"
	"strings"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/people"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// getIndex tells a newcomer where things are. Braces stand for what to fill in.
func (a *api) getIndex(*request) (*answer, error) {
	at := func(path string) string { return a.link("api") + path }
	return &answer{status: http.StatusOK, cache: public, body: object{
		"packages_url":           at("/packages"),
		"package_url":            at("/packages/{name}"),
		"package_release_url":    at("/packages/{name}/releases/{version}"),
		"package_retirement_url": at("/packages/{name}/releases/{version}/retire"),
		"package_owners_url":     at("/packages/{name}/owners"),
		"keys_url":               at("/keys"),
		"key_url":                at("/keys/{name}"),
		"documentation_url":      a.link("docs"),
	}}, nil
}

func (a *api) postUser(r *request) (*answer, error) {
	p, err := r.params()
	if err != nil {
		return nil, err
	}
	draft, invitation, err := userDraft(p)
	if err != nil {
		return nil, err
	}
	u, err := a.Accounts.Register(r.Context(), r.actor.By(), draft, invitation)
	if err != nil {
		return nil, err
	}
	return &answer{
		status: http.StatusCreated, cache: private, location: a.userURL(u.Username.String()),
		body: a.presentUser(a.DB.View(), r.actor, u),
	}, nil
}

// postReset has another password offered by mail. It answers alike whether there is such a user or not.
func (a *api) postReset(r *request) (*answer, error) {
	if err := a.Accounts.RequestReset(r.Context(), r.PathValue("user"), r.origin()); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// userDraft takes an address as email, or several as emails; and our own invitation, which lets somebody
// in where not everybody may register.
func userDraft(p params) (d account.Draft, invitation string, err error) {
	bad := fault.Fields{}
	d = account.Draft{Username: p.text(bad, "username"), Password: p.text(bad, "password"), FullName: p.text(bad, "full_name")}
	if email := p.text(bad, "email"); email != "" {
		d.Emails = append(d.Emails, email)
	}
	emails, ok := p["emails"].([]any)
	if !ok && p["emails"] != nil {
		bad["emails"] = "expected type list(map)"
	}
	for _, e := range emails {
		address, _ := e.(map[string]any)
		d.Emails = append(d.Emails, params(address).text(bad, "email"))
	}
	invitation = p.text(bad, "invitation")
	return d, invitation, invalid(bad)
}

func (a *api) getMe(r *request) (*answer, error) {
	if err := a.loggedIn(r); err != nil {
		return nil, err
	}
	u := r.actor.User
	if u.ID == "" {
		return nil, errNotFound // an organization's key
	}
	state := []string{"me", u.ID, stamp(u.UpdatedAt)}
	for o := range org.Of(r.view, u.ID) {
		state = append(state, o.Name.String(), string(o.Members[u.ID]))
	}
	state = append(state, refs(a.ownedBy(r.view, r.actor, u))...)
	return &answer{
		status: http.StatusOK, cache: private, tag: tag(state...), modified: u.UpdatedAt,
		body: a.presentMe(r.view, r.actor),
	}, nil
}

func (a *api) getUser(r *request) (*answer, error) {
	u, ok := a.userByText(r.view, r.PathValue("user"))
	if !ok || !people.As(r.view, r.actor).Knows(u) {
		return nil, errNotFound
	}
	state := append([]string{"user", u.ID, stamp(u.UpdatedAt)}, refs(a.ownedBy(r.view, r.actor, u))...)
	return &answer{
		status: http.StatusOK, cache: private, tag: tag(state...), modified: u.UpdatedAt,
		body: a.presentUser(r.view, r.actor, u),
	}, nil
}

// getUserTest is getUser for those who want to know whether their credentials are good.
func (a *api) getUserTest(r *request) (*answer, error) {
	if err := a.loggedIn(r); err != nil {
		return nil, err
	}
	return a.getUser(r)
}

// userByText finds a user by name, or by an address that the user shows to everybody: others must not
// tell whether somebody is here.
func (a *api) userByText(v *store.View, text string) (account.User, bool) {
	if !strings.Contains(text, "@") {
		return account.ByName(v, text)
	}
	u, ok := account.ByEmail(v, text)
	return u, ok && strings.EqualFold(u.PublicEmail(), text)
}

func refs(packages []catalog.Package) []string {
	var out []string
	for _, p := range packages {
		out = append(out, p.Ref().String())
	}
	return out
}

func (a *api) listRepositories(r *request) (*answer, error) {
	if _, err := a.readable(r); err != nil {
		return nil, err
	}
	repos, state := list{}, []string{"repos"}
	for _, repo := range a.Catalog.Visible(r.view, r.actor) {
		repos = append(repos, presentRepository(repo))
		state = append(state, repo.Name.String(), stamp(repo.UpdatedAt))
	}
	return &answer{status: http.StatusOK, cache: visible(!r.actor.LoggedIn()), tag: tag(state...), body: repos}, nil
}

func (a *api) getRepository(r *request) (*answer, error) {
	repo, err := a.readable(r)
	if err != nil {
		return nil, err
	}
	return &answer{
		status: http.StatusOK, cache: visible(repo.Public), modified: repo.UpdatedAt,
		tag: tag("repo", repo.Name.String(), stamp(repo.UpdatedAt)), body: presentRepository(repo),
	}, nil
}
