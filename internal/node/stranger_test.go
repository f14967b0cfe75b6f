package node_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/mail"
	"hexhub/internal/hubtest"
)

// A16: whichever host a request says it is for, no answer and no letter leads anywhere but to the address that
// is configured.
func TestA16NoHostIsBelieved(t *testing.T) {
	t.Parallel()
	const evil = "evil.example"
	lies := func(c hubtest.Client) hubtest.Client {
		for name, value := range map[string]string{
			"Host": evil, "X-Forwarded-Host": evil, "X-Forwarded-Server": evil, "X-Host": evil, "X-Original-Url": "https://" + evil + "/", "X-Rewrite-Url": "https://" + evil + "/",
			"Forwarded": "host=" + evil + ";proto=https", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "//" + evil,
		} {
			c.Header.Set(name, value)
		}
		return c
	}
	shared := newTable(t)
	for _, row := range readMatrix(t) {
		t.Run(fmt.Sprintf("line %d %s", row.line, row.route), func(t *testing.T) {
			t.Parallel()
			h := shared
			if !strings.HasPrefix(row.route, "GET ") {
				h = newTable(t)
			}
			method, _, _ := strings.Cut(row.route, " ")
			for _, caller := range []string{"anon", "root", "sam"} {
				a := lies(h.asking(row, caller)).Do(method, h.path(row), h.body(h.fill(row.body)))
				if text := fmt.Sprint(a.Header, string(a.Body)); strings.Contains(text, evil) {
					t.Errorf("to %s: %.2000s", caller, text)
				}
			}
			if strings.HasSuffix(row.route, "/reset") && method == "POST" {
				h.await(mail.ResetPassword)
			}
			if h != shared {
				h.lettersLeadHere()
			}
		})
	}
	t.Run("absolute request line", func(t *testing.T) {
		t.Parallel()
		h := newTable(t)
		for _, target := range []string{"http://evil.example/api/users/sam/reset", "//evil.example/api/users/sam/reset", "/api/users/sam/reset"} {
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", h.Addr())
			h.must(err)
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: evil.example\r\nUser-Agent: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", target)
			h.must(conn.SetReadDeadline(time.Now().Add(10 * time.Second)))
			answer, err := io.ReadAll(conn)
			h.must(err)
			conn.Close()
			h.await(mail.ResetPassword)
			if strings.Contains(string(answer), evil) {
				t.Errorf("%s: %s", target, answer)
			}
		}
		h.lettersLeadHere()
	})
}

// lettersLeadHere demands of all letters that their links are to this server.
func (h *cast) lettersLeadHere() {
	h.t.Helper()
	for after, more := "", true; more; more = after != "" {
		page, next, err := h.Mail.Outbox(h.t.Context(), after, 100)
		h.must(err)
		for _, e := range page {
			_, m, err := h.Mail.Read(h.t.Context(), e.ID)
			h.must(err)
			text := m.Subject + m.Text
			if strings.Contains(text, "evil") || strings.Count(text, "://") != strings.Count(text, h.URL+"/")+strings.Count(text, h.URL+"\n") {
				h.t.Errorf("a letter of kind %s leads elsewhere than to %s:\n%s", e.Kind, h.URL, text)
			}
		}
		after = next
	}
}

// A15: nothing that a stranger can ask for tells an address or a name that somebody has from one that nobody
// has, where it is not shown anyhow.
func TestA15NobodyIsToldWhoIsHere(t *testing.T) {
	t.Parallel()
	h := newCast(t, matrixWorld)
	joe := h.user("joe")
	h.must(h.Accounts.SetPublic(t.Context(), audit.By{}, joe.ID, account.NoAddress))
	here, nobody := "joe@example.com", "jim@example.com"
	for what, ask := range map[string]func(login string) hubtest.Answer{
		"a login": func(l string) hubtest.Answer {
			return h.Anonymous().Do("POST", "/login", url.Values{"login": {l}, "password": {"wrong"}})
		},
		"a reset": func(l string) hubtest.Answer {
			return h.Anonymous().Do("POST", "/password/reset", url.Values{"login": {l}})
		},
		"a confirmation": func(l string) hubtest.Answer {
			return h.Anonymous().Do("POST", "/email/verification", url.Values{"login": {l}})
		},
		"the API's reset": func(l string) hubtest.Answer { return h.Anonymous().Do("POST", "/api/users/"+l+"/reset", nil) },
		"Basic":           func(l string) hubtest.Answer { return h.Anonymous().Basic(l, "wrong").Get("/api/users/me") },
		"Basic for files": func(l string) hubtest.Answer { return h.Anonymous().Basic(l, "wrong").Get("/repo/repos/guild/names") },
		"a user":          func(l string) hubtest.Answer { return h.Anonymous().Get("/api/users/" + l) },
		"a user, by one":  func(l string) hubtest.Answer { return h.As("sam/all").Get("/api/users/" + l) },
		"an owner": func(l string) hubtest.Answer {
			return h.As("pat/all").Do("PUT", "/api/packages/decimal/owners/"+l, map[string]any{})
		},
		"no owner": func(l string) hubtest.Answer {
			return h.As("pat/all").Do("DELETE", "/api/packages/decimal/owners/"+l, nil)
		},
		"who owns": func(l string) hubtest.Answer { return h.Anonymous().Get("/api/packages/decimal/owners/" + l) },
		"a member": func(l string) hubtest.Answer { return h.As("eva/all").Get("/api/orgs/guild/members/" + l) },
		"a new member": func(l string) hubtest.Answer {
			return h.As("eva/all").Do("POST", "/api/orgs/guild/members", map[string]any{"name": l, "role": "read"})
		},
	} {
		known := strings.ReplaceAll(seen(ask(here)), here, nobody)
		if diff := cmp.Diff(seen(ask(nobody)), known); diff != "" {
			t.Errorf("%s: nobody's address (-) and somebody's (+):\n%s", what, diff)
		}
	}
	// Who is here for an organization only is not here for strangers.
	for _, path := range []string{"/api/users/%s", "/api/packages/decimal/owners/%s"} {
		known := strings.ReplaceAll(seen(h.Anonymous().Get(fmt.Sprintf(path, "rea"))), "rea", "ria")
		if diff := cmp.Diff(seen(h.Anonymous().Get(fmt.Sprintf(path, "ria"))), known); diff != "" {
			t.Errorf("%s: nobody (-) and rea (+):\n%s", path, diff)
		}
	}
	if got := h.Anonymous().Get("/api/users/joe").Status; got != http.StatusOK {
		t.Errorf("who owns what is public is hidden: %d", got)
	}
}

// A3: no password costs much for being long, and none is cut off.
func TestA3HugePasswordsCostNothing(t *testing.T) {
	t.Parallel()
	h := newTable(t)
	huge, long := strings.Repeat("x", 10<<20), strings.Repeat("x", 2<<10)
	for what, c := range map[string]struct {
		path string
		body func(password string) any
	}{
		"login": {"/login", func(p string) any { return url.Values{"login": {"sam"}, "password": {p}} }},
		"registration": {"/signup", func(p string) any {
			return url.Values{"username": {"mallory"}, "email": {"m@example.com"}, "password": {p}}
		}},
		"API": {"/api/users", func(p string) any {
			return map[string]any{"username": "mallory", "email": "m@example.com", "password": p}
		}},
	} {
		for password, statuses := range map[string][]int{long: {422}, huge: {400, 413, 422}} {
			a, err := h.Anonymous().Try("POST", c.path, c.body(password))
			if err == nil && !slices.Contains(statuses, a.Status) { // a body may also be cut off while it is sent
				t.Errorf("%s with %d bytes: %d %.200s", what, len(password), a.Status, a.Body)
			}
		}
	}
	h.Anonymous().Basic("sam", long).Get("/api/users/me").Expect(t, http.StatusUnauthorized)
	h.Anonymous().Basic("sam", "the password of sam\x00").Get("/api/users/me").Expect(t, http.StatusUnauthorized)
	h.Anonymous().Basic("sam", "the password of sam"+strings.Repeat("x", 80)).Get("/api/users/me").Expect(t, http.StatusUnauthorized)
	if a, err := h.Anonymous().Basic("sam", huge).Try("GET", "/api/users/me", nil); err == nil && a.Status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("Basic with 10 MB: %d", a.Status)
	}
}

// A22: credentials that are sent twice, or without end, are no credentials, on every surface.
func TestA22OddCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	h := newTable(t)
	eva, twice := h.Secrets["eva/all"], h.Anonymous()
	for path, statuses := range map[string][2]int{
		"/api/repos/guild/packages/vault": {400, 431}, "/repo/repos/guild/packages/vault": {401, 431}, "/api/operator/status": {400, 431}, "/dashboard": {303, 431},
	} {
		twice.Header = http.Header{"Authorization": {eva, eva}}
		twice.Get(path).Expect(t, statuses[0])
		if a, err := h.Anonymous().With(strings.Repeat("a", 1<<20)).Try("GET", path, nil); err == nil && a.Status != statuses[1] {
			t.Errorf("%s with a megabyte: %d", path, a.Status)
		}
	}
}

// Z10: fields that no form has change nothing.
func TestZ10FormsGiveNoRights(t *testing.T) {
	t.Parallel()
	h := newTable(t)
	more := []string{"admin", "true", "role", "admin", "service", "on", "verified", "true", "deactivated_at", "", "id", h.user("root").ID, "user_id", h.user("root").ID, "who", "root", "username", "mallory"}
	b := h.tab()
	b.post("/signup", append([]string{"email", "m@example.com", "password", "four unrelated wooden words", "organization", "guild"}, more...)...)
	b.post("/dashboard/profile", append([]string{"full_name", "Mallory"}, more...)...)
	b.post("/dashboard/keys", append([]string{"name", "k", "permission", "api:read", "organization", "guild", "owner", "guild"}, more...)...)
	u, root := h.user("mallory"), h.user("root")
	if u.Admin || u.Service || u.ID == root.ID || u.FullName != "Mallory" || root.FullName != "" {
		t.Errorf("mallory is %+v, and root %+v", u, root)
	}
	if ours, theirs := access.KeysOf(h.DB.View(), access.OfUser(u.ID)), access.KeysOf(h.DB.View(), access.OfOrg(guild)); len(ours) != 1 || len(theirs) != 2 {
		t.Errorf("mallory has %d keys, and guild %d", len(ours), len(theirs))
	}
}
