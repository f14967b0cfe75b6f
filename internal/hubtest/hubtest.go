// Package hubtest runs whole registries inside a test's process, filled with worlds told as text.
//
// It knows how a node is opened and stopped, and how a client asks over HTTP. It refuses to know what
// is right: that is for tests to say. Passwords are cheap to hash here and the signing key is everybody's,
// so nothing of it belongs into a program.
package hubtest

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"hexhub/hex/registry"
	"hexhub/internal/config"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/node"
)

//go:embed testdata/signing-key.pem
var signingKey []byte

// Signer returns the key that all registries of this package sign with, so that equal worlds have equal
// files.
func Signer(t testing.TB) *registry.Signer {
	t.Helper()
	s, err := registry.ParseKey(signingKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A Hub is a registry that serves on this machine until its test ends. Its rooms are those of the node.
type Hub struct {
	*node.Node
	Secrets map[string]string // of the world's API keys, by OWNER/NAME
	Log     *Log              // everything that the node logs

	t    testing.TB
	at   Addresses
	o    node.Options
	stop func()
}

// Unhurried is node.Unhurried, for benchmarks of what lies below.
func Unhurried() { node.Unhurried() }

// World serves a world from memory.
func World(t testing.TB, text string) *Hub {
	t.Helper()
	return At(t, text, Addresses{})
}

// Addresses are where people open a registry, though it is on this machine. Of an empty one the default holds.
type Addresses struct{ Site, Docs string }

// At is World for people who open it at those addresses.
func At(t testing.TB, text string, at Addresses) *Hub {
	t.Helper()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	return told(t, text, at, node.Options{Store: store.NewMemory(), Blobs: &blob.Memory{}, Sealer: sealer, Signer: Signer(t)})
}

// Nodes serves a world from several nodes, one over each log, which must all be of one cluster. They share their
// blobs. The world is told to the first.
func Nodes(t testing.TB, text string, logs ...store.Log) []*Hub {
	t.Helper()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	blobs, hubs := &blob.Memory{}, make([]*Hub, len(logs))
	for i, log := range logs {
		o := node.Options{Store: log, Blobs: blobs, Sealer: sealer, Signer: Signer(t), Name: fmt.Sprintf("node%d", i)}
		if i == 0 {
			hubs[i] = told(t, text, Addresses{}, o)
			continue
		}
		hubs[i] = &Hub{t: t, Secrets: hubs[0].Secrets}
		hubs[i].serve(o)
	}
	return hubs
}

// Real serves a world from etcd and the disk, as a program would, and makes a signing key of its own.
func Real(t testing.TB, text string) *Hub {
	t.Helper()
	return told(t, text, Addresses{}, node.Options{})
}

func told(t testing.TB, text string, at Addresses, o node.Options) *Hub {
	t.Helper()
	h := &Hub{t: t, at: at}
	h.serve(o)
	w, err := world.Build(t.Context(), h.Rooms(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	h.Secrets = w.Secrets
	return h
}

// serve starts a node until the test ends.
func (h *Hub) serve(o node.Options) {
	h.t.Helper()
	h.Log = &Log{}
	o.Version, o.Cost = "test", account.Cost{Memory: 64, Passes: 1, Lanes: 1}
	o.Log = slog.New(slog.NewJSONHandler(h.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.o = o
	h.start(config.Server{
		Data: h.t.TempDir(), Listen: "127.0.0.1:0", RepositoryName: "hexhub",
		Registration: "open", MailConfirm: "auto", DrainTimeout: 10 * time.Second, StoreQuota: 1 << 30, LiveStreams: 100,
		URL: h.at.Site, DocsURL: h.at.Docs,
	})
	h.t.Cleanup(func() { h.stop() })
}

func (h *Hub) start(c config.Server) {
	h.t.Helper()
	n, err := node.Open(h.t.Context(), c, h.o)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	h.Node = n
	h.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Errorf("the node ended: %v", err)
		}
		if err := n.Close(); err != nil {
			h.t.Errorf("close the node: %v", err)
		}
	}
}

// Restart stops the node and opens its data again, under the same URL. What was in memory only is gone.
func (h *Hub) Restart() {
	h.t.Helper()
	c := h.Config
	c.Listen = h.Addr()
	h.stop()
	h.start(c)
}

// Anonymous asks without a credential.
func (h *Hub) Anonymous() Client { return Client{T: h.t, URL: "http://" + h.Addr()} }

// As asks with the key of the world, such as jose/ci.
func (h *Hub) As(key string) Client {
	h.t.Helper()
	secret, ok := h.Secrets[key]
	if !ok {
		h.t.Fatalf("the world has no key %s", key)
	}
	return h.Anonymous().With(secret)
}
