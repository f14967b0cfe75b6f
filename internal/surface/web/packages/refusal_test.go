package packages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/catalog"
)

// A form with what is written in it, and what is said of it.
type filled map[string]string

func (f filled) values() url.Values {
	v := url.Values{}
	for key, value := range f {
		v.Set(key, value)
	}
	return v
}

// Whatever a form of owners asks that may not be, is refused beside its field; what was typed is there still, and
// nothing has changed.
func TestOwnersFormSaysWhatItRefuses(t *testing.T) {
	for what, c := range map[string]struct {
		form filled
		says string
	}{
		"nobody":                       {filled{"deed": "add", "username": "ghost", "level": "full"}, "is nobody's here"},
		"no name":                      {filled{"deed": "add", "username": "", "level": "full"}, "is nobody's here"},
		"no such level":                {filled{"deed": "add", "username": "eva", "level": "emperor"}, "is invalid"},
		"an organization as one owner": {filled{"deed": "add", "username": "guild", "level": "full"}, "is nobody's here"},
		"the last full owner as less":  {filled{"deed": "level", "username": "jose", "level": "maintainer"}, "cannot demote the last full owner"},
		"the last full owner":          {filled{"deed": "remove", "username": "jose"}, "cannot remove the last full owner"},
		"who is no owner":              {filled{"deed": "remove", "username": "eva"}, "is not an owner"},
	} {
		t.Run(what, func(t *testing.T) {
			s := newSite(t)
			p := s.page(http.StatusUnprocessableEntity, "/packages/decimal/owners", visit{as: "jose", method: http.MethodPost, form: c.form.values()})
			if got := words(p.one(t, "main", "", "")); !strings.Contains(got, c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, got)
			}
			if c.form["deed"] == "add" && attr(p.one(t, "input", "id", "username"), "value") != c.form["username"] {
				t.Error("what was typed is lost")
			}
			if o := s.decimal(t).Owners; len(o) != 2 || o[0].Level != access.Full || o[1].Level != access.Maintainer {
				t.Errorf("the owners are %v", o)
			}
		})
	}
}

func TestSettingsFormSaysWhatItRefuses(t *testing.T) {
	for what, c := range map[string]struct {
		form filled
		says string
	}{
		"to retire with a short message":      {filled{"deed": "retire", "version": "1.2.0", "reason": "security", "message": "no"}, "should be at least 3 character"},
		"to retire with a long message":       {filled{"deed": "retire", "version": "1.2.0", "reason": "security", "message": strings.Repeat("x", 141)}, "should be at most 140 character"},
		"to retire for no reason of Hex":      {filled{"deed": "retire", "version": "1.2.0", "reason": "boredom", "message": "I am bored."}, "is invalid"},
		"to retire what is no version":        {filled{"deed": "retire", "version": "one", "reason": "other", "message": "Use 2.0."}, "is none of this package"},
		"to take back what is no version":     {filled{"deed": "revert", "version": "one"}, "is none of this package"},
		"to give away without its name":       {filled{"deed": "transfer", "username": "eva", "confirm": ""}, "is not decimal"},
		"to give away with another name":      {filled{"deed": "transfer", "username": "eva", "confirm": "jason"}, "is not decimal"},
		"to give away to nobody":              {filled{"deed": "transfer", "username": "ghost", "confirm": "decimal"}, "is nobody's here"},
		"to give away to others' association": {filled{"deed": "transfer", "username": "guild", "confirm": "decimal"}, "is nobody's here"},
	} {
		t.Run(what, func(t *testing.T) {
			s := newSite(t)
			p := s.page(http.StatusUnprocessableEntity, "/packages/decimal/settings", visit{as: "jose", method: http.MethodPost, form: c.form.values()})
			if got := words(p.one(t, "main", "", "")); !strings.Contains(got, c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, got)
			}
			if typed := c.form["message"]; typed != "" && attr(p.one(t, "input", "id", "retire-message"), "value") != typed {
				t.Error("what was typed is lost")
			}
			if o := s.decimal(t).Owners; len(o) != 2 || s.retired(t, "1.2.0") {
				t.Errorf("something has changed: owners %v, retired %v", o, s.retired(t, "1.2.0"))
			}
		})
	}
}

// Who may not do a thing has no form for it, and one that he makes himself is refused.
func TestFormsAreForThoseWhoMay(t *testing.T) {
	for what, c := range map[string]struct {
		as, path string
		form     filled
		status   int
	}{
		"a maintainer manages owners":        {"sam", "/owners", filled{"deed": "remove", "username": "jose"}, http.StatusForbidden},
		"a maintainer gives it away":         {"sam", "/settings", filled{"deed": "transfer", "username": "sam", "confirm": "decimal"}, http.StatusForbidden},
		"somebody else retires":              {"eva", "/settings", filled{"deed": "retire", "version": "1.2.0", "reason": "other", "message": "No good."}, http.StatusForbidden},
		"a deed that there is not":           {"jose", "/settings", filled{"deed": "explode"}, http.StatusNotFound},
		"a form to a page that has none":     {"jose", "/versions", filled{"deed": "retire"}, http.StatusNotFound},
		"a form to a version instead of all": {"jose", "/1.2.0/settings", filled{"deed": "retire", "version": "1.2.0"}, http.StatusNotFound},
	} {
		t.Run(what, func(t *testing.T) {
			s := newSite(t)
			s.page(c.status, "/packages/decimal"+c.path, visit{as: c.as, method: http.MethodPost, form: c.form.values()})
			if o := s.decimal(t).Owners; len(o) != 2 || s.retired(t, "1.2.0") {
				t.Errorf("something has changed: owners %v", o)
			}
		})
	}
}

func (s *site) decimal(t *testing.T) catalog.Package {
	t.Helper()
	p, ok := catalog.Get(s.db.View(), catalog.Ref{Repository: name.MustRepository("hub"), Name: name.MustPackage("decimal")})
	if !ok {
		t.Fatal("the package is gone")
	}
	return p
}

func (s *site) retired(t *testing.T, ver string) bool {
	t.Helper()
	for _, r := range catalog.Releases(s.db.View(), s.decimal(t).Ref()) {
		if r.Version == version.MustParse(ver) {
			return r.Retirement != nil
		}
	}
	t.Fatalf("there is no version %s", ver)
	return false
}
