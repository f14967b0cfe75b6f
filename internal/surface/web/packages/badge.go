package packages

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hexhub/hex/name"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/depend"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/quality"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/badge"
	"hexhub/internal/surface/web/ui"
)

// A badged package is one of which badges say something.
type badged struct {
	*subject
	judge func() (quality.Report, bool)
}

// A badgeKind is one thing that a badge can say of a package.
type badgeKind struct {
	name  string                              // of the picture
	label string                              // beside what it says
	title string                              // for people
	tab   string                              // that says more
	say   func(b badged) (text, color string) // empty for nothing that can be told
}

// badgeKinds are all there are, in the order in which they are offered.
var badgeKinds = []badgeKind{
	{"version", "hex", "Version", "", badged.sayVersion},
	{"downloads", "downloads", "Downloads of a week", "/versions", badged.sayDownloads},
	{"docs", "docs", "Documentation", "", badged.sayDocs},
	{"license", "license", "Licence", "", badged.sayLicense},
	{"deps", "requires", "Dependencies", "/dependencies", badged.sayNeeds},
	{"quality", "quality", "Quality", "/quality", badged.sayQuality},
}

// badge draws what is asked for of a package. To who may not see it, a private one and none at all look the same.
func (p *pages) badge(r *http.Request) (ui.File, error) {
	what, ok := strings.CutSuffix(r.PathValue("picture"), ".svg")
	i := slices.IndexFunc(badgeKinds, func(k badgeKind) bool { return k.name == what })
	if !ok || i < 0 {
		return ui.File{}, errAbsent
	}
	kind, q := badgeKinds[i], r.URL.Query()
	b := badge.Badge{Label: kind.label, Text: "not public", Color: "grey"}
	if s := p.badgeable(r); s != nil {
		s.Meta = p.meta(r.Context(), s)
		b = kind.drawn(p.badged(r, s))
	}
	if q.Has("label") {
		b.Label = q.Get("label")
	}
	b = dressed(b, q.Get("style"), q.Get("color"))
	return ui.File{Kind: "image/svg+xml", Keep: "public, max-age=300", Body: b.SVG()}, nil
}

// badgeable is the package whose badges whoever asks may see: a public one, or one whose secret he has. Else it is nil.
func (p *pages) badgeable(r *http.Request) *subject {
	a := address{Repository: r.PathValue("repository"), Name: r.PathValue("package")}
	if s, err := p.public(r, a); err == nil {
		return s
	}
	return p.shared(a, r.URL.Query().Get("token"))
}

// shared is a private package whose badges are shown to whoever has the secret, which must be that one.
func (p *pages) shared(a address, secret string) *subject {
	v := p.DB.View()
	s := &subject{view: v}
	s.Repository, _ = org.Resolve(v, p.Default, a.Repository)
	pkg, err := name.ParsePackage(a.Name)
	if err != nil {
		return nil
	}
	ref := catalog.Ref{Repository: s.Repository.Name, Name: pkg}
	found, ok := catalog.Get(v, ref)
	if !ok || !found.ShowsBadges(secret) {
		return nil
	}
	s.Package, s.Releases, s.sight = found, catalog.Releases(v, ref), depend.Within(v, ref.Repository)
	if s.choose("") != nil {
		return nil
	}
	return s
}

func (p *pages) badged(r *http.Request, s *subject) badged {
	return badged{s, func() (quality.Report, bool) { return p.judge(r, s) }}
}

// drawn is the badge as it is when nobody asks for another look.
func (k badgeKind) drawn(b badged) badge.Badge {
	text, color := k.say(b)
	if text == "" {
		text, color = "unknown", "grey"
	}
	return badge.Badge{Label: k.label, Text: text, Color: color}
}

// dressed is the badge in a style and a colour, if those are ones.
func dressed(b badge.Badge, style, color string) badge.Badge {
	b.Style = style
	if _, ok := badge.ParseColor(color); ok {
		b.Color = color
	}
	return b
}

func (b badged) sayVersion() (text, color string) {
	text = "v" + b.Release.Version.String()
	switch {
	case b.Release.Retirement != nil:
		return text + " retired", "red"
	case b.Release.Version.IsPre():
		return text, "orange"
	}
	return text, "violet"
}

func (b badged) sayDownloads() (text, color string) {
	row, _ := stats.Package(b.view, b.Repository.Name, b.Package.Name)
	return ui.Short(row.Week(stats.Today())) + "/week", "violet"
}

func (b badged) sayDocs() (text, color string) {
	if b.Release.HasDocs() {
		return "v" + b.Release.Version.String(), "green"
	}
	return "none", "grey"
}

func (b badged) sayLicense() (text, color string) {
	if len(b.Meta.Licenses) == 0 {
		return "none", "grey"
	}
	return strings.Join(b.Meta.Licenses, ", "), "blue"
}

func (b badged) sayNeeds() (text, color string) {
	n := 0
	for _, needed := range b.Release.Requirements {
		if !needed.Optional {
			n++
		}
	}
	if n == 0 {
		return "nothing", "blue"
	}
	return plural(n, "package"), "blue"
}

// Scores from which on a package is well made, and halfway so.
const (
	wellMade = 80
	halfMade = 50
)

func (b badged) sayQuality() (text, color string) {
	report, ok := b.judge()
	if !ok {
		return "", ""
	}
	score := report.Score()
	text = strconv.Itoa(score) + " %"
	switch {
	case score >= wellMade:
		return text, "green"
	case score >= halfMade:
		return text, "blue"
	}
	return text, "orange"
}
