package packages

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// parts are those of a path, of which none is empty.
func parts(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// joined is a path of the parts that are not empty.
func joined(parts ...string) string {
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, "/")
}

// What is read of an address is the whole of it: no two addresses that are not the same name the same.
func FuzzAddress(f *testing.F) {
	for _, path := range []string{"decimal", "guild/vault/1.0.0/files/lib/a.ex", "decimal/1.0.0/files/files/1.0.0", "versions/versions", "1.0.0/files/files", "guild/vault/llms.txt"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p := parts(path)
		if len(p) == 0 {
			return
		}
		if a, ok := parseAddress(p); ok {
			if got := joined(a.Repository, a.Name, a.Version, a.Tab, a.Path); got != joined(p...) {
				t.Errorf("%q is read as %+v", p, a)
			}
			if a.Name == "" || a.Version != "" && !isVersion(a.Version) || a.Path != "" && a.Tab != "files" {
				t.Errorf("%q names %+v", p, a)
			}
		}
	})
}

// The same of an address that names two versions.
func FuzzCompared(f *testing.F) {
	for _, path := range []string{"decimal", "guild/vault/1.0.0..1.1.0", "decimal/1.0.0..", "a/1.0.0...2.0.0", "1.0.0..2.0.0"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p := parts(path)
		if len(p) == 0 {
			return
		}
		if c, ok := parseCompared(p); ok {
			versions := ""
			if c.Ranged {
				versions = c.Old + ".." + c.New
			}
			if got := joined(c.Repository, c.Name, versions); got != joined(p...) || c.Name == "" {
				t.Errorf("%q is read as %+v", p, c)
			}
		}
	})
}

// The same of an upgrade as mix writes it. That the newest is meant may be said by a colon, and the default repository by a
// slash.
func FuzzUpgrade(f *testing.F) {
	for _, text := range []string{"decimal:1.0.0:1.1.0", "guild/vault:1.0.0", "a:1.0.0:", "/a:1:2", "a/b/c:1:2", ":::"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := parseUpgrade(text)
		if !ok {
			return
		}
		got := c.Name + ":" + c.Old
		if c.Repository != "" {
			got = c.Repository + "/" + got
		}
		if c.New != "" {
			got += ":" + c.New
		}
		if got != text && got+":" != text && "/"+got != text && "/"+got+":" != text {
			t.Errorf("%q is read as %+v", text, c)
		}
	})
}

var toLines = regexp.MustCompile(`^/packages/[^?#]*/files/a%20%3Fb\.ex\?(page=[0-9]+&)?view=code#L[0-9]+(-L[0-9]+)?$`)

// Whatever line is asked for, one is led to a line of that file or told that there is none.
func FuzzGoToLine(f *testing.F) {
	for _, text := range []string{"10", "L10-L20", "10-5", "-1", "99999999999999999999", " 7 - 9 ", "+3", "9223372036854775807", "1#L2", "L"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, w := &subject{File: "a ?b.ex"}, httptest.NewRecorder()
		if s.goToLine(w, text) != nil {
			return
		}
		to := w.Header().Get("Location")
		if _, err := url.Parse(to); err != nil || w.Code != http.StatusSeeOther || !toLines.MatchString(to) {
			t.Errorf("%q leads to %d %q", text, w.Code, to)
		}
	})
}
