package node

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/search"
	"hexhub/internal/feature/shelf"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/web/site"
	"hexhub/internal/surface/web/ui"
)

// addSite adds what everybody may see of the registry itself.
func (n *Node) addSite(w *ui.Web) {
	site.Register(w, site.Deps{
		DB: n.DB, Links: n.Links, Registry: n.Registry(), Shelf: shelf.New(n.DB, n.repository), Said: n.said,
		Health: n.health, Default: n.repository, Docs: n.pages(), Unlisted: n.unlisted,
	})
}

// near names packages that everybody may see and whose names are like one that is not there.
func (n *Node) near(name string) []string {
	repository, ok := org.Resolve(n.DB.View(), n.repository, "")
	if !ok || !repository.Public {
		return nil
	}
	found := n.Search.Find(search.Query{In: []org.Repository{repository}, Search: catalog.ParseSearch(name), PerPage: mostNear})
	var names []string
	for _, hit := range slices.Concat(found.Hits, found.Close) {
		names = append(names, hit.Package.Name.String())
	}
	return names[:min(mostNear, len(names))]
}

// mostNear is how many names the page of something absent shows.
const mostNear = 5

// health is how all nodes do; nobody knows before this one has started.
func (n *Node) health(ctx context.Context) health.Report {
	if o := n.operated.Load(); o != nil {
		return o.Report(ctx)
	}
	return health.Judge(nil)
}

// said is what the site says of itself now.
func (n *Node) said(r store.Reader) site.Said {
	promise, _ := n.Settings.Value(r, sitePromise)
	text, _ := n.Settings.Value(r, siteSecurityContact)
	contact, _ := parseContact(text) // what an older or a newer binary took is not told
	return site.Said{Promise: promise, SecurityContact: contact}
}

// unlisted is for how long search engines are asked to leave out a new package: not at all where an administrator lets in
// whoever publishes.
func (n *Node) unlisted(r store.Reader) time.Duration {
	mode, _ := n.Settings.Value(r, registration)
	if who, _ := account.ParseRegistration(mode); !who.Open() {
		return 0
	}
	text, _ := n.Settings.Value(r, siteNoIndex)
	age, _ := access.ParseMaxAge(text)
	return age
}

// brand is what the operator has made his own of how the site looks.
func (n *Node) brand(r store.Reader) ui.Brand {
	text, _ := n.Settings.Value(r, siteHue)
	hue, _ := parseHue(text) // what an older or a newer binary took is not shown
	return ui.Brand{Name: n.named(r), Hue: hue}
}

// named is what the operator calls the registry; empty if nothing but its repository's name.
func (n *Node) named(r store.Reader) string {
	name, _ := n.Settings.Value(r, siteName)
	return name
}

// parseHue reads the hue of the site; nothing is none.
func parseHue(text string) (*ui.Hue, error) {
	if text == "" {
		return nil, nil
	}
	h, err := ui.ParseHue(text)
	if err != nil {
		return nil, err
	}
	return &h, nil
}

// openLogo reads the picture that the configuration names, if it names one.
func openLogo(path string) (*ui.Logo, error) {
	if path == "" {
		return nil, nil
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the logo (site.logo): %w", err)
	}
	logo, err := ui.ParseLogo(body)
	if err != nil {
		return nil, fmt.Errorf("the logo %s (site.logo) cannot be shown: %w", path, err)
	}
	return logo, nil
}

func checkName(text string) error {
	if utf8.RuneCountInString(text) > 40 || strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text {
		return fmt.Errorf("must be one line of up to 40 characters")
	}
	return nil
}

func checkPromise(text string) error {
	if utf8.RuneCountInString(text) > 120 || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("must be one line of up to 120 characters")
	}
	return nil
}

// parseContact reads where to tell of a hole, as a URL; nothing is none.
func parseContact(text string) (string, error) {
	if u, err := url.Parse(text); text == "" || err == nil && u.Scheme == "https" && u.Host != "" && !strings.ContainsFunc(text, unicode.IsSpace) {
		return text, nil
	}
	address, err := account.ParseAddress(text)
	if err != nil {
		return "", fmt.Errorf("%q is neither an address of mail nor an https:// page", text)
	}
	return "mailto:" + address, nil
}
