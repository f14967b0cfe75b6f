package admin

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/surface/web/ui"
)

// perPage is how many rows lists show at a time.
const perPage = 50

type usersPage struct {
	sheet
	Asked       string
	Users       []account.User
	All         int
	Paging      ui.Paging
	Invitations []account.Invitation
	Mails       bool // letters leave
}

func (p *pages) users(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	q := r.URL.Query()
	page := &usersPage{sheet: p.sheet(w, r, "Users", "/admin/users"), Asked: strings.TrimSpace(q.Get("q")), Mails: p.Operator.Mail.Configured()}
	v := p.DB.View()
	for u := range account.Users.All(v) {
		if matches(page.Asked, append(u.Addresses(), u.Username.String(), u.FullName)...) {
			page.Users = append(page.Users, u)
		}
	}
	slices.SortFunc(page.Users, func(a, b account.User) int { return cmp.Compare(a.Username.String(), b.Username.String()) })
	page.All = len(page.Users)
	page.Paging = paging("/admin/users", q, page.All)
	page.Users = piece(page.Users, page.Paging.Page, perPage)
	page.Invitations = account.Invitations(v)
	return page, nil
}

// paging is where a list stands whose page the query names.
func paging(path string, q url.Values, items int) ui.Paging {
	n, err := strconv.Atoi(q.Get("page"))
	pages := max(ui.Pages(items, perPage), 1)
	if err != nil || n < 1 {
		n = 1
	}
	return ui.Paging{Page: min(n, pages), Pages: pages, Link: func(page int) string {
		to := url.Values{"page": {strconv.Itoa(page)}}
		if asked := q.Get("q"); asked != "" {
			to.Set("q", asked)
		}
		return path + "?" + to.Encode()
	}}
}

func (p *pages) invite(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	if !p.Operator.Mail.Configured() {
		return "", "", fault.New(fault.Conflict, "No mail is sent, so nobody would get the link. In a terminal it is printed: hexhub user invite %s", form.Get("email"))
	}
	_, _, err := p.Accounts.Invite(r.Context(), v.Actor.By(), strings.TrimSpace(form.Get("email")))
	return "admin-invited", "", err
}

func (p *pages) uninvite(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return "admin-uninvited", "", p.Accounts.Uninvite(r.Context(), v.Actor.By(), form.Get("address"))
}

type userPage struct {
	sheet
	User     account.User
	Self     bool // it is the administrator's own
	Sessions []account.Session
	Keys     []access.Key
	Orgs     []org.Organization
	Packages []catalog.Package
	LastUse  time.Time
}

// whose finds the user whose page it is.
func (p *pages) whose(r *http.Request) (account.User, error) {
	u, ok := account.ByName(p.DB.View(), r.PathValue("user"))
	if !ok {
		return u, fault.New(fault.NotFound, "There is no user %s. He may have been deleted.", r.PathValue("user"))
	}
	return u, nil
}

func (p *pages) user(w http.ResponseWriter, r *http.Request, by ui.Visit) (view, error) {
	u, err := p.whose(r)
	if err != nil {
		return nil, err
	}
	v := p.DB.View()
	page := &userPage{sheet: p.sheet(w, r, u.Username.String(), "/admin/users"), User: u, Self: u.ID == by.User.ID}
	page.Sessions, page.Keys = account.SessionsOf(v, u.ID), access.KeysOf(v, access.OfUser(u.ID))
	for _, s := range page.Sessions {
		if use, ok := account.SessionUses.Get(v, s.ID); ok && use.At.After(page.LastUse) {
			page.LastUse = use.At
		}
	}
	page.Orgs = slices.Collect(org.Of(v, u.ID))
	page.Packages = slices.Collect(catalog.OwnedBy(v, access.OfUser(u.ID)))
	return page, nil
}

// upon does something to the user whose page it is, and needs nothing of the form.
func (p *pages) upon(r *http.Request, said string, do func(u account.User) error) (string, string, error) {
	u, err := p.whose(r)
	if err == nil {
		err = do(u)
	}
	return said, "", err
}

func (p *pages) deactivate(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	return p.upon(r, "admin-deactivated", func(u account.User) error { return p.Accounts.Deactivate(r.Context(), v.Actor.By(), u.ID) })
}

func (p *pages) reactivate(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	return p.upon(r, "admin-reactivated", func(u account.User) error { return p.Accounts.Reactivate(r.Context(), v.Actor.By(), u.ID) })
}

func (p *pages) grant(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	return p.upon(r, "admin-granted", func(u account.User) error { return p.Accounts.SetAdmin(r.Context(), v.Actor.By(), u.ID, true) })
}

func (p *pages) revoke(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	return p.upon(r, "admin-revoked", func(u account.User) error { return p.Accounts.SetAdmin(r.Context(), v.Actor.By(), u.ID, false) })
}

func (p *pages) dropSecond(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	return p.upon(r, "admin-second", func(u account.User) error {
		if !u.TwoFactor() {
			return fault.New(fault.Conflict, "%s has no second factor.", u.Username)
		}
		return p.Accounts.DisableTOTP(r.Context(), v.Actor.By(), u.ID)
	})
}

func (p *pages) resetPassword(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	return p.upon(r, "admin-password", func(u account.User) error {
		if !p.Operator.Mail.Configured() {
			return fault.New(fault.Conflict, "No mail is sent, so nobody would get the link. At the machine itself it is printed: hexhub user reset-password %s --link", u.Username)
		}
		_, _, err := p.Accounts.MailReset(r.Context(), v.Actor.By(), u.ID)
		if fault.Is(err, fault.Conflict) {
			return fault.New(fault.Conflict, "%s has no e-mail address that may be trusted with a link. At the machine itself it is printed: hexhub user reset-password %[1]s --link", u.Username)
		}
		return err
	})
}

func (p *pages) endSessions(r *http.Request, v ui.Visit, _ url.Values) (string, string, error) {
	return p.upon(r, "admin-sessions", func(u account.User) error {
		return p.Accounts.EndSessions(r.Context(), v.Actor.By(), u.ID, v.Session.ID)
	})
}

func (p *pages) verifyEmail(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return p.upon(r, "admin-verified", func(u account.User) error {
		return p.Accounts.VerifyEmail(r.Context(), v.Actor.By(), u.ID, form.Get("address"))
	})
}

func (p *pages) allowRecovery(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	return p.upon(r, "admin-recovery", func(u account.User) error {
		return p.Accounts.BlockRecovery(r.Context(), v.Actor.By(), u.ID, form.Get("on") != "true")
	})
}

// deleteUser deletes the account whose name was typed once more.
func (p *pages) deleteUser(r *http.Request, v ui.Visit, form url.Values) (string, string, error) {
	u, err := p.whose(r)
	switch {
	case err != nil:
		return "", "", err
	case form.Get("confirm") != u.Username.String():
		return "", "", fault.Field(fmt.Sprintf("must be %s, the name of the user", u.Username), "confirm")
	}
	return "admin-deleted", "/admin/users", p.Accounts.Remove(r.Context(), v.Actor.By(), u.ID)
}

type orgsPage struct {
	sheet
	Asked  string
	Orgs   []org.Organization
	All    int
	Paging ui.Paging
}

func (p *pages) orgs(w http.ResponseWriter, r *http.Request, _ ui.Visit) (view, error) {
	q := r.URL.Query()
	page := &orgsPage{sheet: p.sheet(w, r, "Organizations", "/admin/orgs"), Asked: strings.TrimSpace(q.Get("q"))}
	for o := range org.Organizations.All(p.DB.View()) {
		if matches(page.Asked, o.Name.String()) {
			page.Orgs = append(page.Orgs, o)
		}
	}
	page.All = len(page.Orgs)
	page.Paging = paging("/admin/orgs", q, page.All)
	page.Orgs = piece(page.Orgs, page.Paging.Page, perPage)
	return page, nil
}

// piece is what the page of a list shows.
func piece[T any](all []T, page, perPage int) []T {
	from := min((page-1)*perPage, len(all))
	return all[from:min(from+perPage, len(all))]
}
