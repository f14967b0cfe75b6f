package node_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/tarball"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/node"

	"hexhub/internal/config"
)

// BenchmarkPublish publishes small packages through HTTP onto real etcd and a real disk, by one client
// and by many at once, each to packages of its own. Beside it stands what the disk allows: fdatasyncs of one file in a row, so
// x-fdatasync tells how many publishes one sync buys.
func BenchmarkPublish(b *testing.B) {
	for _, clients := range []int{1, 64, 200} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			c := config.Default()
			c.Data, c.Listen = b.TempDir(), "127.0.0.1:0"
			syncs := fdatasyncs(b, c.Data)
			n := open(b, c)
			key := newKey(b, n)
			bodies := tarballs(b, b.N)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range clients {
				wg.Go(func() {
					for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
						publish(b, client, n.URL+"/api", key, bodies[i])
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			rate := float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(rate, "publishes/s")
			b.ReportMetric(syncs, "fdatasyncs/s")
			b.ReportMetric(rate/syncs, "x-fdatasync")
		})
	}
}

// BenchmarkFetch gets a package's signed file and a tarball over one kept connection, in public and, with
// a key, from an organization's private repository. Showing a key may cost half as much again, not more.
func BenchmarkFetch(b *testing.B) {
	c := config.Default()
	c.Data, c.Listen = b.TempDir(), "127.0.0.1:0"
	n := open(b, c)
	key := newKey(b, n)
	founder, _ := account.ByName(n.DB.View(), "bench")
	if _, err := n.Orgs.Create(b.Context(), audit.By{}, name.MustRepository("guild"), founder.ID); err != nil {
		b.Fatal(err)
	}
	body := tarballs(b, 1)[0]
	publish(b, http.DefaultClient, n.URL+"/api", key, body)
	publish(b, http.DefaultClient, n.URL+"/api/repos/guild", key, body)
	fetcher := keyWith(b, n, access.Permission{Domain: access.DomainRepositories})
	for _, file := range []string{"packages/bench0", "tarballs/bench0-1.0.0.tar"} {
		for _, repo := range []struct{ name, path, authorization string }{
			{"public", "/repo/", ""}, {"private", "/repo/repos/guild/", fetcher},
		} {
			b.Run(filepath.Dir(file)+"/"+repo.name, func(b *testing.B) {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, n.URL+repo.path+file, nil)
				if err != nil {
					b.Fatal(err)
				}
				if repo.authorization != "" {
					req.Header.Set("Authorization", repo.authorization)
				}
				for b.Loop() {
					res, err := http.DefaultClient.Do(req)
					if err != nil || res.StatusCode != http.StatusOK {
						b.Fatal(res, err)
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
			})
		}
	}
}

func open(b *testing.B, c config.Server) *node.Node {
	b.Helper()
	n, _ := start(b, c)
	return n
}

func newKey(b testing.TB, n *node.Node) string {
	b.Helper()
	_, err := n.Accounts.Create(b.Context(), audit.By{}, account.Draft{
		Username: "bench", Emails: []string{"b@example.com"}, Password: "a long sentence is best", Verified: true, Admin: true, Service: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	return keyWith(b, n, access.Permission{Domain: access.DomainAPI})
}

// keyWith makes a key of the user bench.
func keyWith(b testing.TB, n *node.Node, permissions ...access.Permission) string {
	b.Helper()
	u, _ := account.ByName(n.DB.View(), "bench")
	actor := access.Actor{User: u, Via: access.Password}
	_, secret, err := n.Access.CreateKey(b.Context(), actor, access.OfUser(u.ID), access.KeyDraft{Name: "bench", Permissions: permissions})
	if err != nil {
		b.Fatal(err)
	}
	return secret
}

func tarballs(b *testing.B, n int) [][]byte {
	b.Helper()
	out := make([][]byte, n)
	about := "A package to measure with"
	for i := range out {
		m := tarball.Metadata{
			Name: fmt.Sprintf("bench%d", i), Version: "1.0.0", App: fmt.Sprintf("bench%d", i), Description: &about,
			Licenses: []string{"MIT"}, BuildTools: []string{"mix"},
		}
		var w bytes.Buffer
		if _, err := tarball.Write(&w, m, []tarball.Source{{Path: "mix.exs", Content: []byte("[]")}}); err != nil {
			b.Fatal(err)
		}
		out[i] = w.Bytes()
	}
	return out
}

func publish(b *testing.B, client *http.Client, api, key string, body []byte) {
	req, err := http.NewRequest(http.MethodPost, api+"/publish?replace=false", bytes.NewReader(body))
	if err != nil {
		b.Error(err)
		return
	}
	req.Header.Set("Authorization", key)
	res, err := client.Do(req)
	if err != nil {
		b.Error(err)
		return
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusCreated {
		b.Errorf("publish: %d %s", res.StatusCode, answer)
	}
}

// fdatasyncs measures how many syncs a second the disk does for one writer.
func fdatasyncs(b *testing.B, dir string) float64 {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "calibrate"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	n, start := 0, time.Now()
	for ; time.Since(start) < time.Second/2; n++ {
		if _, err := f.Write(make([]byte, 2048)); err != nil {
			b.Fatal(err)
		}
		if err := datasync(f); err != nil {
			b.Fatal(err)
		}
	}
	return float64(n) / time.Since(start).Seconds()
}
