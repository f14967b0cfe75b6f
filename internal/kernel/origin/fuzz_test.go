package origin

import (
	"net/url"
	"strings"
	"testing"
)

// forms are the three in which documentation can be shown.
func forms(f *testing.F) (all []Origins) {
	f.Helper()
	for _, text := range []string{"https://*.docs.example.com", "http://docs.example.com:8080"} {
		o, err := Parse(text)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, o)
	}
	return append(all, Beside("https://hub.example.com"))
}

// FuzzOf: a request is for a package whose address leads back to it, or for none.
func FuzzOf(f *testing.F) {
	for _, c := range [][2]string{
		{"plug.docs.example.com", "/1.0.0/"},
		{"acme--plug-cowboy.docs.example.com:443", "/"},
		{"docs.example.com", "/@acme/plug/x"},
		{"docs.example.com", "/@acme"},
		{"hub.example.com", "/plug_"},
		{"PLUG.docs.example.com.", ""},
		{"-.docs.example.com", "//"},
		{"a.b.docs.example.com", "/@/"},
		{"a---b.docs.example.com", "/@a/b/../c"},
	} {
		f.Add(c[0], c[1])
	}
	all := forms(f)
	f.Fuzz(func(t *testing.T, host, path string) {
		for _, o := range all {
			p, rest, ok := o.Of(host, path)
			if !ok {
				continue
			}
			if !strings.HasSuffix(path, rest) || rest != "" && len(rest) < len(path) && rest[0] != '/' {
				t.Errorf("%s: behind %q is %q", o, path, rest)
			}
			u, err := url.Parse(o.Base(p) + "/x")
			if err != nil {
				t.Fatalf("%s: %q is at %q: %v", o, p, o.Base(p), err)
			}
			if again, behind, ok := o.Read(u); !ok || again != p || behind != "/x" {
				t.Errorf("%s: %q %q is %q, whose address %s is of %q, behind it %q, %t", o, host, path, p, u, again, behind, ok)
			}
		}
	})
}

// FuzzRead: an address is of a package only if it is one of documentation, and no other package has it.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"https://plug.docs.example.com/1.0.0/", "http://docs.example.com:8080/@acme/plug", "https://hub.example.com/docs-view/plug/a%2fb", "https://user@plug.docs.example.com/",
		"https://plug.docs.example.com.evil.example/", "https://evil.example/docs-view/plug", "https:plug.docs.example.com", "//plug.docs.example.com/", "https://hub.example.com/docs-viewplug",
		"https://hub.example.com/docs-view/%2e%2e/plug", `https://hub.example.com\@evil.example/docs-view/plug`,
	} {
		f.Add(text)
	}
	all := forms(f)
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		for _, o := range all {
			p, rest, ok := o.Read(u)
			if !ok {
				continue
			}
			at := strings.ToLower(u.Host)
			if u.Scheme != o.scheme || u.User != nil || at != o.host && !(o.star && strings.HasSuffix(at, "."+o.host)) {
				t.Errorf("%s: %q is of %q", o, text, p)
			}
			if _, own := o.Own(p); own && at != o.host && o.scheme+"://"+at != o.Origin(p) {
				t.Errorf("%s: %q is of %q, whose origin is %s", o, text, p, o.Origin(p))
			}
			if !strings.HasSuffix(u.EscapedPath(), rest) {
				t.Errorf("%s: behind %q is %q", o, text, rest)
			}
		}
	})
}

// FuzzPlaceOf: no two packages have one label, and what has none has no label.
func FuzzPlaceOf(f *testing.F) {
	for _, label := range []string{"plug", "plug-cowboy", "acme--plug", "a--b--c", "-plug", "plug-", "plug_x", "--", "PLUG", strings.Repeat("a", 64)} {
		f.Add(label)
	}
	f.Fuzz(func(t *testing.T, label string) {
		p, ok := placeOf(label)
		if again, has := p.label(); ok && (!has || again != label) {
			t.Errorf("%q is of %q, whose label is %q, %t", label, p, again, has)
		}
		if ok && (len(label) > mostLabel || strings.ContainsAny(label, "._/:")) {
			t.Errorf("%q is a label", label)
		}
	})
}

// FuzzSplit: a path is that of a package and what is behind it, and nothing is lost between the two.
func FuzzSplit(f *testing.F) {
	for _, path := range []string{"/plug", "/plug/", "/@acme/plug/1.0.0/", "/@acme//plug", "//plug", "/@ACME/plug", "/@acme/plug%2fx", "/plug/../x", ""} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if p, rest, ok := split(path); ok && p.path()+rest != path {
			t.Errorf("%q is %q and %q", path, p, rest)
		}
	})
}
