package site

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"hexhub/internal/feature/shelf"
	"hexhub/internal/kernel/card"
	"hexhub/internal/surface/web/ui"
)

func (s *site) addCards() {
	s.web.File("GET /og.png", func(*http.Request) (ui.File, error) { return s.picture(s.ownCard(), "public, max-age=3600"), nil })
	s.web.File("GET /og/{package}", func(r *http.Request) (ui.File, error) { return s.card(r.Context(), r.PathValue("package"), "") })
	s.web.File("GET /og/{package}/{version}", func(r *http.Request) (ui.File, error) {
		return s.card(r.Context(), r.PathValue("package")+".png", r.PathValue("version"))
	})
}

// card is the picture of a public package. A private one and none at all get the registry's own, which nobody is to
// keep: what is not there now may come.
func (s *site) card(ctx context.Context, picture, version string) (ui.File, error) {
	pkg, ok := strings.CutSuffix(picture, ".png")
	if version != "" {
		version, ok = strings.CutSuffix(version, ".png")
	}
	if !ok {
		return ui.File{}, absent
	}
	facts, found := s.Shelf.Facts(ctx, pkg, version)
	if !found {
		return s.picture(s.ownCard(), "no-store"), nil
	}
	return s.picture(s.cardOf(facts), "public, max-age=3600"), nil
}

func (s *site) cardOf(f shelf.Facts) card.Card {
	var facts []string
	switch {
	case f.Downloads == 1:
		facts = append(facts, "1 download")
	case f.Downloads > 1:
		facts = append(facts, ui.Short(f.Downloads)+" downloads")
	}
	facts = append(facts, f.Licenses...)
	if f.Retired != nil {
		facts = append(facts, "retired")
	}
	return card.Card{Site: s.host(), Title: f.Package, Mark: f.Version, About: f.About, Facts: strings.Join(facts, "  ·  ")}
}

func (s *site) ownCard() card.Card {
	v := s.DB.View()
	return card.Card{Site: s.host(), Title: s.web.Name(v), About: s.promise(v), Facts: "Elixir  ·  Erlang  ·  Gleam"}
}

func (s *site) host() string {
	u, err := url.Parse(s.Registry.URL)
	if err != nil {
		return s.Registry.URL
	}
	return u.Host
}

func (s *site) picture(c card.Card, keep string) ui.File {
	return ui.File{
		Kind: "image/png", Keep: keep, Tag: ui.Tag(c.Site, c.Title, c.Mark, c.About, c.Facts),
		Make: func(ctx context.Context) ([]byte, error) { return s.cards.Draw(ctx, c) },
	}
}
