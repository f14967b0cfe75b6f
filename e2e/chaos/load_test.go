//go:build linux

package chaos

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hexhub/e2e/fleet"
	"hexhub/hex/registry"
)

const (
	clients        = 6
	answerPatience = 4 * time.Second
	grace          = time.Second // how long a revoked key may work on: C9
	maxDoubts      = 3           // unknown outcomes after which an object is left alone
	versionsEach   = 12          // of a package
)

var colleagues = []string{"ann", "bob", "eva"}

// A load is many clients who do everything at once, through all nodes.
type load struct {
	fleet   *fleet.Fleet
	history *history
	key     *registry.PublicKey // of the registry
	owner   *fleet.Client       // owns all packages and has all keys
	nobody  *fleet.Client

	seen    atomic.Int64 // the latest revision that anybody was told of
	serial  atomic.Int64 // for names that are used once
	probers sync.WaitGroup

	mu       sync.Mutex        // guards the others
	packages []string          // that are worked on now
	releases []string          // PACKAGE/VERSION, in the order of their first publication
	acked    map[string]string // PACKAGE/VERSION → checksum of what was acknowledged
	wrong    []string          // what nobody may be told
	counts   map[string]int    // verbs with their verdicts
}

func newLoad(ctx context.Context, f *fleet.Fleet) (*load, error) {
	first := f.Nodes[0]
	l := &load{fleet: f, history: newHistory(), nobody: fleet.NewClient(answerPatience), acked: map[string]string{}, counts: map[string]int{}}
	var err error
	if l.owner, err = l.nobody.Register(ctx, first, "jose"); err != nil {
		return nil, err
	}
	for _, name := range colleagues {
		if _, err := l.nobody.Register(ctx, first, name); err != nil {
			return nil, err
		}
	}
	pem, err := l.nobody.Do(ctx, first, http.MethodGet, "/repo/public_key", nil, 0)
	if err != nil {
		return nil, err
	}
	if l.key, err = registry.ParsePublicKey(pem.Body); err != nil {
		return nil, err
	}
	for range 3 {
		l.packages = append(l.packages, l.newPackage())
	}
	return l, nil
}

func (l *load) newPackage() string { return fmt.Sprintf("p%d", l.serial.Add(1)) }

// run works until ctx ends.
func (l *load) run(ctx context.Context, seed uint64) {
	var wg sync.WaitGroup
	for id := range clients {
		c := &client{load: l, id: id, rand: rand.New(rand.NewPCG(seed, uint64(id)))}
		wg.Go(func() {
			for ctx.Err() == nil {
				c.act(context.WithoutCancel(ctx))
			}
		})
	}
	wg.Wait()
	l.probers.Wait()
}

// blame notes that somebody was told what nobody may be told.
func (l *load) blame(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// A client does one thing after another. What it asks for shows all that anybody was told before, as if
// all clients talked to each other; so it may expect one order of everything.
type client struct {
	*load
	id   int
	rand *rand.Rand
}

func (c *client) node() *fleet.Node { return c.fleet.Nodes[c.rand.IntN(len(c.fleet.Nodes))] }

// act does something.
func (c *client) act(ctx context.Context) {
	switch n := c.rand.IntN(100); {
	case n < 35:
		c.publish(ctx)
	case n < 50:
		c.mark(ctx)
	case n < 60:
		c.lookAtRelease(ctx, c.someRelease())
	case n < 70:
		c.lookAtFile(ctx, c.somePackage())
	case n < 85:
		c.own(ctx)
	default:
		c.useKeys(ctx)
	}
}

func (c *client) somePackage() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.packages[c.rand.IntN(len(c.packages))]
}

// someRelease is one of the latest, so that many clients meet there.
func (c *client) someRelease() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.releases) == 0 {
		return c.packages[0] + "/1.0.0"
	}
	recent := c.releases[max(0, len(c.releases)-20):]
	return recent[c.rand.IntN(len(recent))]
}

// try asks a node for a deed and notes what is told. verdicts maps statuses that are expected; seen reads
// the state from the answer to a look.
func (c *client) try(ctx context.Context, as *fleet.Client, d deed, method, path string, body any, verdicts map[int]string, seen func(fleet.Answer) (string, error)) outcome {
	n := c.node()
	began := c.history.now()
	a, err := as.Do(ctx, n, method, path, body, c.seen.Load())
	c.heardOf(a.Revision)
	if fleet.NeverSent(err) {
		c.count(d.verb, "never sent")
		c.rest()
		return outcome{}
	}
	o := outcome{verdict: verdicts[a.Status]}
	switch {
	case err != nil || a.Status == http.StatusServiceUnavailable || a.Status == http.StatusInsufficientStorage:
		o = outcome{}
	case o.verdict == "":
		c.blame("%s is told %d on %s: %.300s", d, a.Status, n.Name, a.Body)
	case o.verdict == "seen":
		if o.seen, err = seen(a); err != nil {
			c.blame("%s on %s: %v", d, n.Name, err)
			return outcome{}
		}
	}
	if o.verdict == "" {
		c.count(d.verb, "unknown")
		if d.verb != "look" && d.verb != "use" {
			c.history.add(c.id, d, began, o)
		}
		c.rest()
		return o
	}
	c.count(d.verb, o.verdict)
	c.history.add(c.id, d, began, o)
	return o
}

// sumOf is the SHA-256 of bytes in hexadecimal digits.
func sumOf(b []byte) string {
	hash := sha256.Sum256(b)
	return hex.EncodeToString(hash[:])
}

func (d deed) String() string { return strings.TrimSpace(d.verb + " " + d.object + " " + d.what) }

func (c *client) count(verb, verdict string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[verb+", "+verdict]++
}

func (c *client) heardOf(revision int64) {
	for {
		now := c.seen.Load()
		if revision <= now || c.seen.CompareAndSwap(now, revision) {
			return
		}
	}
}

// rest lets a node in trouble alone for a moment.
func (c *client) rest() { time.Sleep(50 * time.Millisecond) }

// publish publishes the next version of a package, or one that somebody else may be publishing now.
func (c *client) publish(ctx context.Context) {
	c.mu.Lock()
	i := c.rand.IntN(len(c.packages))
	pkg := c.packages[i]
	count := 0
	for _, r := range c.releases {
		if strings.HasPrefix(r, pkg+"/") {
			count++
		}
	}
	version := fmt.Sprintf("1.%d.0", count)
	if contested := count > 0 && c.rand.IntN(5) == 0; contested {
		version = fmt.Sprintf("1.%d.0", count-1)
	} else {
		c.releases = append(c.releases, pkg+"/"+version)
	}
	if count >= versionsEach {
		c.packages[i] = c.newPackage()
	}
	c.mu.Unlock()

	file := fleet.Tarball(pkg, version, fmt.Sprint("try ", c.serial.Add(1)))
	sum := sumOf(file)
	release := pkg + "/" + version
	if c.history.doubts("release "+release) >= maxDoubts {
		return
	}
	o := c.try(ctx, c.owner, deed{"release " + release, "publish", sum}, http.MethodPost, "/api/publish?replace=false", file,
		map[int]string{http.StatusCreated: "done", http.StatusUnprocessableEntity: "refused"}, nil)
	if o.verdict == "done" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.acked[release] = sum
	}
}

// mark retires a release for a reason that nobody else has, or takes that back.
func (c *client) mark(ctx context.Context) {
	release := c.someRelease()
	object := "release " + release
	if c.history.doubts(object) >= maxDoubts {
		return
	}
	path := "/api/packages/" + strings.Replace(release, "/", "/releases/", 1) + "/retire"
	verdicts := map[int]string{http.StatusNoContent: "done", http.StatusNotFound: "refused"}
	if c.rand.IntN(3) == 0 {
		c.try(ctx, c.owner, deed{object, "mark", ""}, http.MethodDelete, path, nil, verdicts, nil)
		return
	}
	why := fmt.Sprint("why", c.serial.Add(1))
	c.try(ctx, c.owner, deed{object, "mark", why}, http.MethodPost, path, map[string]string{"reason": "other", "message": why}, verdicts, nil)
}

// lookAtRelease reads a release from the API.
func (c *client) lookAtRelease(ctx context.Context, release string) {
	path := "/api/packages/" + strings.Replace(release, "/", "/releases/", 1)
	c.try(ctx, c.nobody, deed{"release " + release, "look", ""}, http.MethodGet, path, nil,
		map[int]string{http.StatusOK: "seen", http.StatusNotFound: "seen"}, readRelease)
}

func readRelease(a fleet.Answer) (string, error) {
	if a.Status == http.StatusNotFound {
		return "", nil
	}
	var r struct {
		Checksum   string
		Retirement struct{ Message string }
	}
	err := json.Unmarshal(a.Body, &r)
	return r.Checksum + " " + r.Retirement.Message, err
}

// lookAtFile reads the signed file of a package, which tells of all its releases at once.
func (c *client) lookAtFile(ctx context.Context, pkg string) {
	n := c.node()
	began := c.history.now()
	a, err := c.nobody.Do(ctx, n, http.MethodGet, "/repo/packages/"+pkg, nil, c.seen.Load())
	c.heardOf(a.Revision)
	if err != nil || a.Status == http.StatusServiceUnavailable {
		c.count("look at a file", "unknown")
		c.rest()
		return
	}
	states, err := readFile(c.key, pkg, a)
	if err != nil {
		c.blame("%s: %v", n.Name, err)
		return
	}
	c.count("look at a file", "seen")
	c.mu.Lock()
	releases := slices.Clone(c.releases)
	c.mu.Unlock()
	for _, release := range releases {
		if strings.HasPrefix(release, pkg+"/") {
			c.history.add(c.id, deed{"release " + release, "look", ""}, began, outcome{"seen", states[release]})
		}
	}
}

// readFile reads a signed file as the states of releases.
func readFile(key *registry.PublicKey, pkg string, a fleet.Answer) (map[string]string, error) {
	states := map[string]string{}
	if a.Status == http.StatusNotFound {
		return states, nil
	}
	if a.Status != http.StatusOK {
		return nil, fmt.Errorf("the file of %s is answered %d %.300s", pkg, a.Status, a.Body)
	}
	file, err := registry.ReadPackage(key, a.Body, "hexhub", pkg)
	if err != nil {
		return nil, err
	}
	for _, r := range file.Releases {
		mark := ""
		if r.Retirement != nil {
			mark = r.Retirement.Message
		}
		states[pkg+"/"+r.Version] = hex.EncodeToString(r.OuterChecksum[:]) + " " + mark
	}
	return states, nil
}

// own adds, removes or lists owners of one of the packages that have been published.
func (c *client) own(ctx context.Context) {
	c.mu.Lock()
	published := slices.Sorted(maps.Keys(c.acked))
	c.mu.Unlock()
	if len(published) == 0 {
		return
	}
	release := c.someRelease()
	pkg, _, _ := strings.Cut(release, "/")
	if !slices.ContainsFunc(published, func(r string) bool { return strings.HasPrefix(r, pkg+"/") }) {
		return
	}
	object, path := "owners "+pkg, "/api/packages/"+pkg+"/owners"
	who := colleagues[c.rand.IntN(len(colleagues))]
	kind := c.rand.IntN(3)
	if c.history.doubts(object) >= maxDoubts {
		kind = 2
	}
	switch kind {
	case 0:
		c.try(ctx, c.owner, deed{object, "own", who}, http.MethodPut, path+"/"+who, map[string]string{"level": "maintainer"},
			map[int]string{http.StatusNoContent: "done"}, nil)
	case 1:
		c.try(ctx, c.owner, deed{object, "disown", who}, http.MethodDelete, path+"/"+who, nil,
			map[int]string{http.StatusNoContent: "done", http.StatusUnprocessableEntity: "refused"}, nil)
	default:
		c.try(ctx, c.owner, deed{object, "look", ""}, http.MethodGet, path, nil, map[int]string{http.StatusOK: "seen"}, readOwners)
	}
}

func readOwners(a fleet.Answer) (string, error) {
	var owners []struct{ Username string }
	if err := json.Unmarshal(a.Body, &owners); err != nil {
		return "", err
	}
	var names []string
	for _, o := range owners {
		if o.Username != "jose" {
			names = append(names, o.Username)
		}
	}
	return joinNames(names), nil
}

// useKeys makes a key, uses it, revokes it, and tries to use it again.
func (c *client) useKeys(ctx context.Context) {
	name := fmt.Sprintf("k%d", c.serial.Add(1))
	object := "key " + name
	began := c.history.now()
	secret, a, err := c.owner.NewKey(ctx, c.node(), name, c.seen.Load())
	c.heardOf(a.Revision)
	if err != nil || secret == "" {
		c.count("make", "unknown")
		c.rest()
		return // a secret that nobody was told is used by nobody
	}
	c.count("make", "done")
	c.history.add(c.id, deed{object, "make", ""}, began, outcome{verdict: "done"})
	key := c.nobody.With(secret)
	use := func() {
		c.try(ctx, key, deed{object, "use", ""}, http.MethodGet, "/api/auth?domain=api", nil,
			map[int]string{http.StatusOK: "done", http.StatusUnauthorized: "refused"}, nil)
	}
	use()
	use()
	o := c.try(ctx, c.owner, deed{object, "revoke", ""}, http.MethodDelete, "/api/keys/"+name, nil,
		map[int]string{http.StatusOK: "done", http.StatusNotFound: "refused"}, nil)
	if o.verdict == "done" {
		revoked := time.Now()
		c.probers.Go(func() { c.probe(ctx, key, name, revoked) })
	}
	use()
}

// probe uses a revoked key at every node, as one who has not heard of the revocation. After the grace it
// may work nowhere, on the wrong side of a cut neither.
func (l *load) probe(ctx context.Context, key *fleet.Client, name string, revoked time.Time) {
	time.Sleep(time.Until(revoked.Add(grace)))
	for range 3 {
		for _, n := range l.fleet.Nodes {
			asked := time.Now()
			a, err := key.Do(ctx, n, http.MethodGet, "/api/auth?domain=api", nil, 0)
			if err == nil && a.Status == http.StatusOK {
				l.blame("%s takes key %s %s after it was revoked", n.Name, name, asked.Sub(revoked).Round(time.Millisecond))
			}
		}
		time.Sleep(grace)
	}
}

// lookAtAll looks at every object once more, through some node each.
func (l *load) lookAtAll(ctx context.Context, seed uint64) {
	c := &client{load: l, id: clients, rand: rand.New(rand.NewPCG(seed, clients))}
	packages := map[string]bool{}
	for _, release := range c.releases {
		c.lookAtRelease(ctx, release)
		pkg, _, _ := strings.Cut(release, "/")
		packages[pkg] = true
	}
	for pkg := range packages {
		c.lookAtFile(ctx, pkg)
		c.try(ctx, c.owner, deed{"owners " + pkg, "look", ""}, http.MethodGet, "/api/packages/"+pkg+"/owners", nil,
			map[int]string{http.StatusOK: "seen", http.StatusNotFound: "seen"}, func(a fleet.Answer) (string, error) {
				if a.Status == http.StatusNotFound {
					return "", nil
				}
				return readOwners(a)
			})
	}
}

// missing says what of the acknowledged releases a node does not serve whole.
func (l *load) missing(ctx context.Context, n *fleet.Node) (lost []string) {
	for release, sum := range l.acked {
		a, err := l.nobody.Do(ctx, n, http.MethodGet, "/repo/tarballs/"+strings.Replace(release, "/", "-", 1)+".tar", nil, l.seen.Load())
		switch {
		case err != nil || a.Status != http.StatusOK:
			lost = append(lost, fmt.Sprintf("%s: %d %v", release, a.Status, err))
		case sumOf(a.Body) != sum:
			lost = append(lost, release+": other bytes")
		}
	}
	return lost
}

// sameBeforeLong compares what two nodes serve, and is nil once they serve the same: downloads are counted every few
// seconds, and may be so between the two questions.
func (l *load) sameBeforeLong(ctx context.Context, a, b *fleet.Node, paths ...string) error {
	var err error
	for began := time.Now(); time.Since(began) < 30*time.Second; time.Sleep(time.Second) {
		if err = l.same(ctx, a, b, paths...); err == nil {
			return nil
		}
	}
	return err
}

// same compares what two nodes serve, and is nil if they serve the same.
func (l *load) same(ctx context.Context, a, b *fleet.Node, paths ...string) error {
	var problems error
	for _, path := range paths {
		x, errX := l.owner.Do(ctx, a, http.MethodGet, path, nil, l.seen.Load())
		y, errY := l.owner.Do(ctx, b, http.MethodGet, path, nil, l.seen.Load())
		switch problem := errors.Join(errX, errY); {
		case problem != nil:
			problems = errors.Join(problems, fmt.Errorf("compare %s on %s and %s: %w", path, a.Name, b.Name, problem))
		case x.Status != http.StatusOK || x.Status != y.Status || !bytes.Equal(bytes.ReplaceAll(x.Body, []byte(a.URL), nil), bytes.ReplaceAll(y.Body, []byte(b.URL), nil)):
			problems = errors.Join(problems, fmt.Errorf("%s is %d with %d bytes on %s and %d with %d bytes on %s", path,
				x.Status, len(x.Body), a.Name, y.Status, len(y.Body), b.Name))
		}
	}
	return problems
}
