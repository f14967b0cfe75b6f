package api

import (
	"slices"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/store"
)

func (a *api) userURL(username string) string { return a.link("api", "users", username) }

// presentMinimal is a user as a part of something else.
func (a *api) presentMinimal(u account.User) object {
	o := object{"username": u.Username.String(), "url": a.userURL(u.Username.String())}
	omitEmpty(o, "email", u.PublicEmail())
	return o
}

// presentProfile is a user by himself. rebar3 crashes on a full name or an address that is null, so what
// is not there is left out.
func (a *api) presentProfile(u account.User) object {
	o := a.presentMinimal(u)
	o["handles"] = handles(u.Handles)
	o["inserted_at"], o["updated_at"] = moment(u.InsertedAt), moment(u.UpdatedAt)
	omitEmpty(o, "full_name", u.FullName)
	return o
}

// presentUser is a profile with the packages that the viewer may know of.
func (a *api) presentUser(v *store.View, viewer access.Actor, u account.User) object {
	o := a.presentProfile(u)
	packages, owned := list{}, object{}
	for _, p := range a.ownedBy(v, viewer, u) {
		apiURL := a.packageURL(p.Ref())
		owned[p.Name.String()] = apiURL
		packages = append(packages, object{
			"name": p.Name.String(), "repository": p.Repository.String(),
			"url": apiURL, "html_url": a.packagePage(p.Ref()),
		})
	}
	o["packages"], o["owned_packages"] = packages, owned
	return o
}

// presentMe is what users see of themselves: also their address, public or not, and organizations.
func (a *api) presentMe(v *store.View, viewer access.Actor) object {
	o := a.presentUser(v, viewer, viewer.User)
	primary, _ := viewer.User.Primary()
	omitEmpty(o, "email", primary.Address)
	orgs := list{}
	for member := range org.Of(v, viewer.User.ID) {
		orgs = append(orgs, object{"name": member.Name.String(), "role": string(member.Members[viewer.User.ID])})
	}
	o["organizations"] = orgs
	return o
}

// presentOwner is a profile with the level of ownership. An organization looks like a user.
func (a *api) presentOwner(v *store.View, o catalog.Owner) (object, bool) {
	var out object
	if o.UserID != "" {
		u, ok := account.Users.Get(v, o.UserID)
		if !ok {
			return nil, false
		}
		out = a.presentProfile(u)
	} else {
		organization, ok := org.Organizations.Get(v, o.Org.String())
		if !ok {
			return nil, false
		}
		out = a.presentOrgAsUser(organization.Name)
		out["handles"] = object{}
		out["inserted_at"], out["updated_at"] = moment(organization.InsertedAt), moment(organization.UpdatedAt)
	}
	out["level"] = string(o.Level)
	return out, true
}

func (a *api) presentOrgAsUser(n name.Repository) object {
	return object{"username": n.String(), "url": a.userURL(n.String())}
}

// ownedBy returns the packages that the user owns in person and the viewer may see: those of the default
// repository first, then by repository and name.
func (a *api) ownedBy(v *store.View, viewer access.Actor, u account.User) []catalog.Package {
	var out []catalog.Package
	for p := range catalog.OwnedBy(v, access.OfUser(u.ID)) {
		repo, ok := org.Repositories.Get(v, p.Repository.String())
		if ok && access.May(v, viewer, access.Read, access.Thing{Repository: repo}) == nil {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(p, q catalog.Package) int {
		return rank(p.Repository == a.Default) - rank(q.Repository == a.Default)
	})
	return out
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// services are the places where users have handles, as hex.pm labels and links them.
var services = map[string]struct{ label, url string }{
	"twitter":     {"X.com", "https://x.com/HANDLE"},
	"bluesky":     {"Bluesky", "https://bsky.app/profile/HANDLE"},
	"github":      {"GitHub", "https://github.com/HANDLE"},
	"elixirforum": {"Elixir Forum", "https://elixirforum.com/u/HANDLE"},
	"freenode":    {"Libera", "irc://irc.libera.chat/elixir"},
	"slack":       {"Slack", "https://elixir-lang.slack.com/"},
}

func handles(given map[string]string) object {
	out := object{}
	for service, handle := range given {
		if s, ok := services[service]; ok && handle != "" {
			out[s.label] = strings.ReplaceAll(s.url, "HANDLE", handle)
		}
	}
	return out
}

// omitEmpty sets a text unless it is empty.
func omitEmpty(o object, key, text string) {
	if text != "" {
		o[key] = text
	}
}
