package ui

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hexhub/internal/surface/call"
)

// SessionCookie holds the secret of a browser's session and nothing else.
const SessionCookie = "hexhub"

// SetCookie gives the browser a value to send back: to this host alone, never to scripts, and not with
// what other sites send. It lasts for age; if that is zero, until the browser is closed.
func (u *Web) SetCookie(w http.ResponseWriter, name, value string, age time.Duration) {
	http.SetCookie(w, u.cookie(name, value, int(age.Seconds())))
}

// DropCookie makes the browser forget a value.
func (u *Web) DropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, u.cookie(name, "", -1))
}

// SetSession gives the browser the secret of its session, and lets the page that answers r know already who
// is logged in.
func (u *Web) SetSession(w http.ResponseWriter, r *http.Request, secret string, until time.Time) {
	u.SetCookie(w, SessionCookie, secret, time.Until(until))
	others := r.Cookies()
	r.Header.Del("Cookie")
	for _, c := range others {
		if c.Name != u.cookieName(SessionCookie) {
			r.AddCookie(c)
		}
	}
	r.AddCookie(&http.Cookie{Name: u.cookieName(SessionCookie), Value: secret})
}

// Cookie returns the value that the browser sent, or nothing.
func (u *Web) Cookie(r *http.Request, name string) string {
	c, err := r.Cookie(u.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

func (u *Web) cookie(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: u.cookieName(name), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: u.https(), SameSite: http.SameSiteLaxMode,
	}
}

// cookieName is such that, over HTTPS, browsers take the cookie from this very host only. Where the site
// is served without, they would take none of that name.
func (u *Web) cookieName(name string) string {
	if u.https() {
		return "__Host-" + name
	}
	return name
}

func (u *Web) https() bool { return strings.HasPrefix(u.o.URL, "https:") }

// Words adds to what Flash can say, by keys.
func (u *Web) Words(words map[string]string) { maps.Copy(u.words, words) }

// tellRevision lets the browser of somebody who is logged in by now say with its next request what it has seen
// here: to this host alone, and until the other nodes have surely seen it as well. Others are not told: whether
// there was something to change, such as somebody to mail to, is not for them to know.
func (u *Web) tellRevision(w http.ResponseWriter, r *http.Request) {
	if u.o.DB == nil || u.Cookie(r, SessionCookie) == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: call.RevisionCookie, Value: strconv.FormatInt(int64(u.o.DB.Revision()), 10), Path: "/", MaxAge: 60,
		HttpOnly: true, Secure: u.https(), SameSite: http.SameSiteLaxMode,
	})
}

// Flash makes the next page say the words with the key. The browser carries the key and not the words,
// so that nobody can put his own there.
func (u *Web) Flash(w http.ResponseWriter, key string) {
	u.SetCookie(w, call.FlashCookie, key, time.Minute)
}

// takeFlash returns the words to say now, which will not be said again.
func (u *Web) takeFlash(w http.ResponseWriter, r *http.Request) string {
	key := u.Cookie(r, call.FlashCookie)
	if key == "" {
		return ""
	}
	u.DropCookie(w, call.FlashCookie)
	return u.words[key]
}
