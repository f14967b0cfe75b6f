package shortlink_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/internal/feature/shortlink"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/store"
)

var home = netip.MustParseAddr("192.0.2.1")

var origins, _ = origin.Parse("https://*.docs.example.com")

func newLinks(t *testing.T, serverURL string) *shortlink.Links {
	t.Helper()
	db, err := store.Open(context.Background(), store.NewMemory(), store.Options{}, limit.Tables, shortlink.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	s, err := shortlink.New(db, serverURL, origins)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shorten(t *testing.T, s *shortlink.Links, address string) string {
	t.Helper()
	code, err := s.Shorten(t.Context(), home, address)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// follow returns where a code leads, empty for nowhere.
func follow(t *testing.T, s *shortlink.Links, code string) string {
	t.Helper()
	address, ok, err := s.Follow(t.Context(), code)
	if err != nil || ok != (address != "") {
		t.Fatalf("%s leads to %q, %t: %v", code, address, ok, err)
	}
	return address
}

func TestLinksLeadWhereTheyWereMadeFor(t *testing.T) {
	s := newLinks(t, "https://Hub.example.com:8443")
	codes := map[string]bool{}
	for address, want := range map[string]string{
		"https://hex.pm/diffs?diffs[]=ecto:3.0.0:3.1.0&diffs[]=plug:1.0.0:": "", "https://hex.pm": "", "http://preview.hex.pm/x#y": "",
		"HTTPS://HEX.PM/Packages": "https://hex.pm/Packages", "https://plug.hexdocs.pm/readme.html": "", "https://acme.hexorgs.pm/x/": "", "https://hexdocs.pm/": "",
		"https://hub.example.com:8443/packages/plug": "", "https://HUB.example.com:8443/": "https://hub.example.com:8443/", "https://hex.pm//evil.com": "",
		"https://plug.docs.example.com/1.0.0/a.html?x#y": "", "https://docs.example.com/plug_/1.0.0/": "",
	} {
		if want == "" {
			want = address
		}
		code := shorten(t, s, address)
		if len(code) != 5 || strings.ContainsAny(code, "IOl0") || strings.Trim(code, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789") != "" {
			t.Errorf("code = %q", code)
		}
		if got := follow(t, s, code); got != want {
			t.Errorf("%s leads to %s, want %s", address, got, want)
		}
		if codes[code] = true; shorten(t, s, address) != code {
			t.Errorf("%s has another code the second time", address)
		}
	}
	for _, code := range []string{"", "abcd", "abcdef", "abcdO", "ab/cd", "../ab", "abc\x00d", "ábcd"} {
		if got := follow(t, s, code); got != "" {
			t.Errorf("%q leads to %s", code, got)
		}
	}
}

// W6, W7: no link leads to another server, however it is written.
func TestW7LinksStayHere(t *testing.T) {
	s := newLinks(t, "https://hub.example.com")
	for address, want := range map[string]string{
		"":                                            "can't be blank",
		"javascript:alert(1)":                         "must use http or https scheme",
		"data:text/html,x":                            "must use http or https scheme",
		"ftp://hex.pm/":                               "must use http or https scheme",
		"//hex.pm/":                                   "must use http or https scheme",
		"/packages":                                   "must use http or https scheme",
		"https:hex.pm":                                "must include a host",
		"https:/hex.pm":                               "must include a host",
		"https:///hex.pm":                             "must include a host",
		"https://user@hex.pm/":                        "must not include a user name or a password",
		"https://hex.pm:x@evil.com/":                  "must not include a user name or a password",
		"https://:@hex.pm/":                           "must not include a user name or a password",
		"https://evil.com":                            "domain",
		"https://evil.com/hex.pm":                     "domain",
		"https://evil.com?hex.pm":                     "domain",
		"https://evil.com#.hex.pm":                    "domain",
		"https://hex.pm.evil.com/":                    "domain",
		"https://evilhex.pm/":                         "domain",
		"https://.hex.pm/":                            "domain",
		"https://hex.pm./":                            "domain",
		"https://hex.pm:443/":                         "domain",
		"https://hex.pm:/":                            "domain",
		"https://hexdocs.pm/plug":                     "domain",
		"https://plug.docs.example.com.evil.com/":     "domain",
		"https://evilplug-docs.example.com/":          "domain",
		"https://plug.docs.example.com:8443/":         "domain",
		"http://plug.docs.example.com/":               "domain",
		"https://docs.example.com/plug/":              "domain",
		"https://hexorgs.pm/":                         "domain",
		"https://[::1]/":                              "domain",
		"https://127.0.0.1/":                          "domain",
		"http://hub.example.com/":                     "domain",
		"https://hub.example.com:444/":                "domain",
		"https://x.hub.example.com/":                  "domain",
		"https://hub.example.com.evil/":               "domain",
		"https://hub.example.com/l/abcde":             "is short already",
		`https://hex.pm\@evil.com/`:                   "is invalid",
		`https:\\evil.com`:                            "is invalid",
		"https://hex.pm/\r\nSet-Cookie:x":             "is invalid",
		"https://hex.pm/\t//evil.com":                 "is invalid",
		" https://hex.pm/":                            "is invalid",
		"https://hex.pm/ x":                           "is invalid",
		"https://hеx.pm/":                             "is invalid", // a Cyrillic letter
		"https://hex.pm%00.evil.com/":                 "is invalid",
		"https://hex%2epm/":                           "is invalid",
		"https://hex.pm:port/":                        "is invalid",
		"https://hex.pm/%zz":                          "is invalid",
		"https://hex.pm/" + strings.Repeat("x", 4096): "should be at most 4096 character(s)",
	} {
		code, err := s.Shorten(t.Context(), home, address)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid {
			t.Errorf("W7 %q is shortened to %s: %v", address, code, err)
			continue
		}
		if got, _ := f.Fields["url"].(string); !strings.HasPrefix(got, want) {
			t.Errorf("W7 %q: %q, want %q", address, got, want)
		}
	}
}

// A link is kept for ninety days after its last use, and takes no room after that.
func TestUnusedLinksAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinks(t, "https://hub.example.com")
		const day = 24 * time.Hour
		used, unused := shorten(t, s, "https://hex.pm/used"), shorten(t, s, "https://hex.pm/unused")
		time.Sleep(80 * day)
		if follow(t, s, used) == "" {
			t.Error("a link is gone after eighty days")
		}
		time.Sleep(11 * day)
		for range 2 { // before and after the chore
			if got := follow(t, s, used); got != "https://hex.pm/used" {
				t.Errorf("the link that was used leads to %q", got)
			}
			if got := follow(t, s, unused); got != "" {
				t.Errorf("the link that was not used leads to %q", got)
			}
			if err := s.Forget(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if shorten(t, s, "https://hex.pm/unused") != unused || follow(t, s, unused) == "" {
			t.Error("the address cannot be shortened again")
		}
	})
}

// One caller, and all together, make so many links and no more; an address that has one needs no other.
func TestMakingLinksIsLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinks(t, "https://hub.example.com")
		try := func(ip string, n int) error {
			_, err := s.Shorten(t.Context(), netip.MustParseAddr(ip), fmt.Sprint("https://hex.pm/", n))
			return err
		}
		n, callers := 0, 0
		for ; n < 1000; n++ {
			if n%30 == 0 {
				callers++
			}
			if err := try(fmt.Sprintf("2001:db8:0:%x::1", callers), n); err != nil {
				t.Fatalf("link %d of caller %d: %v", n, callers, err)
			}
		}
		if err := try("2001:db8:0:1::2", n); !fault.Is(err, fault.Limited) {
			t.Errorf("a caller's 31st link: %v", err)
		}
		if err := try("192.0.2.1", n); !fault.Is(err, fault.Limited) {
			t.Errorf("the 1001st link of a day: %v", err)
		}
		if err := try("2001:db8:0:1::2", 5); err != nil {
			t.Errorf("an address that has a link: %v", err)
		}
		time.Sleep(24 * time.Hour)
		if err := try("2001:db8:0:1::2", n); err != nil {
			t.Errorf("a day later: %v", err)
		}
	})
}

func TestManyAtOnceGetOneLink(t *testing.T) {
	s := newLinks(t, "https://hub.example.com")
	var wg sync.WaitGroup
	codes := make([]string, 20)
	for i := range codes {
		wg.Go(func() {
			var err error
			if codes[i], err = s.Shorten(t.Context(), home, "https://hex.pm/x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, code := range codes {
		if code != codes[0] {
			t.Fatalf("codes = %v", codes)
		}
	}
}
