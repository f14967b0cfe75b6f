package packages

import (
	"net/http"
	"strings"
	"time"

	"hexhub/hex/version"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/surface/web/ui"
)

// versionsView is the tab that lists all versions.
type versionsView struct {
	view
	Range   string // that somebody asked for
	Problem string // why it is none
	Tracks  []track
	Found   int // releases in the range

	Pace      []int64 // versions in each of the last quarters, this one's last
	PaceWords string  // say what that shows

	Downloads downloads
}

func (p *pages) versions(w http.ResponseWriter, r *http.Request, s *subject) error {
	v := versionsView{view: p.view(w, r, s, "Versions"), Range: strings.TrimSpace(r.URL.Query().Get("range"))}
	if len(v.Range) > 200 {
		v.Range = v.Range[:200]
	}
	found, err := within(s.Releases, v.Range)
	if err != nil {
		v.Problem = "“" + v.Range + "” is no requirement. Write one as in mix.exs, such as ~> 1.4 or >= 1.0.0 and < 2.0.0."
		found = s.Releases
	}
	v.Found, v.Tracks = len(found), tracks(found)
	v.Pace, v.PaceWords = paceOf(s.Releases, time.Now())
	v.Downloads = s.downloads()
	status := http.StatusOK
	if v.Problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return p.web.Show(w, status, v.show())
}

// quarters is for how long back the pace of a package is drawn, in quarters of a year.
const quarters = 16

// paceOf is how many versions were published in each quarter, this one's last, and a sentence about them.
func paceOf(releases []catalog.Release, now time.Time) (counts []int64, words string) {
	counts, lately := make([]int64, quarters), 0
	for _, r := range releases {
		age := now.Sub(r.InsertedAt)
		if ago := int(age / (91 * 24 * time.Hour)); ago >= 0 && ago < quarters {
			counts[quarters-1-ago]++
		}
		if age < 365*24*time.Hour {
			lately++
		}
	}
	return counts, ui.Count(len(releases)) + " versions, " + ui.Count(lately) + " of them in the last year"
}

// within are the releases that a requirement admits, pre-releases among them; all if it is empty.
func within(releases []catalog.Release, text string) ([]catalog.Release, error) {
	if text == "" {
		return releases, nil
	}
	requirement, err := version.ParseRequirement(text)
	if err != nil {
		return nil, err
	}
	var found []catalog.Release
	for _, r := range releases {
		if requirement.Match(r.Version, true) {
			found = append(found, r)
		}
	}
	return found, nil
}

// publisher is the user name of who published a release, if it is known.
func (s *subject) publisher(r catalog.Release) string {
	if r.Publisher == "" { // an organization's key was
		return ""
	}
	u, ok := account.Users.Get(s.view, r.Publisher)
	if !ok || !u.Active() {
		return ""
	}
	return u.Username.String()
}

// open reports whether a track shows all its versions at once: few, or asked for.
func (v versionsView) open(t track) bool {
	return len(t.Releases) < 4 || v.Range != "" && v.Problem == ""
}

// others says how many versions of a track lie behind it.
func (v versionsView) others(t track) string {
	return ui.Count(len(t.Releases)-1) + " more of " + t.Name
}
