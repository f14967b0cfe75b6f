package ui_test

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/org"
	"hexhub/internal/hubtest"
	"hexhub/internal/surface/web/live"
	"hexhub/internal/surface/web/ui"
)

// A site has a page about each organization that its members alone may see, and one that everybody may.
type site struct {
	*hubtest.Hub
	t      *testing.T
	server *httptest.Server
	made   atomic.Int32
}

var by = audit.By{Username: "test"}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Hub: hubtest.World(t, "user eva\nuser tom\nuser joe\norg guild admin=eva read=tom\n"), t: t}
	web := ui.New(ui.Options{
		Repository: "hexhub", Log: slog.New(slog.DiscardHandler), DB: s.DB, Open: s.Accounts.Open, Live: live.Options{Most: 100},
	})
	show := func(w http.ResponseWriter, r *http.Request, o org.Organization) error {
		return web.Show(w, http.StatusOK, s.page(web.Page(w, r, "Members"), fmt.Sprint(len(o.Members), " members")))
	}
	web.Handle("GET /orgs/{org}", func(w http.ResponseWriter, r *http.Request) error {
		n, v := name.MustRepository(r.PathValue("org")), web.View(r)
		if err := access.MaySee(v, web.Actor(r), org.Read, n); err != nil {
			return err
		}
		o, _ := org.Organizations.Get(v, n.String())
		return show(w, r, o)
	})
	web.Handle("GET /members", func(w http.ResponseWriter, r *http.Request) error {
		o, _ := org.Organizations.Get(s.DB.View(), "guild") // not told to anybody
		return show(w, r, o)
	})
	web.Handle("GET /counted", func(w http.ResponseWriter, r *http.Request) error {
		s.made.Add(1)
		o, _ := org.Organizations.Get(web.View(r), "guild")
		return show(w, r, o)
	})
	kept := s.DB.View()
	before, _ := org.Organizations.Get(kept, "guild")
	kept.Close()
	web.Handle("GET /kept", func(w http.ResponseWriter, r *http.Request) error {
		ui.Saw(r, kept)
		o := before
		if kept.Stale() {
			o, _ = org.Organizations.Get(web.View(r), "guild")
		}
		return show(w, r, o)
	})
	web.Handle("GET /clock", func(w http.ResponseWriter, r *http.Request) error {
		ui.Again(r, time.Millisecond)
		return web.Show(w, http.StatusOK, s.page(web.Page(w, r, "Clock"), fmt.Sprint(s.made.Add(1), " members")))
	})
	s.server = httptest.NewServer(web)
	t.Cleanup(s.server.Close)
	t.Cleanup(web.Close)
	return s
}

// page has a live piece with another in it, and one after.
func (s *site) page(p ui.Page, text string) templ.Component {
	in := func(c templ.Component, children ...templ.Component) templ.Component {
		return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
		})
	}
	return in(p.Frame(),
		in(ui.Live("members"), in(ui.LiveAs("b", "inner", "tabular"), templ.Raw(text))),
		in(ui.LiveAs("p", "rest", ""), templ.Raw("rest")))
}

func (s *site) login(user string) (account.Session, string) {
	s.t.Helper()
	u, _ := account.ByLogin(s.DB.View(), user)
	session, secret, err := s.Accounts.StartSession(s.t.Context(), by, u.ID, "127.0.0.1", "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return session, secret
}

// A stream is a page that is open.
type stream struct {
	t      *testing.T
	status int
	body   *bufio.Reader
	header http.Header
}

// open opens a page live, with more headers.
func (s *site) open(path, secret string, more ...string) *stream {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if secret != "" {
		r.AddCookie(&http.Cookie{Name: ui.SessionCookie, Value: secret})
	}
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	return &stream{s.t, res.StatusCode, bufio.NewReader(res.Body), res.Header}
}

// next waits for the next event and returns it on one line.
func (s *stream) next() string {
	s.t.Helper()
	var event []string
	for {
		line, err := s.body.ReadString('\n')
		if err != nil {
			return cmp.Or(strings.Join(event, "|"), err.Error())
		}
		if line = strings.TrimSpace(line); line != "" {
			event = append(event, line)
		} else if len(event) > 0 {
			return strings.Join(event, "|")
		}
	}
}

func (s *stream) expect(want ...string) {
	s.t.Helper()
	for _, w := range want {
		if got := s.next(); got != w {
			s.t.Fatalf("came %q, want %q", got, w)
		}
	}
}

// count waits for the next event, which is to tell of members, and returns of how many.
func (s *stream) count() (n int) {
	s.t.Helper()
	got := s.next()
	if _, err := fmt.Sscanf(got, told, &n); err != nil || got != members(n) {
		s.t.Fatalf("came %q, which tells of no members", got)
	}
	return n
}

const told = `event: piece|data: members|data: <b id="inner" class="tabular" data-live>%d members</b>`

func members(n int) string { return fmt.Sprintf(told, n) }

const rest = "event: piece|data: rest|data: rest"

func (s *site) remove(user string) {
	s.t.Helper()
	u, _ := account.ByLogin(s.DB.View(), user)
	if err := s.Orgs.RemoveMember(s.t.Context(), by, name.MustRepository("guild"), u.ID); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) join(user string) {
	s.t.Helper()
	if _, err := s.Orgs.AddMember(s.t.Context(), by, name.MustRepository("guild"), user, org.Read); err != nil {
		s.t.Fatal(err)
	}
}

// A page that is open is told what has changed, by the handler that made it, whether or not that tells what it reads.
func TestOpenPagesAreToldWhatChanges(t *testing.T) {
	s := newSite(t)
	_, eva := s.login("eva")
	own, all := s.open("/orgs/guild", eva), s.open("/members", "")
	own.expect(members(2), rest)
	all.expect(members(2), rest)
	s.join("joe")
	own.expect(members(3))
	all.expect(members(3))
}

// What a page took from what is kept counts, and what is in no row is looked at again after a while.
func TestOpenPagesAreToldWhatIsInNoRow(t *testing.T) {
	s := newSite(t)
	kept, clock := s.open("/kept", ""), s.open("/clock", "")
	kept.expect(members(2), rest)
	last := clock.count()
	clock.expect(rest)
	for range 2 {
		now := clock.count() // may be more than one more: what a reader did not take in time he misses
		if now <= last {
			t.Fatalf("came %d after %d", now, last)
		}
		last = now
	}
	s.join("joe")
	kept.expect(members(3))
}

// Whoever is nobody sees what all others see who are nobody: it is made once, whatever cookies their browsers hold.
func TestStrangersShareAPage(t *testing.T) {
	s := newSite(t)
	s.open("/counted", "").expect(members(2), rest)
	s.open("/counted", "an.old-session").expect(members(2), rest)
	s.open("/counted", "", "Cookie", "tracker=1").expect(members(2), rest)
	if n := s.made.Load(); n != 1 {
		t.Errorf("made %d times", n)
	}
	s.open("/counted", "", "Cookie", "hexhub-theme=dark").expect(members(2), rest)
	if n := s.made.Load(); n != 2 {
		t.Errorf("made %d times for two kinds of browsers", n)
	}
}

// C9: a stream ends with the session in which the page was opened, however that ends, and with the membership that let
// it be seen. Then the page is as absent as it always was to others.
func TestC9StreamEndsWithTheSessionOrTheMembership(t *testing.T) {
	s := newSite(t)
	for what, end := range map[string]func(account.Session) error{
		"the session is revoked": func(e account.Session) error {
			return s.Accounts.EndSession(t.Context(), by, e.UserID, e.ID)
		},
		"all sessions end": func(e account.Session) error {
			return s.Accounts.EndSessions(t.Context(), by, e.UserID, "")
		},
	} {
		session, secret := s.login("tom")
		private, public := s.open("/orgs/guild", secret), s.open("/members", secret)
		private.expect(members(2), rest)
		public.expect(members(2), rest)
		if err := end(session); err != nil {
			t.Fatal(what, err)
		}
		private.expect("event: end|data: over", "EOF")
		public.expect("event: end|data: over", "EOF")
	}
	_, secret := s.login("tom")
	still, eva := s.open("/orgs/guild", secret), s.open("/members", secret)
	still.expect(members(2), rest)
	eva.expect(members(2), rest)
	s.remove("tom")
	still.expect("event: end|data: over", "EOF")
	eva.expect(members(1))
	gone, never := s.open("/orgs/guild", secret), s.open("/orgs/nothing", secret)
	if gone.status != http.StatusNotFound || never.status != http.StatusNotFound {
		t.Errorf("afterwards %d, and what never was %d", gone.status, never.status)
	}
}

// W3: what is on a page is followed from this site alone; a proxy keeps no stream.
func TestW3StreamsAreForTheSiteItself(t *testing.T) {
	s := newSite(t)
	for from, want := range map[string]int{
		"same-origin": http.StatusOK, "same-site": http.StatusForbidden, "cross-site": http.StatusForbidden, "none": http.StatusForbidden,
	} {
		if got := s.open("/members", "", "Sec-Fetch-Site", from, "Origin", "https://evil.example"); got.status != want ||
			got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Cache-Control") != "no-store" || !strings.Contains(got.header.Get("Vary"), "Accept") {
			t.Errorf("%s: %d %v", from, got.status, got.header)
		}
	}
}
