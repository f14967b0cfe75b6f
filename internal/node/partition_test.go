package node_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hexhub/internal/config"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/world"
	"hexhub/internal/hubtest"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog/etcdtest"
	"hexhub/internal/kernel/store/storetest"
	"hexhub/internal/node"
)

// threeNodes serves the world from three nodes over three etcds.
func threeNodes(t *testing.T, text string) ([]*hubtest.Hub, *etcdtest.Set) {
	t.Helper()
	set := etcdtest.Open(t, 3)
	logs := make([]store.Log, len(set.Logs))
	for i, log := range set.Logs {
		logs[i] = log
	}
	return hubtest.Nodes(t, text, logs...), set
}

// eventually waits for what real nodes do in their own time.
func eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !true(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("did not come true in 30s: %s", what)
		}
	}
}

// sure asks again while the nodes cannot agree, as clients do.
func sure(c hubtest.Client, method, path string, body any) hubtest.Answer {
	c.T.Helper()
	a := c.Do(method, path, body)
	for range 10 {
		if a.Status != http.StatusServiceUnavailable {
			break
		}
		time.Sleep(time.Second)
		a = c.Do(method, path, body)
	}
	return a
}

const partitionWorld = `
user jose
user eva
user rea
org guild admin=eva read=rea
package hexhub/decimal owner=jose
release hexhub/decimal 1.0.0
package guild/vault
release guild/vault 1.0.0
key jose all permissions=api,repositories
key eva all permissions=api,repositories
key rea all permissions=api,repositories
`

// C3: the smaller side of a broken network acknowledges no write and says so quickly, shows what is everybody's,
// and refuses what is not. The larger side goes on, and the smaller one catches up with it.
func TestC3MinorityServesOnlyWhatIsPublic(t *testing.T) {
	t.Parallel()
	hubs, set := threeNodes(t, partitionWorld)
	lost := set.Leader(t)
	here, there := hubs[lost], hubs[(lost+1)%3]
	set.Cut(lost)
	eventually(t, "the lost node is stale and knows no leader", func() bool {
		s, err := set.Logs[lost].Status(t.Context())
		return err == nil && s.Leader == 0 && here.DB.Age() > time.Second
	})
	eventually(t, "the others publish", func() bool {
		a, err := there.As("jose/all").Try(http.MethodPost, "/api/publish?replace=true", hubtest.Tarball(t, "decimal", "2.0.0"))
		return err == nil && (a.Status == 201 || a.Status == 200)
	})
	for _, c := range []struct {
		who          string
		method, path string
		body         any
		want         int
	}{
		{"", "GET", "/repo/packages/decimal", nil, 200},
		{"jose/all", "GET", "/repo/tarballs/decimal-1.0.0.tar", nil, 200},
		{"", "GET", "/api/packages/decimal/releases/1.0.0", nil, 200}, // whose metadata is not in memory
		{"", "GET", "/", nil, 200},
		{"", "GET", "/repo/tarballs/decimal-2.0.0.tar", nil, 404},
		{"", "GET", "/repo/repos/guild/packages/vault", nil, 401},
		{"rea/all", "GET", "/repo/repos/guild/packages/vault", nil, 503},
		{"rea/all", "GET", "/repo/repos/guild/packages/vapor", nil, 503},
		{"rea/all", "GET", "/api/repos/guild/packages/vault", nil, 503},
		{"rea/all", "GET", "/api/users/me", nil, 503},
		{"jose/all", "POST", "/api/publish?replace=false", hubtest.Tarball(t, "decimal", "3.0.0"), 503},
		{"jose/all", "DELETE", "/api/keys/all", nil, 503},
		{"", "POST", "/api/users", map[string]any{"username": "new", "email": "new@example.com", "password": "a long sentence is best"}, 503},
	} {
		client := here.Anonymous()
		if c.who != "" {
			client = here.As(c.who)
		}
		start := time.Now()
		a := client.Do(c.method, c.path, c.body)
		if took := time.Since(start); a.Status != c.want || took > time.Second {
			t.Errorf("%s %s as %q: %d after %v, want %d at once: %.200s", c.method, c.path, c.who, a.Status, took, c.want, a.Body)
		}
		if (a.Status == 503) != (a.Header.Get("Retry-After") != "") {
			t.Errorf("%s %s: %d with Retry-After %q", c.method, c.path, a.Status, a.Header.Get("Retry-After"))
		}
	}
	eventually(t, "answers say how old they are", func() bool {
		return here.Anonymous().Get("/repo/packages/decimal").Header.Get("X-HexHub-Stale") != ""
	})
	if ready := here.Operator("/readyz"); !strings.Contains(ready, "stale") {
		t.Errorf("/readyz says %q, want that it is stale", ready)
	}

	if status := here.Operator("/operator/status"); !strings.Contains(status, `"stale":"`) {
		t.Errorf("its operator is told %s, want that it is stale", status)
	}

	set.Heal()
	eventually(t, "the lost node shows what was published", func() bool {
		return here.Anonymous().Get("/repo/tarballs/decimal-2.0.0.tar").Status == 200
	})
	sure(here.As("jose/all"), "GET", "/api/users/me", nil).Expect(t, 200)
	there.Anonymous().Get("/repo/tarballs/decimal-3.0.0.tar").Expect(t, 404)
}

// C9: a key that is revoked, a member that is removed and a session that is ended on one node are good for nothing on
// another a second later, whether that one can hear of it or not.
func TestC9RevokedIsRefusedOnOtherNodesWithinASecond(t *testing.T) {
	t.Parallel()
	hubs, set := threeNodes(t, partitionWorld+`
key jose one permissions=api
key jose two permissions=api
user mia
user sam
key mia all permissions=repositories
`)
	leader := set.Leader(t)
	here, there := hubs[leader], hubs[(leader+1)%3]
	member := func(username string) {
		t.Helper()
		sure(here.As("eva/all"), "POST", "/api/orgs/guild/members", map[string]any{"name": username, "role": "read"}).Expect(t, 200)
	}
	member("mia")
	session := func() (cookie string, end func()) {
		t.Helper()
		u, ok := account.ByName(here.DB.View(), "sam")
		if !ok {
			t.Fatal("no sam")
		}
		s, secret, err := here.Accounts.StartSession(t.Context(), audit.By{}, u.ID, "127.0.0.1", "test")
		if err != nil {
			t.Fatal(err)
		}
		return secret, func() {
			if err := here.Accounts.EndSession(t.Context(), audit.By{}, u.ID, s.ID); err != nil {
				t.Error(err)
			}
		}
	}
	for _, round := range []struct {
		name, key, member string
		cut               bool
	}{
		{"over a whole network", "one", "rea", false},
		{"over a broken network", "two", "mia", true},
	} {
		cookie, endSession := session()
		browser := there.Anonymous()
		browser.Header = http.Header{"Cookie": {"hexhub=" + cookie}}
		asks := map[string]func() hubtest.Answer{
			"a key":     func() hubtest.Answer { return there.As("jose/" + round.key).Get("/api/keys") },
			"a member":  func() hubtest.Answer { return there.As(round.member + "/all").Get("/repo/repos/guild/packages/vault") },
			"a session": func() hubtest.Answer { return browser.Get("/dashboard") },
		}
		for what, ask := range asks {
			eventually(t, what+" is good", func() bool { return ask().Status == 200 })
		}
		if round.cut {
			set.Cut((leader + 1) % 3)
		}
		sure(here.As("jose/all"), "DELETE", "/api/keys/"+round.key, nil).Expect(t, 200)
		sure(here.As("eva/all"), "DELETE", "/api/orgs/guild/members/"+round.member, nil).Expect(t, 204)
		endSession()
		time.Sleep(time.Second) // which is what may pass
		for what, ask := range asks {
			if a := ask(); a.Status == 200 {
				t.Errorf("%s, %s is still good a second later: %.200s", round.name, what, a.Body)
			} else if round.cut && a.Status != 503 {
				t.Errorf("%s, %s is answered %d, which that node cannot know", round.name, what, a.Status)
			}
		}
		set.Heal()
		for what, ask := range asks {
			eventually(t, what+" is known to be gone", func() bool { a := ask(); return a.Status != 200 && a.Status != 503 })
		}
	}
}

// L1 to L5 hold on a node that is cut off, too: it tells nobody by its refusals what is there.
func TestLPrivateLooksLikeAbsentOnAStaleNode(t *testing.T) {
	t.Parallel()
	log := storetest.NewSeverable(store.NewMemory())
	h := newCastIn(t, hubtest.Nodes(t, leakWorld, log)[0])
	log.Cut(true)
	eventually(t, "the node is stale", func() bool { return h.DB.Age() > time.Second })
	absent := strings.NewReplacer("guild", "ghost", "vault", "vapor")
	for _, row := range ofGuild(t) {
		for _, caller := range witnesses(2, "anon", "eva", "sam") {
			there, nowhere := h.probe(row, caller, [2]string{}), h.probe(row.where(absent), caller, [2]string{})
			if diff := cmp.Diff(nowhere, there); diff != "" {
				t.Errorf("%s %s as %s: what is there (+) and what is not (-) differ:\n%s", row.route, row.body, caller, diff)
			}
		}
	}
}

// Whatever asks for a credential, or changes something, is refused by a node that is cut off, on every route.
func TestStaleNodeRefusesEveryPrivateRoute(t *testing.T) {
	t.Parallel()
	log := storetest.NewSeverable(store.NewMemory())
	h := newCastIn(t, hubtest.Nodes(t, matrixWorld, log)[0])
	log.Cut(true)
	eventually(t, "the node is stale", func() bool { return h.DB.Age() > time.Second })
	for _, row := range readMatrix(t) {
		method, path, _ := strings.Cut(row.route, " ")
		if strings.HasPrefix(path, "/repo/") || strings.HasPrefix(path, "/assets/") || path == "/status" {
			continue
		}
		if a := h.ask(row, "eva"); a.Status != 503 || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d, Retry-After %q; want 503", row.route, a.Status, a.Header.Get("Retry-After"))
		}
		if a := h.ask(row, "anon"); method != "GET" && a.Status != 503 {
			t.Errorf("%s as nobody: %d, want 503", row.route, a.Status)
		}
	}
}

// What somebody did on one node he sees on every other, if he says what he has seen.
func TestWritesAreReadOnOtherNodes(t *testing.T) {
	t.Parallel()
	log := store.NewMemory()
	far := storetest.NewSeverable(log)
	hubs := hubtest.Nodes(t, partitionWorld, log, far)
	here, there := hubs[0], hubs[1]
	far.Deafen()
	answer := here.As("jose/all").Publish(hubtest.Tarball(t, "decimal", "2.0.0")).Expect(t, 201)
	revision := answer.Header.Get("X-HexHub-Revision")
	there.Anonymous().Get("/repo/tarballs/decimal-2.0.0.tar").Expect(t, 404)
	told := make(chan hubtest.Answer)
	for _, path := range []string{"/repo/tarballs/decimal-2.0.0.tar", "/api/packages/decimal/releases/2.0.0"} {
		for _, header := range []http.Header{{"X-Hexhub-Revision": {revision}}, {"Cookie": {"hexhub_revision=" + revision}}} {
			c := there.Anonymous()
			c.Header = header
			go func() {
				a, err := c.Try(http.MethodGet, path, nil)
				if err != nil {
					t.Error(err)
				}
				told <- a
			}()
		}
	}
	far.Cut(false)
	for range 4 {
		if a := <-told; a.Status != 200 {
			t.Errorf("who has seen the release elsewhere is answered %d: %.200s", a.Status, a.Body)
		}
	}
}

// A form that is sent to one node is seen by the next page from another: browsers say what they have seen.
func TestBrowsersTellWhatTheyHaveSeen(t *testing.T) {
	t.Parallel()
	h := hubtest.World(t, "user sam password=\"the password of sam\"\n")
	a := h.Anonymous().Do("POST", "/login", url.Values{"login": {"sam"}, "password": {"the password of sam"}})
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if c.Name == "hexhub_revision" && c.Value == strconv.Itoa(int(h.DB.Revision())) && c.HttpOnly {
			return
		}
	}
	t.Errorf("%d, %v; want the revision in a cookie", a.Status, a.Header)
}

// A restarted is a log that a node without a majority can read as far as it has come.
type restarted struct {
	*storetest.Severable
	at store.Revision
}

// LocalRevision is how far it has come.
func (r restarted) LocalRevision() store.Revision { return r.at }

// A node that has been here before starts without the others, for it serves what is public.
func TestNodeStartsWithoutTheOthers(t *testing.T) {
	t.Parallel()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	log, blobs := store.NewMemory(), &blob.Memory{}
	open := func(log store.Log) (*node.Node, error) {
		return node.Open(t.Context(), config.Server{
			Data: t.TempDir(), Listen: "127.0.0.1:0", RepositoryName: "hexhub", Registration: "open", MailConfirm: "auto",
		}, node.Options{Store: log, Blobs: blobs, Sealer: sealer, Signer: hubtest.Signer(t)})
	}
	first, err := open(log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := world.Build(t.Context(), first.Rooms(), []byte(partitionWorld)); err != nil {
		t.Fatal(err)
	}
	at := first.DB.Revision()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	alone := restarted{storetest.NewSeverable(log), at}
	alone.Cut(true)
	again, err := open(alone)
	if err != nil {
		t.Fatalf("a node without the others: %v", err)
	}
	defer again.Close()
	if _, ok := account.ByName(again.DB.View(), "jose"); !ok {
		t.Error("it has not what it had")
	}
	if err := again.DB.Fresh(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("it believes that it is current: %v", err)
	}
}
