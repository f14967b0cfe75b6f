package ops_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/account/accounttest"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/door"
	"hexhub/internal/surface/ops"
)

const password = "tall ships on a wine-dark sea"

// A remote is the operator's side of a world as the public site serves it: eva administers it, and bob
// has an account there.
type remote struct {
	*world
	http.Handler
	keys map[string]string // "eva", "eva api:read", …
}

func newRemote(t *testing.T) *remote {
	w := newWorld(t)
	w.deps.Door = door.Door{DB: w.deps.DB, Access: w.deps.Access, Limiter: limit.New(1000)}
	r := &remote{world: w, Handler: ops.New(w.deps).Remote(), keys: map[string]string{}}
	for _, n := range []string{"eva", "bob"} {
		_, err := w.deps.Accounts.Create(t.Context(), audit.By{Username: "test"}, account.Draft{
			Username: n, Emails: []string{n + "@example.com"}, Password: password, Verified: true, Admin: n == "eva",
		})
		r.must(err)
		r.key(n, "")
		for _, p := range []string{"api:read", "package", "repositories"} {
			r.key(n, p)
		}
	}
	return r
}

func (r *remote) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// key makes a key of the user, with one permission or for the whole API.
func (r *remote) key(user, permission string) {
	r.Helper()
	u, _ := account.ByName(r.deps.DB.View(), user)
	d := access.KeyDraft{Name: "key"}
	if permission != "" {
		domain, resource, _ := strings.Cut(permission, ":")
		d.Permissions = []access.Permission{{Domain: domain, Resource: resource}}
	}
	_, secret, err := r.deps.Access.CreateKey(r.Context(), access.SystemActor("test"), access.OfUser(u.ID), d)
	r.must(err)
	r.keys[strings.TrimSpace(user+" "+permission)] = secret
}

func (r *remote) send(method, target, body string, header http.Header) *httptest.ResponseRecorder {
	c := &call.Call{ID: "request-1", IP: netip.MustParseAddr("192.0.2.1")}
	req := httptest.NewRequestWithContext(call.With(r.Context(), c), method, target, strings.NewReader(body))
	req.Header = header
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, req)
	return rec
}

// as sends a request with the key of that name.
func (r *remote) as(who, method, target, body string) *httptest.ResponseRecorder {
	h := http.Header{}
	if who != "" {
		h.Set("Authorization", r.keys[who])
	}
	return r.send(method, target, body, h)
}

// Administrators with a credential that is wide enough are obeyed; to everybody else every path is the
// same, whether there is something or not.
func TestZ1OnlyAdministratorsOperateFromElsewhere(t *testing.T) {
	r := newRemote(t)
	for _, c := range []struct {
		who         string
		read, write int // 0 means that the deed itself is reached
	}{
		{"", 401, 401},
		{"bob", 404, 404},
		{"bob api:read", 404, 401},
		{"bob package", 401, 401},
		{"bob repositories", 401, 401},
		{"eva", 0, 0},
		{"eva api:read", 0, 401},
		{"eva package", 401, 401},
		{"eva repositories", 401, 401},
	} {
		t.Run(c.who, func(t *testing.T) {
			nothing := map[string]*httptest.ResponseRecorder{} // once a method: strangers may not ask for ever
			for _, route := range ops.Routes() {
				want := c.write
				if route.Method == "GET" {
					want = c.read
				}
				rec := r.as(c.who, route.Method, route.Path, "")
				if want == 0 {
					if rec.Code == 401 || rec.Code == 404 && !strings.Contains(rec.Body.String(), "there is no ") && !strings.Contains(rec.Body.String(), "has no ") {
						t.Errorf("%s %s: %d %s", route.Method, route.Path, rec.Code, rec.Body)
					}
					continue
				}
				absent := nothing[route.Method]
				if absent == nil {
					absent = r.as(c.who, route.Method, "/operator/nothing", "")
					nothing[route.Method] = absent
				}
				if rec.Code != want || rec.Code != absent.Code || rec.Body.String() != absent.Body.String() {
					t.Errorf("%s %s: %d %s, want %d and what an unknown path gets: %d %s", route.Method, route.Path, rec.Code, rec.Body, want, absent.Code, absent.Body)
				}
			}
		})
	}
}

// Neither a password, which knows no second factor, nor a cookie, which a browser sends by itself, is
// obeyed.
func TestW1OnlyKeysAndTokensOperate(t *testing.T) {
	r := newRemote(t)
	basic := func(secret string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("eva:"+secret)) }
	for _, c := range []struct {
		name   string
		header http.Header
		want   int
	}{
		{"password", http.Header{"Authorization": {basic(password)}}, 401},
		{"key in the place of a password", http.Header{"Authorization": {basic(r.keys["eva"])}}, 200},
		{"cookie", http.Header{"Cookie": {"session=" + r.keys["eva"]}}, 401},
		{"A22 two credentials", http.Header{"Authorization": {r.keys["eva"], r.keys["eva"]}}, 400},
		{"unknown key", http.Header{"Authorization": {"0123456789abcdef0123456789abcdef"}}, 401},
	} {
		rec := r.send("GET", "/operator/users", "", c.header)
		if rec.Code != c.want || rec.Code == 401 && rec.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s, want %d", c.name, rec.Code, rec.Body, c.want)
		}
		if rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: may be kept in caches", c.name)
		}
	}
}

// What would let an administrator act as somebody else is done only at the machine itself, and says what
// to do instead.
func TestNobodysLoginIsHandedOut(t *testing.T) {
	r := newRemote(t)
	for _, c := range []struct{ method, target, body, hint string }{
		{"POST", "/operator/setup", "", "hexhub admin grant"},
		{"PUT", "/operator/user/password?user=bob", `{"password":"` + password + `"}`, "hexhub user reset-password"},
		{"GET", "/operator/letter?id=x", "", "at the machine itself"},
		{"POST", "/operator/keys?user=bob", `{"name":"mine"}`, "hexhub user create NAME --service"},
	} {
		rec := r.as("eva", c.method, c.target, c.body)
		if rec.Code != 403 || !strings.Contains(rec.Body.String(), c.hint) {
			t.Errorf("%s %s: %d %s, want 403 with %q", c.method, c.target, rec.Code, rec.Body, c.hint)
		}
	}
	for target, body := range map[string]string{
		"/operator/users": `{"username":"robot","service":true}`, "/operator/keys?user=eva": `{"name":"mine"}`,
	} {
		if rec := r.as("eva", "POST", target, body); rec.Code != 200 {
			t.Errorf("POST %s: %d %s", target, rec.Code, rec.Body)
		}
	}
	if rec := r.as("eva", "POST", "/operator/keys?user=robot", `{"name":"ci"}`); rec.Code != 200 {
		t.Errorf("a key for a machine: %d %s", rec.Code, rec.Body)
	}
}

// The audit log names the person and the key, not the machine's operator.
func TestDeedsFromElsewhereAreThePersons(t *testing.T) {
	r := newRemote(t)
	for _, c := range []struct{ method, target, body string }{
		{"POST", "/operator/users", `{"username":"ann","email":"ann@example.com","password":"` + password + `"}`},
		{"PUT", "/operator/user/admin?user=ann", `{"on":true}`},
		{"PUT", "/operator/user/active?user=bob", `{"on":false}`},
		{"POST", "/operator/orgs?user=ann&org=acme", ``},
		{"PUT", "/operator/org/member?user=bob&org=acme", `{"role":"read"}`},
		{"PUT", "/operator/settings", `{"name":"colour","value":"red"}`},
	} {
		if rec := r.as("eva", c.method, c.target, c.body); rec.Code != 200 {
			t.Fatalf("%s %s: %d %s", c.method, c.target, rec.Code, rec.Body)
		}
	}
	entries, _, err := audit.List(t.Context(), r.deps.DB.View(), "", "", 6)
	r.must(err)
	for _, e := range entries {
		if e.By.Username != "eva" || e.By.KeyName != "key" || e.By.IP != "192.0.2.1" {
			t.Errorf("%s was done by %+v", e.Action, e.By)
		}
	}
	if _, ok := account.Names.Get(r.deps.DB.View(), name.MustRepository("acme").String()); !ok {
		t.Error("there is no acme")
	}
}

// Whoever lost the right has lost it at the next request (Z3).
func TestZ3ARightThatWasTakenIsGone(t *testing.T) {
	r := newRemote(t)
	r.must(r.deps.Accounts.SetAdmin(t.Context(), audit.By{}, r.id("bob"), true))
	if rec := r.as("bob", "GET", "/operator/users", ""); rec.Code != 200 {
		t.Fatalf("an administrator: %d", rec.Code)
	}
	r.must(r.deps.Accounts.SetAdmin(t.Context(), audit.By{}, r.id("bob"), false))
	if rec := r.as("bob", "GET", "/operator/users", ""); rec.Code != 404 {
		t.Errorf("after the right was taken: %d", rec.Code)
	}
	_, err := r.deps.Access.RevokeAll(t.Context(), access.SystemActor("test"), access.OfUser(r.id("eva")))
	r.must(err)
	rec := r.as("eva", "GET", "/operator/users", "")
	var p ops.Problem
	r.must(json.Unmarshal(rec.Body.Bytes(), &p))
	if rec.Code != 401 || p.Kind != "unauthenticated" || p.Request != "request-1" {
		t.Errorf("with a revoked key: %d %+v", rec.Code, p)
	}
}

func (r *remote) id(user string) string {
	u, _ := account.ByName(r.deps.DB.View(), user)
	return u.ID
}

func TestW19OperatorsAreCountedAsAtTheAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemote(t)
		for range 100 {
			r.as("", "GET", "/operator/users", "")
		}
		rec := r.as("", "GET", "/operator/users", "")
		if rec.Code != 429 || rec.Header().Get("Retry-After") == "" || rec.Header().Get("X-Ratelimit-Limit") != "100" {
			t.Errorf("after 100 requests in a minute: %d %v", rec.Code, rec.Header())
		}
		if rec := r.as("eva", "GET", "/operator/users", ""); rec.Code != 200 || rec.Header().Get("X-Ratelimit-Limit") != "500" {
			t.Errorf("an administrator there: %d %v", rec.Code, rec.Header())
		}
	})
}

// token logs the user in as hexhub login does.
func (r *remote) token(user string) string {
	r.Helper()
	u, _ := account.ByName(r.deps.DB.View(), user)
	d, err := r.deps.OAuth.StartDevice(r.Context(), oauth.DeviceStart{ClientID: oauth.HexHubClient, Scope: "api repositories"})
	r.must(err)
	s, _, err := r.deps.Accounts.StartSession(r.Context(), audit.By{}, u.ID, "192.0.2.1", "test")
	r.must(err)
	browser := access.Actor{User: u, Via: access.Browser, Session: s.ID}
	r.must(r.deps.OAuth.Approve(r.Context(), browser, d.UserCode, []string{"api:read", "api:write", "repositories"}))
	got, err := r.deps.OAuth.Token(r.Context(), oauth.TokenRequest{GrantType: oauth.GrantDevice, DeviceCode: d.DeviceCode, ClientID: oauth.HexHubClient})
	r.must(err)
	return "Bearer " + got.Access
}

// enrol gives the user a second factor, and returns its secret.
func (r *remote) enrol(user string) string {
	r.Helper()
	u, _ := account.ByName(r.deps.DB.View(), user)
	s, _, err := r.deps.Accounts.StartSession(r.Context(), audit.By{}, u.ID, "192.0.2.1", "test")
	r.must(err)
	offer, err := r.deps.Accounts.StartTOTP(r.Context(), u.ID, s.ID)
	r.must(err)
	_, err = r.deps.Accounts.ConfirmTOTP(r.Context(), audit.By{}, u.ID, s.ID, accounttest.Code(r, offer.Secret, time.Now()), account.Origin{})
	r.must(err)
	return offer.Secret
}

// An administrator who has a second factor shows it when something is changed through a token, and not to
// look.
func TestOperatingThroughATokenTakesACode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemote(t)
		secret, token := r.enrol("eva"), r.token("eva")
		send := func(method, target, body, code string) *httptest.ResponseRecorder {
			h := http.Header{"Authorization": {token}}
			if code != "" {
				h.Set("X-Hex-Otp", code)
			}
			return r.send(method, target, body, h)
		}
		if rec := send("GET", "/operator/users", "", ""); rec.Code != 200 {
			t.Errorf("looking: %d %s", rec.Code, rec.Body)
		}
		time.Sleep(30 * time.Second) // the code of the enrolment is used up
		const change = `{"name":"colour","value":"red"}`
		for _, c := range []struct {
			name, code string
			status     int
			challenge  string
		}{
			{"no code", "", 401, "totp_required"},
			{"a wrong code", "000000", 401, "invalid_totp"},
			{"the right code", accounttest.Code(t, secret, time.Now()), 200, ""},
			{"A7 again, in the same login", accounttest.Code(t, secret, time.Now()), 200, ""},
		} {
			rec := send("PUT", "/operator/settings", change, c.code)
			if rec.Code != c.status || !strings.Contains(rec.Header().Get("WWW-Authenticate")+rec.Body.String(), c.challenge) {
				t.Errorf("%s: %d %s %s", c.name, rec.Code, rec.Header().Get("WWW-Authenticate"), rec.Body)
			}
		}
		other := r.token("eva")
		rec := r.send("PUT", "/operator/settings", change, http.Header{"Authorization": {other}, "X-Hex-Otp": {accounttest.Code(t, secret, time.Now())}})
		if rec.Code != 401 {
			t.Errorf("A7 the same code in another login: %d", rec.Code)
		}
	})
}
