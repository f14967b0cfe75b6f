package name

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// kinds lets one test treat the three types alike.
var kinds = []struct {
	name    string
	max     int
	parse   func(string) (string, error)
	pattern *regexp.Regexp // of the specification, after lower-casing
}{
	{"package", 128, func(s string) (string, error) { p, err := ParsePackage(s); return p.String(), err }, regexp.MustCompile(`^[a-z][a-z0-9_]*$`)},
	{"repository", 64, func(s string) (string, error) { r, err := ParseRepository(s); return r.String(), err }, regexp.MustCompile(`^[a-z0-9_]+$`)},
	{"user", 64, func(s string) (string, error) { u, err := ParseUser(s); return u.String(), err }, regexp.MustCompile(`^[a-z0-9_\-\.]+$`)},
}

const (
	blank  = "can't be blank"
	min2   = "should be at least 2 character(s)"
	min3   = "should be at least 3 character(s)"
	max64  = "should be at most 64 character(s)"
	max128 = "should be at most 128 character(s)"
	format = "has invalid format"
)

func TestParse(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	// A want without blanks is the name, one with blanks the error.
	tests := []struct{ name, in, pkg, repo, user string }{
		{"word", "jason", "jason", "jason", "jason"},
		{"underscores and digits", "plug_cowboy_2", "plug_cowboy_2", "plug_cowboy_2", "plug_cowboy_2"},
		{"underscore last", "a__", "a__", "a__", "a__"},
		{"two letters", "ex", "ex", min3, min3},
		{"one letter", "e", min2, min3, min3},
		{"empty", "", blank, blank, blank},
		{"blanks", " \t\n", blank, blank, blank},
		{"digit first", "2fa", format, "2fa", "2fa"},
		{"underscore first", "_abc", format, "_abc", "_abc"},
		{"capital", "Phoenix", format, "phoenix", "phoenix"},
		{"hyphen", "jose-valim", format, format, "jose-valim"},
		{"dot", "jose.valim", format, format, "jose.valim"},
		{"longest repository", long(64), long(64), long(64), long(64)},
		{"too long for a repository", long(65), long(65), max64, max64},
		{"longest package", long(128), long(128), max64, max64},
		{"too long for a package", long(129), max128, max64, max64},
		{"a megabyte", long(1 << 20), max128, max64, max64},
		{"blank inside", "a b", format, format, format},
		{"blank around", " abc ", format, format, format},
		{"reserved are names", "hexpm", "hexpm", "hexpm", "hexpm"},

		{"T34 path", "../../x", format, format, format},
		{"T34 slash", "abc/def", format, format, format},
		{"T34 backslash", `abc\def`, format, format, format},
		{"T34 escaped slash", "abc%2fdef", format, format, format},
		{"T34 Cyrillic а", "jаson", format, format, format},
		{"T34 full-width", "ｊａｓｏｎ", format, format, format},
		{"T34 combining accent", "jason\u0301", format, format, format},
		{"T34 dotless i", "plugın", format, format, format},
		{"T34 zero width", "ja\u200bson", format, format, format},
		{"T34 right to left", "\u202ejason", format, format, format},
		{"T34 Arabic digits", "abc١٢٣", format, format, format},
		{"T34 not UTF-8", "jas\xffon", format, format, format},
		{"T34 new line at the end", "jason\n", format, format, format},
		{"T34 NUL", "jason\x00", format, format, format},
		{"W16 Kelvin sign folds to k", "\u212Aernel", format, format, format},
		{"W16 dotted capital I", "\u0130nfo", format, format, format},
		{"W16 long s", "a\u017Fk", format, format, format},
		{"W16 sharp s", "stra\u00dfe", format, format, format},
		{"W16 capitals are one name", "ACME", format, "acme", "acme"},
		{"W17 escape", "abc\x1b[31m", format, format, format},
		{"W5 header", "abc\r\nset-cookie: a=b", format, format, format},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for i, want := range []string{test.pkg, test.repo, test.user} {
				got, err := kinds[i].parse(test.in)
				if err != nil {
					if got != "" {
						t.Errorf("%s: an error, and yet the name %q", kinds[i].name, got)
					}
					got = err.Error()
				}
				if got != want {
					t.Errorf("%s %.80q: %.80q, want %.80q", kinds[i].name, test.in, got, want)
				}
			}
		})
	}
}

func TestParseFollowsPattern(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := rapid.StringMatching(`[a-z0-9_.A-Zé -]{3,12}`).Draw(t, "s")
				folded := s
				if kind.name != "package" {
					folded = lower(s)
				}
				want := kind.pattern.MatchString(folded)
				got, err := kind.parse(s)
				if (err == nil) != want || want && got != folded {
					t.Fatalf("%q is %q, %v; the pattern says %v", s, got, err, want)
				}
			})
		})
	}
}

func TestReserved(t *testing.T) {
	tests := []struct {
		name           string
		pkg, org, user bool
	}{
		{"jason", false, false, false},
		{"hexpm", true, true, true},
		{"elixir", true, true, true},
		{"otp", true, true, true},
		{"hex", true, true, true},
		{"kernel", true, true, false},
		{"rebar3", true, true, false},
		{"mix_hex", true, true, false},
		{"static", true, true, false},
		{"phoenix", false, false, false},
		{"acme", false, false, false}, // hex.pm keeps these two for its own documentation
		// Windows opens a device whatever directory and extension it is given.
		{"con", true, true, false},
		{"nul", true, true, false},
		{"com1", true, true, false},
		{"lpt9", true, true, false},
	}
	for _, test := range tests {
		checkReserved(t, test.name, test.pkg, test.org, test.user)
	}
	for _, attack := range []struct {
		name string
		pkg  bool
	}{{"hexpm", true}, {"repos", false}, {"packages", false}, {"tarballs", false}, {"api", true}, {"docs", true}} {
		t.Run("Z8 organization named "+attack.name, func(t *testing.T) {
			checkReserved(t, attack.name, attack.pkg, true, true)
			checkReserved(t, strings.ToUpper(attack.name[:1])+attack.name[1:], attack.pkg, true, true)
		})
	}
	if !ReservedPackage(MustPackage("et")) || !ReservedPackage(MustPackage("wx")) {
		t.Error("packages of two letters are free")
	}
}

func checkReserved(t *testing.T, s string, pkg, org, user bool) {
	t.Helper()
	if got := ReservedPackage(MustPackage(lower(s))); got != pkg {
		t.Errorf("package %s reserved: %v", s, got)
	}
	if got := ReservedOrganization(MustRepository(s)); got != org {
		t.Errorf("organization %s reserved: %v", s, got)
	}
	if got := ReservedUser(MustUser(s)); got != user {
		t.Errorf("user %s reserved: %v", s, got)
	}
}

// A reserved name that is no name would guard nothing: a slip of the pen.
func TestReservedNamesAreNames(t *testing.T) {
	for n := range reservedPackages {
		if _, err := ParsePackage(n); err != nil {
			t.Errorf("package %q %v", n, err)
		}
	}
	for _, names := range []map[string]bool{reservedPaths} {
		for n := range names {
			if _, err := ParseRepository(n); err != nil {
				t.Errorf("repository %q %v", n, err)
			}
		}
	}
	if len(reservedPackages) != 104 {
		t.Errorf("%d packages are reserved, hex.pm reserves 104", len(reservedPackages))
	}
}

func TestTextRoundTrip(t *testing.T) {
	type row struct {
		Package    Package         `json:"package"`
		Repository Repository      `json:"repository"`
		Owners     map[User]string `json:"owners"`
		Missing    User            `json:"missing"`
		Gone       Package         `json:"gone,omitzero"`
	}
	const text = `{"package":"jason","repository":"hexpm","owners":{"jose.valim":"full"},"missing":""}`
	var r row
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if r.Package != MustPackage("jason") || r.Repository != MustRepository("hexpm") || r.Owners[MustUser("jose.valim")] != "full" {
		t.Errorf("read %+v", r)
	}
	if got, err := json.Marshal(r); err != nil || string(got) != text {
		t.Errorf("wrote %s, %v, want %s", got, err, text)
	}
	for bad, want := range map[string]string{
		`{"package":"../x"}`:     `package name "../x" has invalid format`,
		`{"repository":"ab"}`:    `repository name "ab" should be at least 3 character(s)`,
		`{"owners":{"a b c":1}}`: `user name "a b c" has invalid format`,
	} {
		if err := json.Unmarshal([]byte(bad), new(row)); err == nil || err.Error() != want {
			t.Errorf("read %s: %v, want %s", bad, err, want)
		}
	}
}

func TestMustPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"package":    func() { MustPackage("../x") },
		"repository": func() { MustRepository("../x") },
		"user":       func() { MustUser("../x") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"jason", "plug_cowboy", "2fa", "Jose.Valim", "../../x", "jаson", "\u212Aernel", "jason\n", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, kind := range kinds {
			got, err := kind.parse(s)
			if err != nil {
				if got != "" {
					t.Fatalf("%s %q: %q and %v", kind.name, s, got, err)
				}
				continue
			}
			if !kind.pattern.MatchString(got) || len(got) > kind.max || !strings.EqualFold(got, s) || len(got) != len(s) {
				t.Fatalf("%s %q is accepted as %q", kind.name, s, got)
			}
			if again, err := kind.parse(got); err != nil || again != got {
				t.Fatalf("%s %q is %q, which is %q, %v", kind.name, s, got, again, err)
			}
		}
	})
}
