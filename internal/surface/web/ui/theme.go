package ui

import (
	"cmp"
	"net/http"
	"time"
)

// A Theme is how bright pages are. Browsers keep the choice in a cookie, and the page is sent in it, so that it
// needs no script and never flashes.
type Theme string

// The themes.
const (
	System Theme = "system" // as the visitor's system is
	Light  Theme = "light"
	Dark   Theme = "dark"
)

const themeCookie = "hexhub-theme"

// Name is the style sheet's for it, and empty for that of the system.
func (t Theme) Name() string {
	switch t {
	case Light:
		return "comb"
	case Dark:
		return "comb-dark"
	default:
		return ""
	}
}

func (t Theme) next() Theme {
	switch t {
	case Light:
		return Dark
	case Dark:
		return System
	default:
		return Light
	}
}

func (t Theme) words() string {
	if t == System {
		return "as your system"
	}
	return string(t)
}

func (t Theme) icon() string {
	switch t {
	case Light:
		return "sun"
	case Dark:
		return "moon"
	default:
		return "monitor"
	}
}

// Theme is how bright the visitor who asks has the site.
func (u *Web) Theme(r *http.Request) Theme {
	if t := Theme(u.Cookie(r, themeCookie)); t == Light || t == Dark {
		return t
	}
	return System
}

// setTheme keeps the visitor's choice, and leads back to the page where he made it.
func (u *Web) setTheme(w http.ResponseWriter, r *http.Request) error {
	form, err := ReadForm(w, r)
	if err != nil {
		return err
	}
	if t := Theme(form.Get("theme")); t == Light || t == Dark {
		u.SetCookie(w, themeCookie, string(t), 365*24*time.Hour)
	} else {
		u.DropCookie(w, themeCookie)
	}
	w.Header().Set("Location", cmp.Or(Local(form.Get("return")), "/"))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
