package packages

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"hexhub/internal/feature/access"
	"hexhub/internal/surface/web/ui"
)

// badgesView is where somebody chooses a badge of the package for his README.
type badgesView struct {
	view
	Style, Color string
	Badges       []made
}

// A made badge is one to copy.
type made struct {
	Kind, Title string
	Picture     string // the badge itself, in an address of its own
	Says        string // what is to be read instead of the picture
	Address     string
	Page        string // to which it leads
}

// badgeStyles are what badges can be cut like; badgeColors what can stand behind what they say. The first is as they are.
var (
	badgeStyles = []ui.Option{{Value: "", Words: "Flat"}, {Value: "square", Words: "Square"}, {Value: "pill", Words: "Pill"}}
	badgeColors = []ui.Option{
		{Value: "", Words: "By what it says"},
		{Value: "violet", Words: "Violet"},
		{Value: "honey", Words: "Honey"},
		{Value: "green", Words: "Green"},
		{Value: "blue", Words: "Blue"},
		{Value: "red", Words: "Red"},
		{Value: "orange", Words: "Orange"},
		{Value: "grey", Words: "Grey"},
		{Value: "black", Words: "Black"},
	}
)

// badges shows all badges of a package. Those of a private one are for who may give them away.
func (p *pages) badges(w http.ResponseWriter, r *http.Request, s *subject) error {
	if s.forAll() {
		return p.showBadges(w, r, s)
	}
	return p.owned(w, r, s, access.Write, func(w http.ResponseWriter, r *http.Request, _ ui.Visit) error { return p.showBadges(w, r, s) })
}

func (p *pages) showBadges(w http.ResponseWriter, r *http.Request, s *subject) error {
	q := r.URL.Query()
	v := badgesView{view: p.view(w, r, s, "Badges"), Style: q.Get("style"), Color: q.Get("color")}
	for _, k := range badgeKinds {
		v.Badges = append(v.Badges, p.made(k, p.badged(r, s), v.Style, v.Color))
	}
	return p.web.Show(w, http.StatusOK, v.show())
}

// given reports whether the badges have addresses at which others see them.
func (v badgesView) given() bool { return v.forAll() || v.Package.BadgeSecret != "" }

// changeBadges gives the badges of a private package addresses, or takes them back.
func (p *pages) changeBadges(w http.ResponseWriter, r *http.Request, s *subject) error {
	form, err := ui.ReadForm(w, r)
	if err != nil {
		return err
	}
	change, said := p.Catalog.ShareBadges, "badges-shared"
	switch form.Get("deed") {
	case "share":
	case "hide":
		change, said = p.Catalog.HideBadges, "badges-hidden"
	default:
		return errAbsent
	}
	if err := change(r.Context(), s.actor, s.Package.Ref()); err != nil {
		return err
	}
	return p.back(w, s.Base()+"/badges", said)
}

func (p *pages) made(k badgeKind, b badged, style, color string) made {
	site, q := p.Registry.URL, url.Values{}
	for key, value := range map[string]string{"style": style, "color": color, "token": b.Package.BadgeSecret} {
		if value != "" {
			q.Set(key, value)
		}
	}
	to := site + "/badge" + strings.TrimPrefix(b.Base(), "/packages") + "/" + k.name + ".svg"
	if len(q) > 0 {
		to += "?" + q.Encode()
	}
	picture := dressed(k.drawn(b), style, color).SVG()
	return made{
		Kind: k.name, Title: k.title, Picture: "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(picture),
		Says: b.Package.Name.String() + " " + k.name, Address: to, Page: site + b.Base() + k.tab,
	}
}

// markdown shows the badge in a README, as a link.
func (m made) markdown() string { return fmt.Sprintf("[![%s](%s)](%s)", m.Says, m.Address, m.Page) }

// markup shows it in a page.
func (m made) markup() string {
	return fmt.Sprintf(`<a href="%s"><img src="%s" alt="%s"></a>`, html.EscapeString(m.Page), html.EscapeString(m.Address), m.Says)
}
