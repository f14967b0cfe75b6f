package doctor

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"hexhub/internal/feature/health"
)

// A Wish is what would make the registry better, though nothing is wrong without it. It is fulfilled when it comes no
// more, and an administrator may silence it.
type Wish struct {
	ID, Title, Why, Fix string
	Page                string // of the manual, where one reads on
}

// Silence is the name of the setting that says which wishes are silent: their ids, separated by commas.
const Silence = "reminders.off"

// A condition is a wish with what tells whether it is open.
type condition struct {
	Wish
	open func(Deps, health.Report) bool
}

var wishes = []condition{
	{
		Wish{"https", "HTTPS", "Until then only people at this machine can use the registry safely.", "hexhub serve --tls-cert FILE --tls-key FILE --url https://HOST", "operations"},
		func(d Deps, _ health.Report) bool {
			u, err := url.Parse(d.URL)
			return err == nil && u.Scheme == "http"
		},
	},
	{
		Wish{"mail", "Mail", "Invitations and links to new passwords rest in the outbox until it can be sent.", "hexhub serve --mail-smtp HOST:587 --mail-from hub@HOST", "operations"},
		func(d Deps, _ health.Report) bool { return d.Server != nil && !d.Server.Mail },
	},
	{
		Wish{"nodes", "A second and a third node", "With three nodes one of them may fail, and nobody notices.", "hexhub cluster invite", "cluster"},
		func(_ Deps, r health.Report) bool { return len(r.Nodes) == 1 && !r.External },
	},
}

// Wishes lists the open wishes of a registry that does as the report says, but for the silent ones and those of which
// a finding warns anyway.
func Wishes(d Deps, r health.Report, found []Finding, silent []string) (open []Wish) {
	for _, w := range wishes {
		warned := slices.ContainsFunc(found, func(f Finding) bool {
			return (f.ID == w.ID || f.ID == "address" && w.ID == "https") && (f.Level == Warn || f.Level == Fail)
		})
		if !warned && !slices.Contains(silent, w.ID) && w.open(d, r) {
			open = append(open, w.Wish)
		}
	}
	return open
}

// ParseSilence reads the ids of wishes.
func ParseSilence(text string) (ids []string, err error) {
	for id := range strings.SplitSeq(text, ",") {
		id = strings.TrimSpace(id)
		switch {
		case id == "":
		case !slices.ContainsFunc(wishes, func(w condition) bool { return w.ID == id }):
			return nil, fmt.Errorf("knows https, mail and nodes, separated by commas, and not %q", id)
		default:
			ids = append(ids, id)
		}
	}
	return ids, nil
}
