package site

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"hexhub/internal/feature/shelf"
	"hexhub/internal/kernel/badge"
	"hexhub/internal/surface/web/ui"
)

// badges are what can be said of a package, by the name of the picture: the label, and what it says in which colour.
var badges = map[string]struct {
	label string
	say   func(shelf.Facts) (text, color string)
}{
	"version":   {"hex", sayVersion},
	"downloads": {"downloads", func(f shelf.Facts) (string, string) { return short(f.Week) + "/week", "violet" }},
	"docs":      {"docs", sayDocs},
	"license":   {"license", sayLicense},
	"deps":      {"requires", func(f shelf.Facts) (string, string) { return sayNeeds(f.Needs), "blue" }},
}

// badge draws what is asked for of a public package. A private one and none at all look the same.
func (s *site) badge(r *http.Request) (ui.File, error) {
	what, ok := strings.CutSuffix(r.PathValue("picture"), ".svg")
	kind, known := badges[what]
	if !ok || !known {
		return ui.File{}, absent
	}
	q := r.URL.Query()
	b := badge.Badge{Label: kind.label, Text: "unknown", Color: "grey", Style: q.Get("style")}
	if facts, found := s.Shelf.Facts(r.Context(), r.PathValue("package"), ""); found {
		b.Text, b.Color = kind.say(facts)
	}
	if q.Has("label") {
		b.Label = q.Get("label")
	}
	if _, ok := badge.ParseColor(q.Get("color")); ok {
		b.Color = q.Get("color")
	}
	return ui.File{Kind: "image/svg+xml", Keep: "public, max-age=300", Body: b.SVG()}, nil
}

func sayVersion(f shelf.Facts) (text, color string) {
	switch {
	case f.Retired != nil:
		return "v" + f.Version + " retired", "red"
	case f.Prerelease:
		return "v" + f.Version, "orange"
	}
	return "v" + f.Version, "violet"
}

func sayDocs(f shelf.Facts) (text, color string) {
	if f.Docs {
		return "v" + f.Version, "green"
	}
	return "none", "grey"
}

func sayLicense(f shelf.Facts) (text, color string) {
	if len(f.Licenses) == 0 {
		return "none", "grey"
	}
	return strings.Join(f.Licenses, ", "), "blue"
}

func sayNeeds(n int) string {
	switch n {
	case 0:
		return "nothing"
	case 1:
		return "1 package"
	}
	return fmt.Sprintf("%d packages", n)
}

// short writes a number with two or three digits and what they count.
func short(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1_000_000_000, "G"}, {1_000_000, "M"}, {1_000, "k"}} {
		switch tenths := n * 10 / unit.size; {
		case tenths >= 100:
			return strconv.FormatInt(tenths/10, 10) + unit.name
		case tenths >= 10:
			return fmt.Sprintf("%d.%d%s", tenths/10, tenths%10, unit.name)
		}
	}
	return strconv.FormatInt(n, 10)
}
