package origin_test

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hexhub/hex/name"
	"hexhub/internal/kernel/origin"
)

func place(repository, pkg string) origin.Place {
	p := origin.Place{Name: name.MustPackage(pkg)}
	if repository != "" {
		p.Repository = name.MustRepository(repository)
	}
	return p
}

func parse(t testing.TB, text string) origin.Origins {
	t.Helper()
	o, err := origin.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAddresses(t *testing.T) {
	long := strings.Repeat("a", 64)
	each, one, path := parse(t, "https://*.docs.example.com"), parse(t, "http://docs.example.com:8080/"), origin.Beside("https://hub.example.com")
	for _, c := range []struct {
		name string
		o    origin.Origins
		p    origin.Place
		want string
		own  bool
	}{
		{"an origin each", each, place("", "plug_cowboy"), "https://plug-cowboy.docs.example.com", true},
		{"of a private package", each, place("my_org", "plug_cowboy"), "https://my-org--plug-cowboy.docs.example.com", true},
		{"a name that could be a private one's", each, place("", "acme__plug"), "https://docs.example.com/acme__plug", false},
		{"a name that no label ends like", each, place("", "plug_"), "https://docs.example.com/plug_", false},
		{"a name too long for a label", each, place("", long), "https://docs.example.com/" + long, false},
		{"an organization that no label begins like", each, place("_acme", "plug"), "https://docs.example.com/@_acme/plug", false},
		{"one origin for all", one, place("", "plug"), "http://docs.example.com:8080/plug", false},
		{"private on it", one, place("acme", "plug"), "http://docs.example.com:8080/@acme/plug", false},
		{"a path of the site", path, place("", "plug"), "https://hub.example.com/docs-view/plug", false},
		{"this machine", origin.Beside("http://127.0.0.1:4000"), place("", "plug"), "http://plug.docs.localhost:4000", true},
		{"this machine by name", origin.Beside("http://localhost"), place("", "plug"), "http://plug.docs.localhost", true},
	} {
		if got := c.o.Base(c.p); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if own, ok := c.o.Own(c.p); ok != c.own || ok && own != c.want {
			t.Errorf("%s: own origin %q, %v", c.name, own, ok)
		}
		if at := c.o.Origin(c.p); !strings.HasPrefix(c.want, at) || strings.Count(at, "/") != 2 {
			t.Errorf("%s: its origin is %s", c.name, at)
		}
	}
}

// An address leads back to the package that has it, and no two packages share one.
func TestNoTwoPackagesShareAnOrigin(t *testing.T) {
	o := parse(t, "https://*.docs.example.com")
	taken := map[string]origin.Place{}
	rapid.Check(t, func(t *rapid.T) {
		p := place(rapid.StringMatching(`|[a-c0_]{3,6}`).Draw(t, "repository"), rapid.StringMatching(`[a-c][a-c0_]{1,9}`).Draw(t, "name"))
		base := o.Base(p)
		if other, ok := taken[base]; ok && other != p {
			t.Fatalf("%v and %v are both at %s", p, other, base)
		}
		taken[base] = p
		host, path, _ := strings.Cut(strings.TrimPrefix(base, "https://"), "/")
		if path != "" {
			path = "/" + path
		}
		got, rest, ok := o.Of(host, path+"/1.0.0/index.html")
		if !o.Serves(host) || !ok || got != p || rest != "/1.0.0/index.html" {
			t.Fatalf("%s is %v and %q, %v; want %v", base, got, rest, ok, p)
		}
	})
}

func TestForeignAddressesAreNobodys(t *testing.T) {
	o := parse(t, "https://*.docs.example.com")
	for _, host := range []string{"example.com", "evildocs.example.com", "docs.example.com.evil.org", "hub.example.com", ""} {
		if o.Serves(host) {
			t.Errorf("%q is taken for a host of documentation", host)
		}
	}
	for _, host := range []string{"PLUG.docs.example.com:443", "docs.example.com.", "plug.docs.example.com."} {
		if !o.Serves(host) {
			t.Errorf("%q is not taken for a host of documentation", host)
		}
	}
	for _, at := range [][2]string{
		{"a.b.docs.example.com", "/"},
		{"-plug.docs.example.com", "/"},
		{"plug_cowboy.docs.example.com", "/"},
		{"acme--a--b.docs.example.com", "/"},
		{"1plug.docs.example.com", "/"},
		{"docs.example.com", "/"},
		{"docs.example.com", ""},
		{"docs.example.com", "/@acme"},
		{"docs.example.com", "/@ACME/plug"},
		{"docs.example.com", "/Plug"},
		{"docs.example.com", "/plug%2f"},
	} {
		if p, _, ok := o.Of(at[0], at[1]); ok {
			t.Errorf("%v is of %v", at, p)
		}
	}
	if origin.Beside("https://hub.example.com").Serves("hub.example.com") {
		t.Error("the site's own host is taken for one of documentation")
	}
}

// W6: what is read as an address of documentation is one, to the port and the letter.
func TestW6OnlyOurAddressesAreRead(t *testing.T) {
	each, path := parse(t, "https://*.docs.example.com:8443"), origin.Beside("https://hub.example.com")
	for _, c := range []struct {
		o       origin.Origins
		address string
		rest    string
		p       origin.Place
		ok      bool
	}{
		{each, "https://acme--plug.docs.example.com:8443/1.0/a%2Fb.html?q=1", "/1.0/a%2Fb.html", place("acme", "plug"), true},
		{each, "https://DOCS.example.com:8443/@acme/plug", "", place("acme", "plug"), true},
		{each, "http://acme--plug.docs.example.com:8443/", "", origin.Place{}, false},
		{each, "https://acme--plug.docs.example.com/", "", origin.Place{}, false},
		{each, "https://joe@acme--plug.docs.example.com:8443/", "", origin.Place{}, false},
		{each, "https://acme--plug.docs.example.com.evil.org:8443/", "", origin.Place{}, false},
		{each, "https://evil.org/acme--plug.docs.example.com:8443/", "", origin.Place{}, false},
		{each, "https:acme--plug.docs.example.com:8443/", "", origin.Place{}, false},
		{each, "//acme--plug.docs.example.com:8443/", "", origin.Place{}, false},
		{each, "javascript:alert(1)", "", origin.Place{}, false},
		{path, "https://hub.example.com/docs-view/@acme/plug/1.0/", "/1.0/", place("acme", "plug"), true},
		{path, "https://hub.example.com/docs-viewer/@acme/plug/", "", origin.Place{}, false},
		{path, "https://hub.example.com/@acme/plug/1.0/", "", origin.Place{}, false},
		{path, "https://evil.org/docs-view/@acme/plug/", "", origin.Place{}, false},
	} {
		u, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if p, rest, ok := c.o.Read(u); p != c.p || rest != c.rest || ok != c.ok {
			t.Errorf("%s is of %v and %q, %v", c.address, p, rest, ok)
		}
	}
}

func TestSettingsThatAreNone(t *testing.T) {
	for _, text := range []string{
		"", "docs.example.com", "*.docs.example.com", "ftp://docs.example.com", "https://", "https://*.", "https://docs.*.com", "https://docs.example.com/x",
		"https://u@docs.example.com", "https://*.127.0.0.1", "https://docs.example.com?x", "https://*.*.example.com",
	} {
		if o, err := origin.Parse(text); err == nil {
			t.Errorf("%q is taken for %v", text, o)
		}
	}
	for _, text := range []string{"https://*.docs.example.com", "http://docs.example.com:81"} {
		if got := parse(t, text).String(); got != text {
			t.Errorf("%q is written %q", text, got)
		}
	}
}
