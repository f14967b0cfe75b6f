package admin_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhub/docs"
	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/mail/mailtest"
	"hexhub/internal/feature/operator"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/setting"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/store"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/web/admin"
	"hexhub/internal/surface/web/ui"
)

const good = "four unrelated words here"

// canary is what a stranger would write if he wanted to act in an administrator's browser.
const canary = `"><svg/onload=alert(1)>`

// A world is the administration of a registry in memory.
type world struct {
	*testing.T
	site     http.Handler
	web      *ui.Web
	db       *store.DB
	accounts *account.Accounts
	orgs     *org.Orgs
	catalog  *catalog.Catalog
	mail     *mail.Mail
	report   health.Report
	examined doctor.Deps
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{},
		job.Tables, scrub.Tables, mail.Tables, limit.Tables, audit.Tables, backup.Tables, setting.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	acme := name.MustRepository("acme")
	w := &world{T: t, db: db, mail: mailtest.New(t, db)}
	w.accounts = account.New(db, account.Options{Cost: account.Cost{Memory: 8, Passes: 1, Lanes: 1}, Mail: w.mail})
	w.orgs = org.New(db, org.Options{Mail: w.mail})
	if _, err := w.orgs.EnsureDefault(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	w.catalog = catalog.New(db, catalog.Options{DefaultRepository: acme})
	w.report = health.Judge([]health.Seen{{ID: "1", Name: "n1", Vital: &health.Vital{ID: "1", Name: "n1", Version: "1.2.3", StartedAt: time.Now()}}})
	w.web = ui.New(ui.Options{URL: "http://hub.example.com", Repository: "acme", Version: "test", Log: slog.New(slog.DiscardHandler), DB: db, Open: w.accounts.Open, Sudo: w.accounts.Sudo})
	admin.Register(w.web, admin.Deps{
		DB: db, Accounts: w.accounts, Orgs: w.orgs, Catalog: w.catalog, Audit: audit.New(db, audit.Options{}), Default: acme,
		Settings: setting.New(db, []setting.Definition{{Name: "colour", Default: "blue", Help: "What it is painted in.", Check: oneColour}, {Name: doctor.Silence, Check: oneWish}}),
		Operator: operator.New(operator.Deps{DB: db, Jobs: job.New(db, job.Options{}), Mail: w.mail}),
		Spread:   true,
		Report:   func(context.Context) health.Report { return w.report },
		Examine:  func() doctor.Deps { w.examined.DB = db; return w.examined },
		Started:  []admin.Started{{Key: "listen", Flag: "listen", Env: "HEXHUB_LISTEN", Help: "Where.", Value: ":4000", Source: "hexhub.toml:3"}},
	})
	w.site = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { // as the front does
		w.web.ServeHTTP(rw, r.WithContext(call.With(r.Context(), &call.Call{ID: "a-request", IP: netip.MustParseAddr("192.0.2.7")})))
	})
	return w
}

type badColour struct{}

func (badColour) Error() string { return "must be blue or red" }

func oneColour(v string) error {
	if v != "blue" && v != "red" {
		return badColour{}
	}
	return nil
}

func oneWish(v string) error { _, err := doctor.ParseSilence(v); return err }

func (w *world) user(username string, isAdmin bool) account.User {
	w.Helper()
	u, err := w.accounts.Create(w.Context(), audit.By{}, account.Draft{Username: username, Emails: []string{username + "@example.com"}, Password: good, Admin: isAdmin, Verified: true})
	if err != nil {
		w.Fatal(err)
	}
	return u
}

// login returns the secret of a session, in which the user has proved lately that it is he if sure is set.
func (w *world) login(u account.User, sure bool) string {
	w.Helper()
	s, secret, err := w.accounts.StartSession(w.Context(), audit.By{}, u.ID, "192.0.2.7", "test")
	if err == nil && !sure {
		err = w.db.Update(w.Context(), func(tx *store.Tx) error {
			row, _ := account.Sessions.Get(tx, s.ID)
			row.SudoUntil = new(time.Now().Add(-time.Minute))
			account.Sessions.Put(tx, row)
			return nil
		})
	}
	if err != nil {
		w.Fatal(err)
	}
	return secret
}

// ask sends a request in the session, and a form if there is one.
func (w *world) ask(session, path string, form url.Values) (status int, page, location string) {
	w.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	r := httptest.NewRequestWithContext(w.Context(), method, "http://hub.example.com"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if session != "" {
		r.AddCookie(&http.Cookie{Name: ui.SessionCookie, Value: session})
	}
	rec := httptest.NewRecorder()
	w.site.ServeHTTP(rec, r)
	text, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		w.Fatal(err)
	}
	return rec.Code, string(text), rec.Header().Get("Location")
}

// do sends a form that must be done.
func (w *world) do(session, path string, form url.Values) {
	w.Helper()
	if status, page, _ := w.ask(session, path, form); status != http.StatusSeeOther {
		w.Fatalf("POST %s %v: %d\n%s", path, form, status, page)
	}
}

// recorded lists the actions of the audit log that have somebody named, the newest first.
func (w *world) recorded(by string) []string {
	w.Helper()
	entries, _, err := audit.List(w.Context(), w.db.View(), "", "", 100)
	if err != nil {
		w.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.By.Username == by {
			out = append(out, e.Action)
		}
	}
	return out
}

func (w *world) publish(u account.User, pkg, number string) {
	w.Helper()
	w.publishIn("acme", u, pkg, number)
}

func (w *world) publishIn(repository string, u account.User, pkg, number string) {
	w.Helper()
	m := tarball.Metadata{
		Name: pkg, Version: number, App: pkg, BuildTools: []string{"mix"}, Files: []string{"mix.exs"}, Description: new("a package"), Licenses: []string{"MIT"},
	}
	_, _, err := w.catalog.Publish(w.Context(), access.Actor{User: u, Via: access.Password}, catalog.Draft{
		Repository: name.MustRepository(repository), Size: 1024, Tarball: &tarball.Tarball{Metadata: m, Sums: tarball.Sums{Inner: tarball.Sum{1}, Outer: tarball.Sum{2}}, Unpacked: 4096},
	}, false)
	if err != nil {
		w.Fatal(err)
	}
}

// pathsOf are the paths of all pages of administration.
func (w *world) pathsOf(method string) (out []string) {
	for _, route := range w.web.Routes() {
		if m, path, _ := strings.Cut(route, " "); m == method && strings.HasPrefix(path, "/admin") {
			out = append(out, strings.NewReplacer("{user}", "eva", "{node}", "n1", "{repository}", "acme", "{package}", "decimal").Replace(path))
		}
	}
	return out
}

// What only administrators may see looks to others as if it were not there: to the byte, but for the path.
func TestZ1NothingIsHereForOthers(t *testing.T) {
	w := newWorld(t)
	w.user("root", true)
	plain := w.login(w.user("eva", false), true)
	absent := func(session, path string) string {
		_, page, _ := w.ask(session, "/nothing", nil)
		return strings.ReplaceAll(page, "/nothing", path)
	}
	for _, session := range []string{"", plain, "forged"} {
		for _, path := range w.pathsOf(http.MethodGet) {
			if status, page, _ := w.ask(session, path, nil); status != http.StatusNotFound || page != absent(session, path) {
				t.Errorf("GET %s in session %q: %d, or not as an absent page", path, session, status)
			}
		}
		for _, path := range w.pathsOf(http.MethodPost) {
			if status, _, _ := w.ask(session, path, url.Values{"deed": {"deactivate"}}); status != http.StatusNotFound {
				t.Errorf("POST %s in session %q: %d, want 404", path, session, status)
			}
		}
	}
	if u, _ := account.ByName(w.db.View(), "eva"); !u.Active() {
		t.Error("a plain user shut somebody out")
	}
}

// commands are what does in a terminal what a page does.
var commands = map[string]string{
	"/admin": "hexhub status\nhexhub doctor", "/admin/doctor": "hexhub doctor --deep", "/admin/cluster": "hexhub cluster members",
	"/admin/cluster/n1": "hexhub cluster drain n1", "/admin/settings": "hexhub admin set NAME VALUE",
	"/admin/users": "hexhub user invite ADDRESS", "/admin/users/eva": "hexhub user deactivate eva", "/admin/orgs": "hexhub org create NAME --admin USER",
	"/admin/packages":              "hexhub package reserve NAME --reason TEXT",
	"/admin/packages/acme/decimal": "hexhub package retire acme/decimal 1.0.0 --as security",
	"/admin/audit-logs":            "hexhub audit export", "/admin/jobs": "hexhub admin jobs retry ID", "/admin/mail": "hexhub admin mail send ID",
	"/admin/storage": "hexhub admin scrub --now", "/admin/backups": "hexhub backup verify",
}

func TestEveryPageShowsItsPlaceAndTheCommand(t *testing.T) {
	w := newWorld(t)
	root, eva := w.user("root", true), w.user("eva", false)
	w.publish(eva, "decimal", "1.0.0")
	session := w.login(root, false)
	for _, path := range w.pathsOf(http.MethodGet) {
		status, page, _ := w.ask(session, path, nil)
		if status != http.StatusOK || !strings.Contains(page, `aria-current="page"`) || commands[path] == "" || !strings.Contains(page, commands[path]) {
			t.Errorf("GET %s: %d\n%.2000s", path, status, page)
		}
		if strings.Contains(page, "style=") || strings.Contains(page, "<script>") {
			t.Errorf("GET %s has what the policy forbids", path)
		}
	}
}

// The private packages of organizations that the administrator is no member of are listed and found, too.
func TestPackagesOfAllRepositoriesAreListed(t *testing.T) {
	w := newWorld(t)
	session, eva := w.login(w.user("root", true), false), w.user("eva", false)
	if _, err := w.orgs.Create(t.Context(), audit.By{}, name.MustRepository("guild"), eva.ID); err != nil {
		t.Fatal(err)
	}
	w.publish(eva, "decimal", "1.0.0")
	w.publishIn("guild", eva, "vault", "1.0.0")
	for q, want := range map[string]string{"": "2 packages", "vault": "1 package", "guild/vault": "1 package"} {
		_, page, _ := w.ask(session, "/admin/packages?q="+url.QueryEscape(q), nil)
		if !strings.Contains(page, `href="/admin/packages/guild/vault"`) || !strings.Contains(page, want) {
			t.Errorf("%q: want %s, with guild/vault:\n%s", q, want, page)
		}
	}
}

// A9: whoever sits down at an open browser changes nothing.
func TestDeedsTakeAProof(t *testing.T) {
	w := newWorld(t)
	root := w.user("root", true)
	w.user("eva", false)
	session := w.login(root, false)
	status, page, _ := w.ask(session, "/admin/users/eva", url.Values{"deed": {"deactivate"}})
	if status != http.StatusOK || !strings.Contains(page, `name="proof"`) || !strings.Contains(page, `value="deactivate"`) {
		t.Fatalf("without a proof: %d\n%s", status, page)
	}
	if u, _ := account.ByName(w.db.View(), "eva"); !u.Active() {
		t.Fatal("it was done without a proof")
	}
	w.do(session, "/admin/users/eva", url.Values{"deed": {"deactivate"}, "proof": {good}})
	if u, _ := account.ByName(w.db.View(), "eva"); u.Active() {
		t.Error("with a proof it was not done")
	}
}

func TestDeedsAreDoneAndRecorded(t *testing.T) {
	w := newWorld(t)
	session := w.login(w.user("root", true), true)
	eva := w.user("eva", false)
	w.publish(eva, "decimal", "1.0.0")
	for _, c := range []struct{ path, form, action string }{
		{"/admin/settings", "deed=set&name=colour&value=red", "setting.update"},
		{"/admin/users/eva", "deed=grant", "user.admin"},
		{"/admin/users/eva", "deed=revoke", "user.admin"},
		{"/admin/users/eva", "deed=deactivate", "user.deactivate"},
		{"/admin/users/eva", "deed=reactivate", "user.reactivate"},
		{"/admin/orgs", "deed=create&name=guild&username=eva", "organization.create"},
		{"/admin/packages", "deed=reserve&name=forbidden&reason=a trademark", "name.reserve"},
		{"/admin/packages", "deed=unreserve&name=forbidden", "name.unreserve"},
		{"/admin/packages/acme/decimal", "deed=retire&version=1.0.0&retirement=security&message=see elsewhere&reason=reported", "release.retire"},
		{"/admin/packages/acme/decimal", "deed=unretire&version=1.0.0&reason=a false alarm", "release.unretire"},
		{"/admin/packages/acme/decimal", "deed=owner&username=root&level=full&reason=eva is away", "owner.add"},
		{"/admin/packages/acme/decimal", "deed=disown&owner=eva&reason=eva is away", "owner.remove"},
		{"/admin/packages/acme/decimal", "deed=revert&version=1.0.0&confirm=1.0.0&reason=malware", "release.revert"},
		{"/admin/storage", "deed=scrub", "scrub.start"},
		{"/admin/users/eva", "deed=delete&confirm=eva", "user.delete"},
	} {
		form, err := url.ParseQuery(c.form)
		if err != nil {
			t.Fatal(err)
		}
		w.do(session, c.path, form)
		if !slices.Contains(w.recorded("root"), c.action) {
			t.Errorf("%s %s is not in the audit log: %v", c.path, c.form, w.recorded("root"))
		}
	}
}

// What is done to others' packages has a reason, and what cannot be undone is typed once more.
func TestGraveDeedsAreRefusedUntilTheyAreMeant(t *testing.T) {
	w := newWorld(t)
	session := w.login(w.user("root", true), true)
	w.publish(w.user("eva", false), "decimal", "1.0.0")
	for _, c := range []struct{ path, form, want string }{
		{"/admin/packages/acme/decimal", "deed=retire&version=1.0.0&retirement=security", "Reason must be given"},
		{"/admin/packages/acme/decimal", "deed=revert&version=1.0.0&reason=malware", "type 1.0.0"},
		{"/admin/packages/acme/decimal", "deed=owner&username=nobody&reason=mistake", "neither a user nor an organization"},
		{"/admin/users/eva", "deed=delete&confirm=Eva", "must be eva"},
		{"/admin/users/root", "deed=revoke", "administrator"},
		{"/admin/settings", "deed=set&name=colour&value=green", "must be blue or red"},
		{"/admin/jobs", "deed=retry&id=unknown", "there no more"},
		{"/admin/backups", "deed=create", "not backed up"},
		{"/admin/cluster/n1", "deed=nonsense", "no such button"},
	} {
		form, _ := url.ParseQuery(c.form)
		before := len(w.recorded("root"))
		status, page, _ := w.ask(session, c.path, form)
		if status < 400 || !strings.Contains(page, c.want) {
			t.Errorf("%s %s: %d, lacks %q:\n%s", c.path, c.form, status, c.want, page)
		}
		if len(w.recorded("root")) != before {
			t.Errorf("%s %s was done", c.path, c.form)
		}
	}
}

// What is wrong with one of the many forms of a page is said in that form, which is open.
func TestRefusedFormsAreOpen(t *testing.T) {
	w := newWorld(t)
	root := w.user("root", true)
	session := w.login(root, true)
	w.publish(root, "decimal", "1.0.0")
	for deed, form := range map[string]url.Values{
		"retire": {"version": {"1.0.0"}, "retirement": {"security"}, "reason": {"no"}},
		"revert": {"version": {"1.0.0"}, "confirm": {"1.0.0"}, "reason": {"no"}},
		"owner":  {"username": {"root"}, "level": {"full"}, "reason": {"no"}},
	} {
		form.Set("deed", deed)
		status, page, _ := w.ask(session, "/admin/packages/acme/decimal", form)
		open := regexp.MustCompile(`(?s)<details[^>]* open>.*?</details>`).FindString(page)
		if status != http.StatusUnprocessableEntity || strings.Count(page, `aria-invalid="true"`) != 1 || !strings.Contains(open, `aria-invalid="true"`) {
			t.Errorf("%s: %d, with %d fields that are wrong; open is: %s", deed, status, strings.Count(page, `aria-invalid="true"`), open)
		}
	}
}

// D1: what people wrote stays text in the browser of an administrator.
func TestD1StrangersTextStaysText(t *testing.T) {
	w := newWorld(t)
	session := w.login(w.user("root", true), true)
	w.publish(w.user("eva", false), "decimal", "1.0.0")
	w.do(session, "/admin/packages/acme/decimal", url.Values{"deed": {"retire"}, "version": {"1.0.0"}, "retirement": {"other"}, "message": {canary}, "reason": {canary}})
	if err := w.accounts.SetProfile(t.Context(), audit.By{Username: canary, UserAgent: canary}, must(account.ByName(w.db.View(), "eva")).ID, account.Profile{FullName: canary}); err != nil {
		t.Fatal(err)
	}
	if err := w.db.Update(t.Context(), func(tx *store.Tx) error {
		job.EnqueueTx(tx, "unpack", canary, nil, time.Now())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.report.Nodes[0].Zone, w.report.Nodes[0].Note, w.report.Nodes[0].State = canary, canary, health.Lagging
	seen := 0
	for _, path := range append(w.pathsOf(http.MethodGet), "/admin/users?q="+url.QueryEscape(canary), "/admin/audit-logs?user="+url.QueryEscape(canary)+"&action="+url.QueryEscape(canary)) {
		status, page, _ := w.ask(session, path, nil)
		if status >= 500 || strings.Contains(page, canary) || strings.Contains(page, "<svg/onload") {
			t.Errorf("GET %s: %d, and what a stranger wrote is in it as it is", path, status)
		}
		if strings.Contains(page, "svg/onload") {
			seen++
		}
	}
	if seen < 6 {
		t.Errorf("only %d pages show what strangers wrote: the test looks at too little", seen)
	}
}

func must[T any](v T, _ bool) T { return v }

// The first line says how the registry does, and where to read on when it does not do well.
func TestOverviewSaysHowTheRegistryDoes(t *testing.T) {
	w := newWorld(t)
	session := w.login(w.user("root", true), false)
	if _, page, _ := w.ask(session, "/admin", nil); !strings.Contains(page, "1 of 1 node healthy.") || !strings.Contains(page, "not backed up") && !strings.Contains(page, "backup") {
		t.Errorf("a registry that is well:\n%s", page)
	}
	vital := func(id string, leader uint64) *health.Vital {
		return &health.Vital{ID: id, Name: "n" + id, Member: leader, Leader: 1, Term: 1}
	}
	w.report = health.Judge([]health.Seen{{ID: "1", Name: "n1", Vital: vital("1", 1)}, {ID: "2", Name: "n2"}, {ID: "3", Name: "n3"}})
	if _, page, _ := w.ask(session, "/admin", nil); !strings.Contains(page, "Read-only: 1 of 3 nodes reachable, 2 needed.") || !strings.Contains(page, `href="/docs/disaster-recovery"`) {
		t.Errorf("a registry without a majority:\n%s", page)
	}
	w.report = health.Judge([]health.Seen{{ID: "1", Name: "n1", Vital: vital("1", 1)}, {ID: "2", Name: "n2", Vital: vital("2", 2)}, {ID: "3", Name: "n3", Vital: vital("3", 3)}})
	if _, page, _ := w.ask(session, "/admin", nil); !strings.Contains(page, "3 of 3 nodes healthy. Leader n1. Can lose 1 node.") {
		t.Errorf("a registry of three:\n%s", page)
	}
}

// What a majority is made of is drawn and said, and where copies of tarballs are missing is told.
func TestSeveralNodesAreShownTogether(t *testing.T) {
	w := newWorld(t)
	session := w.login(w.user("root", true), false)
	says := func(path string, words ...string) {
		t.Helper()
		_, page, _ := w.ask(session, path, nil)
		for _, want := range words {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %q:\n%s", path, want, page)
			}
		}
	}
	says("/admin/cluster", "One node decides alone")
	vital := func(id uint64, lacks int64) *health.Vital {
		return &health.Vital{ID: fmt.Sprint(id), Name: fmt.Sprint("n", id), Member: id, Leader: 1, Term: 1, DiskTotal: 100, Lacks: lacks}
	}
	w.report = health.Judge([]health.Seen{{ID: "1", Name: "n1", Vital: vital(1, 0)}, {ID: "2", Name: "n2", Vital: vital(2, 1203)}, {ID: "3", Name: "n3"}})
	says("/admin/cluster", "3 nodes vote on each write, and 2 of them must reach each other. 2 can be reached, so that none can be lost.", "out of reach")
	says("/admin", "2 of them must reach each other", "n2 lacks 1203 copies of tarballs")
	says("/admin/storage", "Copies missing", ui.Count(1203), "unknown", "on fewer disks than they should be")
}

// What the setup leaves for later is reminded of until it is there, or until somebody needs it not.
func TestWhatCanWaitIsReminded(t *testing.T) {
	w := newWorld(t)
	session := w.login(w.user("root", true), true)
	reminded := func() string {
		_, page, _ := w.ask(session, "/admin", nil)
		var out []string
		for _, id := range []string{"https", "mail", "backup", "nodes"} {
			if strings.Contains(page, `value="`+id+`"`) || id == "backup" && strings.Contains(page, "--backup-to") {
				out = append(out, id)
			}
		}
		return strings.Join(out, " ")
	}
	w.examined.URL, w.examined.Server = "http://localhost:4000", &doctor.Server{}
	if got := reminded(); got != "https mail backup nodes" {
		t.Errorf("after the setup it reminds of %q", got)
	}
	w.do(session, "/admin", url.Values{"deed": {"silence"}, "wish": {"mail"}})
	w.do(session, "/admin", url.Values{"deed": {"silence"}, "wish": {"nodes"}})
	if got := reminded(); got != "https backup" {
		t.Errorf("without what nobody needs it reminds of %q", got)
	}
	w.examined.URL = "https://hub.example.com"
	if got := reminded(); got != "backup" {
		t.Errorf("with HTTPS it reminds of %q", got)
	}
	if status, _, _ := w.ask(session, "/admin", url.Values{"deed": {"silence"}, "wish": {"writes"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("to silence what is no wish: %d", status)
	}
}

// Whatever is not well says where one reads on, on a page that there is.
func TestEveryRedStateLinksARunbook(t *testing.T) {
	w := newWorld(t)
	session := w.login(w.user("root", true), false)
	w.report = health.Judge([]health.Seen{{ID: "1", Name: "n1", Vital: &health.Vital{ID: "1", Name: "n1", Member: 1, Leader: 1, Term: 1}}, {ID: "2", Name: "n2"}, {ID: "3", Name: "n3"}})
	w.examined.URL, w.examined.Nodes = "http://hub.example.com", func(context.Context) health.Report { return w.report }
	runbook := func(text string) bool {
		return slices.ContainsFunc(docs.Pages(), func(p docs.Page) bool { return strings.Contains(text, `href="/docs/`+p.Name+`"`) })
	}
	for path, least := range map[string]int{"/admin": 2, "/admin/doctor": 2} {
		_, page, _ := w.ask(session, path, nil)
		_, main, _ := strings.Cut(page, "<main")
		red := strings.Split(main, "badge")[1:]
		count := 0
		for _, item := range red {
			word, _, _ := strings.Cut(item[strings.Index(item, ">")+1:], "<")
			if word = strings.TrimSpace(word); word != string(doctor.Warn) && word != string(doctor.Fail) {
				continue
			}
			if count++; !runbook(item) {
				t.Errorf("%s: nothing to read on at %.300s", path, item)
			}
		}
		if count < least {
			t.Errorf("%s shows %d things that are not well, so this test sees little", path, count)
		}
	}
	for state, seen := range map[string][]health.Seen{
		health.ReadOnly: {{ID: "1", Name: "n1", Vital: &health.Vital{ID: "1", Member: 1, Leader: 1, Term: 1}}, {ID: "2", Name: "n2"}, {ID: "3", Name: "n3"}},
		health.Degraded: {{ID: "1", Name: "n1", Vital: &health.Vital{ID: "1", Member: 1, Leader: 1, Term: 1}}, {ID: "2", Name: "n2", Vital: &health.Vital{ID: "2", Member: 2, Leader: 1, Term: 1}}, {ID: "3", Name: "n3"}},
	} {
		if w.report = health.Judge(seen); w.report.State != state {
			t.Fatalf("it is %s, want %s", w.report.State, state)
		}
		_, page, _ := w.ask(session, "/admin", nil)
		if _, band, _ := strings.Cut(page, w.report.Headline()); !runbook(band[:min(len(band), 300)]) {
			t.Errorf("nothing to read on when it is %s: %.300s", state, band)
		}
	}
}

func TestSettingsAreFoundByTheirNamesAndWords(t *testing.T) {
	w := newWorld(t)
	session := w.login(w.user("root", true), false)
	for q, want := range map[string][2]bool{"": {true, true}, "paint": {true, false}, "HEXHUB_LISTEN": {false, true}, "hexhub listen where": {false, true}, "nothing": {false, false}} {
		_, page, _ := w.ask(session, "/admin/settings?q="+url.QueryEscape(q), nil)
		if got := [2]bool{strings.Contains(page, "What it is painted in."), strings.Contains(page, "hexhub.toml:3")}; got != want {
			t.Errorf("%q finds the rule and the start's setting: %v, want %v", q, got, want)
		}
	}
}
