package dochost_test

import (
	"net/http"
	"strings"
	"testing"

	"hexhub/internal/hubtest"
)

// asLoads are the headers with which a file is loaded for a page, without a cookie.
var asLoads = map[string]string{"Accept": "*/*", "Sec-Fetch-Dest": "script", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"}

// whoReads gives every kind of reader of vault, and how each asks for an address in the documentation.
func (h *docsHub) whoReads(f form) map[string]func(rest string) hubtest.Answer {
	h.t.Helper()
	rea := h.browser().logIn("rea")
	rea.open(h.page("vault", "/1.0.0/Vault.html")).Expect(h.t, http.StatusOK)
	base := strings.TrimSuffix(rea.at, "/1.0.0/Vault.html") // with the ticket, where there is one
	all := map[string]func(string) hubtest.Answer{
		"a member":          func(rest string) hubtest.Answer { return rea.ask(base+rest, navigation) },
		"a member on entry": func(rest string) hubtest.Answer { return rea.ask(h.page("vault", rest), navigation) },
		"a key": func(rest string) hubtest.Answer {
			return rea.ask(h.page("vault", rest), map[string]string{"Authorization": h.Secrets["rea/docs"]})
		},
		"somebody on entry":  func(rest string) hubtest.Answer { return h.browser().ask(h.page("vault", rest), navigation) },
		"a page of a member": func(rest string) hubtest.Answer { return rea.load(f, base+rest) },
	}
	if !f.own {
		all["whoever has the ticket"] = func(rest string) hubtest.Answer { return h.browser().ask(base+rest, asLoads) }
	}
	return all
}

// L9: what is private is for no cache that others ask too: neither pages and files, nor that they are as they were, nor
// the way in.
func TestL9PrivateDocumentationIsForNoSharedCache(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			h := newVault(t, f)
			told := 0
			for who, ask := range h.whoReads(f) {
				for _, rest := range []string{"", "/", "/1.0.0/", "/latest/", "/1.0.0/Vault.html", "/1.0.0/dist/app-AAAABBBB.js", "/docs_config.js", "/1.0.0/nothing.html", "/9.0.0/"} {
					a := ask(rest)
					if a.Status == http.StatusOK {
						told++
					}
					cache, vary := a.Header.Get("Cache-Control"), a.Header.Get("Vary")
					if strings.Contains(cache, "public") || !strings.Contains(cache, "private") && !strings.Contains(cache, "no-store") {
						t.Errorf("%s, %s: %d may be kept: %q", who, rest, a.Status, cache)
					}
					if !strings.Contains(cache, "no-store") && (!strings.Contains(vary, "Cookie") || !strings.Contains(vary, "Authorization")) {
						t.Errorf("%s, %s: %d is kept for whoever asks: Vary is %q, Cache-Control %q", who, rest, a.Status, vary, cache)
					}
				}
			}
			if told < 10 {
				t.Errorf("%d answers were looked at", told)
			}
		})
	}
}

// L10: nothing that is private is answered because it seems to be of a picture or a style sheet, and what is answered
// nobody keeps.
func TestL10DeceivedCachesKeepNoDocumentation(t *testing.T) {
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			h := newVault(t, f)
			for who, ask := range h.whoReads(f) {
				for _, rest := range []string{"/1.0.0/", "/1.0.0/Vault.html", "/1.0.0/dist/app-AAAABBBB.js", "/docs_config.js"} {
					for _, end := range []string{"/a.css", ";.css", "%2fa.css", "%3b.css", ".css", ";a=.js", "/%2e%2e/a.css", "%0a.css", "%23.css", "%3f.css", "/a.css;x"} {
						a := ask(rest + end)
						if a.Status < 300 || strings.Contains(string(a.Body), "canary") || strings.Contains(a.Header.Get("Cache-Control"), "public") {
							t.Errorf("%s, %s%s: %d %q: %.100s", who, rest, end, a.Status, a.Header.Get("Cache-Control"), a.Body)
						}
						if a.Status >= 400 && a.Status != http.StatusBadRequest && !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
							t.Errorf("%s, %s%s: %d may be kept: %q", who, rest, end, a.Status, a.Header.Get("Cache-Control"))
						}
					}
				}
			}
		})
	}
}
