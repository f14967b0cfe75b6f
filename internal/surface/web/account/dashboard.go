package account

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/stats"
	"hexhub/internal/feature/todo"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/ui"
)

// A task is something to do, with where one does it.
type task struct {
	todo.Item
	Words, Why string
	Next       ui.Step
}

// ownPackage is a package in the table of one's own.
type ownPackage struct {
	Path, Name, Version string
	Private             bool
	Week, All           int64
	Days                []int64
	UpdatedAt           time.Time
}

type dashboardPage struct {
	accountPage
	Tasks    []task
	Packages []ownPackage
	More     int // packages that are not shown
	Entries  []ui.Entry
}

const (
	packagesShown = 20
	entriesRecent = 8
	chartDays     = 30
)

func (p *pages) dashboard(w http.ResponseWriter, r *http.Request, v ui.Visit) error {
	view := p.DB.View()
	page := &dashboardPage{accountPage: p.accountPage(w, r, v, "Dashboard")}
	for _, item := range todo.For(view, v.User, time.Now()) {
		page.Tasks = append(page.Tasks, taskOf(item))
	}
	owned := slices.Collect(catalog.OwnedBy(view, access.OfUser(v.User.ID)))
	slices.SortStableFunc(owned, func(a, b catalog.Package) int { return b.UpdatedAt.Compare(a.UpdatedAt) })
	page.More = max(0, len(owned)-packagesShown)
	for _, pkg := range owned[:min(packagesShown, len(owned))] {
		page.Packages = append(page.Packages, ownPackageOf(view, pkg))
	}
	entries, _, err := audit.List(r.Context(), view, audit.UserRef(v.User.ID), "", entriesRecent)
	if err != nil {
		return err
	}
	page.Entries = ui.Entries(entries, v.User.ID)
	return p.web.Show(w, http.StatusOK, page.show())
}

func taskOf(item todo.Item) task {
	t, first := task{Item: item}, ""
	if len(item.Names) > 0 {
		first = item.Names[0]
	}
	switch item.Kind {
	case todo.ConfirmEmail:
		t.Words, t.Why = "Confirm your address "+first, "Until then you cannot publish, and nobody can help you back in."
		t.Next = ui.Step{Path: "/dashboard/email", Words: "Send the link again"}
	case todo.AnswerInvite:
		t.Words, t.Why = first+" invites you", "Accept it, or decline."
		t.Next = ui.Step{Path: "/dashboard/orgs", Words: "Answer it"}
	case todo.RenewKey:
		t.Words, t.Why = "The key "+first+" ends soon", "Whatever uses it stops working then. Make another one and put it in its place."
		t.Next = ui.Step{Path: "/dashboard/keys", Words: "Make a key"}
	case todo.AddSecondFactor:
		t.Words, t.Why = "Turn on two-factor authentication", "As it is, whoever has your password can publish as you."
		t.Next = ui.Step{Path: "/dashboard/security", Words: "Turn it on"}
	case todo.ShareOwnership:
		t.Words, t.Why = "You alone own "+several(item.Names), "If you lose your account, nobody can look after it. Add a second owner."
		t.Next = ui.Step{Path: "/packages/" + url.PathEscape(first) + "/owners", Words: "Owners of " + first}
	case todo.RevokeKey:
		t.Words, t.Why = "Nobody has used "+several(item.Names)+" for 90 days", "A key that nobody needs can only be stolen."
		t.Next = ui.Step{Path: "/dashboard/keys", Words: "Look at the keys"}
	}
	return t
}

// several lists names, or the first of many.
func several(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %s more", strings.Join(names[:most-1], ", "), ui.Count(len(names)-most+1))
}

func ownPackageOf(v *store.View, pkg catalog.Package) ownPackage {
	repository, _ := org.Repositories.Get(v, pkg.Repository.String())
	own := ownPackage{Path: ui.PackagePath(pkg.Ref(), repository.Default()), Name: pkg.Name.String(), Version: pkg.Summary.Newest().String(), UpdatedAt: pkg.UpdatedAt}
	if !repository.Default() {
		own.Name, own.Private = pkg.Ref().String(), !repository.Public
	}
	total, _ := stats.Package(v, pkg.Repository, pkg.Name)
	today := stats.Today()
	own.Week, own.All, own.Days = total.Week(today), total.Total, total.Series(today, chartDays)
	return own
}
