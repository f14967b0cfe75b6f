package packages

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/people"
	"hexhub/internal/surface/web/ui"
)

// activityPage is how many deeds a page lists, as on hex.pm.
const activityPage = 100

// activityView is the tab with what was done to the package.
type activityView struct {
	view
	Entries []activity
	First   bool   // it is the newest page
	Next    string // the page with what is older, if there is more
}

// An activity is a deed as everybody may know of it.
type activity struct {
	Words, Icon string
	By          string // who did it; empty if that is not for the visitor to know
	User        bool   // By has a page
	Why         string // the reason that was given, which is for owners
	At          time.Time
}

func (p *pages) activity(w http.ResponseWriter, r *http.Request, s *subject) error {
	after := r.URL.Query().Get("after")
	ref := audit.PackageRef(s.Package.Repository.String(), s.Package.Name.String())
	entries, next, err := p.Audit.Find(r.Context(), s.view, audit.Query{Ref: ref, After: after}, activityPage)
	if err != nil {
		return err
	}
	v := activityView{view: p.view(w, r, s, "Activity"), First: after == ""}
	if next != "" {
		v.Next = s.Base() + "/audit-logs?" + url.Values{"after": {next}}.Encode()
	}
	viewer, owns := people.As(s.view, s.actor), s.owns()
	for _, e := range entries {
		a := activity{Words: ui.DeedInWords(e), Icon: iconOf(e.Action), At: e.At}
		if owns {
			a.Why = e.By.Reason
		}
		switch u, ok := account.Users.Get(s.view, e.By.UserID); {
		case ok && viewer.Knows(u):
			a.By, a.User = u.Username.String(), true
		case e.By.UserID == "" && e.By.Org == "":
			a.By = "the operator"
		case e.By.Org != "":
			if o, ok := viewer.Organization(e.By.Org); ok {
				a.By = o.Name.String()
			}
		}
		v.Entries = append(v.Entries, a)
	}
	return p.web.Show(w, http.StatusOK, v.show())
}

// iconOf is the sign of a kind of deed.
func iconOf(action string) string {
	switch family, deed, _ := strings.Cut(action, "."); {
	case family == "owner":
		return "users"
	case family == "docs":
		return "book-open"
	case deed == "publish":
		return "package"
	case deed == "revert":
		return "undo-2"
	default:
		return "archive"
	}
}
