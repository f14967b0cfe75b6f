package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhub/hex/registry"
	"hexhub/internal/hubtest"
)

// A publication is a version that somebody has tried to publish.
type publication struct {
	pkg, version string
	sum          [sha256.Size]byte // of its tarball
}

func (p publication) String() string { return p.pkg + " " + p.version }

// publishers publish versions at once until all are acknowledged, across deaths of the server.
type publishers struct {
	t     *testing.T
	s     *server
	keys  []hubtest.Client
	total int

	next atomic.Int64 // of the publication to come
	done atomic.Int64 // publications acknowledged

	mu    sync.Mutex    // guards up
	up    chan struct{} // closed while the server is thought to be up
	acked sync.Map      // publication → true, those answered with 201
}

// C2: Everything that was answered with 201 is there after the process was killed, whole; and what was
// not answered is there whole or not at all.
func TestC2KillLosesNothingAcknowledged(t *testing.T) {
	total, kills := 2000, 6
	if testing.Short() {
		total, kills = 300, 2
	}
	s := serve(t)
	p := &publishers{t: t, s: s, total: total, up: make(chan struct{})}
	close(p.up)
	for i := range 8 {
		p.keys = append(p.keys, s.register(fmt.Sprintf("user%d", i)))
	}
	var wg sync.WaitGroup
	for i := range p.keys {
		wg.Go(func() { p.publish(i) })
	}
	for i := range kills {
		// Somewhere in this part of the work, and not at a round number.
		until := int64(total*i/kills + 1 + rand.N(total/kills/2))
		p.killAfter(until)
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	s.kill()
	s.again()
	p.check()
}

// publication is the nth of all. Each publisher has packages of its own, with many versions.
func (p *publishers) publication(publisher, n int) (publication, []byte) {
	pub := publication{pkg: fmt.Sprintf("p%d_%d", publisher, n%7), version: fmt.Sprintf("1.%d.0", n)}
	file := hubtest.Tarball(p.t, pub.pkg, pub.version)
	pub.sum = sha256.Sum256(file)
	return pub, file
}

// publish works until all is published. A publication whose answer was lost is tried again; that it is
// there already is then as good as an acknowledgement.
func (p *publishers) publish(publisher int) {
	for {
		n := int(p.next.Add(1)) - 1
		if n >= p.total {
			return
		}
		pub, file := p.publication(publisher, n)
		for tries := 0; ; tries++ {
			if !p.awaitServer() {
				return
			}
			answer, err := p.keys[publisher].Try(http.MethodPost, "/api/publish?replace=false", file)
			if err == nil && (answer.Status == http.StatusCreated || tries > 0 && isThere(answer)) {
				p.acked.Store(pub, true)
				p.done.Add(1)
				break
			}
			if err == nil && answer.Status != http.StatusServiceUnavailable {
				p.t.Errorf("publish %s, try %d: %d %s", pub, tries, answer.Status, answer.Body)
				return
			}
		}
	}
}

// isThere reports whether a publication was refused because the version is there.
func isThere(a hubtest.Answer) bool {
	return a.Status == http.StatusUnprocessableEntity && bytes.Contains(a.Body, []byte("--replace"))
}

// awaitServer waits until the server is up, and reports whether to go on.
func (p *publishers) awaitServer() bool {
	p.mu.Lock()
	up := p.up
	p.mu.Unlock()
	select {
	case <-up:
		return !p.t.Failed()
	case <-time.After(patience):
		p.t.Error("the server does not come back")
		return false
	}
}

// killAfter waits until so many publications are acknowledged, kills the server amid the next ones, and
// starts it again.
func (p *publishers) killAfter(acknowledged int64) {
	p.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); p.done.Load() < acknowledged; <-tick.C {
		if time.Now().After(deadline) || p.t.Failed() {
			p.t.Errorf("only %d of %d publications were acknowledged", p.done.Load(), acknowledged)
			return
		}
	}
	down := make(chan struct{})
	p.mu.Lock()
	p.up = down
	p.mu.Unlock()
	p.s.kill()
	p.s.again()
	close(down)
}

// check looks at everything from outside, in all three places where clients do.
func (p *publishers) check() {
	p.t.Helper()
	acked := map[string]map[string]publication{} // by package and version
	p.acked.Range(func(key, _ any) bool {
		pub := key.(publication)
		if acked[pub.pkg] == nil {
			acked[pub.pkg] = map[string]publication{}
		}
		acked[pub.pkg][pub.version] = pub
		return true
	})
	key, err := registry.ParsePublicKey(p.s.client().Get("/repo/public_key").Expect(p.t, http.StatusOK).Body)
	if err != nil {
		p.t.Fatal(err)
	}
	found := 0
	for pkg, versions := range acked {
		found += p.checkPackage(key, pkg, versions)
	}
	if found != p.total {
		p.t.Errorf("%d of %d publications are there", found, p.total)
	}
}

func (p *publishers) checkPackage(key *registry.PublicKey, pkg string, acked map[string]publication) int {
	p.t.Helper()
	c := p.s.client()
	file, err := registry.ReadPackage(key, c.Get("/repo/packages/"+pkg).Expect(p.t, http.StatusOK).Body, "hexhub", pkg)
	if err != nil {
		p.t.Fatal(err)
	}
	var row struct{ Releases []struct{ Version string } }
	c.Get("/api/packages/"+pkg).Expect(p.t, http.StatusOK).JSON(p.t, &row)
	inAPI := map[string]bool{}
	for _, r := range row.Releases {
		inAPI[r.Version] = true
	}
	// Every release of the signed file, acknowledged or not, is whole.
	for _, r := range file.Releases {
		got := c.Get("/repo/tarballs/"+pkg+"-"+r.Version+".tar").Expect(p.t, http.StatusOK).Body
		if sha256.Sum256(got) != r.OuterChecksum {
			p.t.Errorf("the tarball of %s %s is not the one that the registry names", pkg, r.Version)
		}
		if pub, ok := acked[r.Version]; ok && pub.sum != r.OuterChecksum {
			p.t.Errorf("%s has checksum %s, not that of what was published", pub, hex.EncodeToString(r.OuterChecksum[:]))
		}
		if !inAPI[r.Version] {
			p.t.Errorf("%s %s is in the registry and not in the API", pkg, r.Version)
		}
		delete(acked, r.Version)
	}
	for _, lost := range acked {
		p.t.Errorf("%s was acknowledged and is lost", lost)
	}
	if len(row.Releases) != len(file.Releases) {
		p.t.Errorf("%s: the API has %d releases, the registry %d", pkg, len(row.Releases), len(file.Releases))
	}
	return len(file.Releases)
}
