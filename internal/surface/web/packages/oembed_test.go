package packages_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func embedOf(at string) string { return "/oembed?url=" + url.QueryEscape(at) }

// Other sites are told of a package in JSON, at an address that its page names.
func TestLinksToPackagesAreShownElsewhere(t *testing.T) {
	s := newSite(t)
	p := s.page(200, "/packages/decimal/1.0.1", visit{})
	at := attr(p.one(t, "link", "type", "application/json+oembed"), "href")
	path, ours := strings.CutPrefix(at, "https://hub.example.com")
	if !ours {
		t.Fatalf("the page names %s", at)
	}
	rec := s.ask(path, visit{})
	var got map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatalf("%d %v: %s", rec.Code, err, rec.Body)
	}
	for key, want := range map[string]any{
		"version": "1.0", "type": "link", "title": "decimal 1.0.1", "author_name": "jose", "author_url": "https://hub.example.com/users/jose",
		"provider_name": "hub", "provider_url": "https://hub.example.com", "thumbnail_url": "https://hub.example.com/og/decimal/1.0.1.png", "thumbnail_width": 1200.0, "thumbnail_height": 630.0,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	small := s.ask(path+"&maxwidth=400", visit{}).Body.String()
	if strings.Contains(small, "thumbnail") {
		t.Errorf("a picture that is too wide is offered: %s", small)
	}
	if rec := s.ask(strings.Replace(path, "json", "xml", 1), visit{}); rec.Code == 200 {
		t.Errorf("XML is answered with %s", rec.Body)
	}
}

// L3: of a private package other sites are told what they are told of none at all.
func TestL3LinksToThePrivateAreThoseToTheAbsent(t *testing.T) {
	s := newSite(t)
	answers := map[string]bool{}
	for _, at := range []string{"https://hub.example.com/packages/guild/vault", "https://hub.example.com/packages/guild/nothing", "https://hub.example.com/packages/nothing"} {
		for _, who := range []string{"", "eva"} {
			rec := s.ask(embedOf(at), visit{as: who})
			if rec.Code != 404 {
				t.Errorf("%s is told to %q: %s", at, who, rec.Body)
			}
			answers[rec.Body.String()] = true
		}
	}
	if len(answers) != 1 {
		t.Errorf("there are %d answers", len(answers))
	}
	if p := s.page(200, "/packages/guild/vault", visit{as: "eva"}); len(p.all("link", "type", "application/json+oembed")) != 0 {
		t.Error("the page of a private package names an address for other sites")
	}
}

// Nothing but pages of packages of this very site is told of.
func TestLinksElsewhereAreNotOurs(t *testing.T) {
	s := newSite(t)
	for _, at := range []string{
		"", "decimal", "/packages/decimal", "https://evil.example/packages/decimal", "https://hub.example.com.evil.example/packages/decimal", "https://hub.example.com/packages/",
		"https://hub.example.com/packages/../packages/decimal", "https://hub.example.com/users/jose", "javascript:alert(1)", "https://hub.example.com/packages/decimal/1.0.0/lib/x",
	} {
		if rec := s.ask(embedOf(at), visit{}); rec.Code != 404 {
			t.Errorf("%s: %d %s", at, rec.Code, rec.Body)
		}
	}
	if rec := s.ask(embedOf("https://hub.example.com/packages/decimal/versions?range=x#y"), visit{}); rec.Code != 200 {
		t.Errorf("a tab of a package: %d", rec.Code)
	}
}
