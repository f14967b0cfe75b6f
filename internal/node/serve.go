package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"hexhub/hex/name"
	"hexhub/internal/config"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/operator"
	"hexhub/internal/feature/world"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/roster"
	"hexhub/internal/surface/api"
	"hexhub/internal/surface/dochost"
	"hexhub/internal/surface/door"
	"hexhub/internal/surface/front"
	"hexhub/internal/surface/ops"
	"hexhub/internal/surface/repo"
	webaccount "hexhub/internal/surface/web/account"
	"hexhub/internal/surface/web/admin"
	"hexhub/internal/surface/web/dash"
	"hexhub/internal/surface/web/find"
	"hexhub/internal/surface/web/live"
	"hexhub/internal/surface/web/packages"
	"hexhub/internal/surface/web/palette"
	webpass "hexhub/internal/surface/web/pass"
	webpeople "hexhub/internal/surface/web/people"
	"hexhub/internal/surface/web/setup"
	"hexhub/internal/surface/web/ui"
)

// Rooms are the rooms in which a world can be built.
func (n *Node) Rooms() world.Rooms {
	return world.Rooms{
		DB: n.DB, Blobs: n.Blobs, Repository: n.repository, Accounts: n.Accounts,
		Orgs: n.Orgs, Access: n.Access, Catalog: n.Catalog,
	}
}

// handler is the public site.
func (n *Node) handler(o *ops.Ops, pages *ui.Web) http.Handler {
	return front.New(front.Options{
		API: api.New(api.Rooms{
			DB: n.DB, Blobs: n.Blobs, Accounts: n.Accounts, Access: n.Access, Orgs: n.Orgs, Catalog: n.Catalog, Docs: n.Docs, Trees: n.Trees, Pages: n.pages(), Manuals: n.Manuals, Policies: n.Policies, Links: n.Links,
			OAuth: n.OAuth, Audit: n.Audit,
			Default: n.repository, URL: n.URL, Spread: n.spread(),
		}, api.Options{Limiter: n.Limiter}),
		Ops: o.Remote(),
		Repo: repo.New(repo.Deps{
			DB: n.DB, Index: n.Index, Access: n.Access, Blobs: n.Blobs, Stats: n.Stats, Default: n.repository, Log: n.log,
		}),
		Docs: dochost.New(dochost.Deps{
			DB: n.DB, Trees: n.Trees, Manuals: n.Manuals, Origins: n.Origins, Default: n.repository, Site: n.URL, Log: n.log,
			Access: n.Access, Passes: n.Passes, External: n.docsUse,
			Session: func(r *http.Request) string { return pages.Cookie(r, ui.SessionCookie) },
		}),
		OfDocs:  n.Origins.Serves,
		Site:    pages,
		Blocked: (&blocklist{n: n}).Holds, DB: n.DB,
		Refuse:  front.Refusals{API: api.Refuse, Ops: o.Refuse, Site: pages.Refuse},
		Proxies: n.Config.Proxies(), Log: n.log, Metrics: n.traffic, Trace: n.trace, Node: n.Name, Refused: &n.refused,
	})
}

// web is what people see in a browser.
func (n *Node) web(o *ops.Ops) *ui.Web {
	w := ui.New(ui.Options{
		URL: n.URL, Repository: n.Config.RepositoryName, Version: n.version, Log: n.log, DB: n.DB, Open: n.Accounts.Open, Sudo: n.Accounts.Sudo, Near: n.near,
		Brand: n.brand, Logo: n.logo,
		Live: live.Options{Most: int(n.Config.LiveStreams), Drained: n.drained, Metrics: n.live},
	})
	webaccount.Register(w, webaccount.Deps{
		DB: n.DB, Accounts: n.Accounts, Access: n.Access, Orgs: n.Orgs, OAuth: n.OAuth, Registry: n.Registry(), Rules: n.accountRules,
	})
	find.Register(w, find.Deps{DB: n.DB, Catalog: n.Catalog, Search: n.Search, Manuals: n.Manuals, Docs: n.pages(), URL: n.URL, Default: n.repository})
	palette.Register(w, palette.Deps{Catalog: n.Catalog, Search: n.Search, Manuals: n.Manuals, Docs: n.pages(), Default: n.repository, Nodes: n.nodeNames})
	n.addSite(w)
	packages.Register(w, packages.Deps{
		DB: n.DB, Access: n.Access, Catalog: n.Catalog, Audit: n.Audit, Previews: n.Previews, Sources: n.Sources, Diffs: n.Diffs, Log: n.log, Default: n.repository,
		Registry: n.Registry(), Docs: n.pages(), Trees: n.Trees, Manuals: n.Manuals,
		Unlisted: n.unlisted,
	})
	dash.Register(w, dash.Deps{DB: n.DB, Access: n.Access, Orgs: n.Orgs, Policies: n.Policies, Audit: n.Audit, Registry: n.Registry()})
	webpass.Register(w, n.Passes)
	webpeople.Register(w, webpeople.Deps{DB: n.DB, Default: n.repository})
	addDemo(w)
	setup.Register(w, setup.Deps{
		DB: n.DB, Accounts: n.Accounts, Access: n.Access, Settings: n.Settings, Rooms: n.Rooms(), Examine: o.Examine, Registry: n.Registry(),
	})
	admin.Register(w, admin.Deps{
		DB: n.DB, Accounts: n.Accounts, Orgs: n.Orgs, Catalog: n.Catalog, Settings: n.Settings, Audit: n.Audit, Operator: o.Operator, Default: n.repository,
		Report: o.Report, Examine: o.Examine, Started: n.startedWith(), Blobs: n.tally.Last, Spread: n.replica != nil, CertEnd: n.certEnd(),
	})
	return w
}

// startedWith tells of the settings that this node was started with. Where they come from only the program knows.
func (n *Node) startedWith() []admin.Started {
	var out []admin.Started
	without := config.Default()
	for _, x := range config.Settings() {
		s := admin.Started{Key: x.Key, Flag: x.Flag, Env: x.Env, Help: x.Help, Value: x.Value(n.Config), Default: x.Value(without)}
		if s.Value != s.Default && n.source != nil {
			s.Source = n.source(x)
		}
		out = append(out, s)
	}
	return out
}

// An opsServer serves the operator on one listener.
type opsServer struct {
	handler  http.Handler
	listener net.Listener
}

func (s opsServer) run(ctx context.Context, n *Node) error {
	return n.serve(ctx, &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}, s.listener)
}

// operator is what operators are told and obeyed, wherever they are.
func (n *Node) operator() *ops.Ops {
	return ops.New(ops.Deps{
		Version: n.version, DB: n.DB, Log: n.Etcd, Cluster: n.Cluster, Operator: n.machinery(), Accounts: n.Accounts, Access: n.Access, Orgs: n.Orgs, Catalog: n.Catalog, OAuth: n.OAuth, Settings: n.Settings,
		Mail: n.Mail, Jobs: n.Jobs,
		Audit: n.Audit, Registry: n.Registry(), Metrics: n.Metrics, Ready: n.ready, Setup: n.StartSetup, Logger: n.log,
		Doctor: doctor.Deps{
			Dir: n.Config.Data, URL: n.URL, DB: n.DB, Log: statusOf(n.Etcd), Blobs: n.Blobs,
			Bucket: n.probe(), Reserve: n.Config.DiskReserve, Fingerprint: n.Index.Fingerprint(), NodeCertEnds: n.nodeCertEnds(),
		},
		Examined: n.examined, Refused: &n.refused,
		Self: n.self(), Peers: n.peers(), Others: n.others(),
		Blobs: n.tally.Last, CertEnd: n.certEnd(),
		Door: door.Door{DB: n.DB, Access: n.Access, Limiter: n.Limiter},
	})
}

// machinery is what administrators operate, from wherever they do.
func (n *Node) machinery() *operator.Operator {
	return operator.New(operator.Deps{
		DB: n.DB, Cluster: n.Cluster, External: n.external(), SoleBlobs: n.soleBlobs, Jobs: n.Jobs, Mail: n.Mail, Backup: n.Backup, Log: n.log,
	})
}

// probe is what tries the bucket, or nil.
func (n *Node) probe() doctor.Prober {
	if n.bucket == nil {
		return nil
	}
	return n.bucket
}

// probeBackup tries the bucket for backups; nil if they go into a folder, or nowhere.
func (n *Node) probeBackup() doctor.Prober {
	p, _ := n.backupTarget.(doctor.Prober)
	return p
}

func (n *Node) self() ops.Self {
	s := ops.Self{ID: n.id, Name: n.Name, Zone: n.Config.NodeZone, Disk: n.disk, Traffic: n.traffic.Recent}
	if n.Cluster != nil {
		_, s.Address = n.Cluster.Addr()
	}
	if n.replica != nil {
		s.Lacks = func() int64 { return n.replica.Stats().Missing }
	}
	return s
}

// peers lists the other nodes; it is nil where there can be none.
func (n *Node) peers() func() []cluster.Peer {
	if n.Cluster == nil {
		return nil
	}
	return n.Cluster.Peers
}

// nodeNames are the names of all nodes, this one's first.
func (n *Node) nodeNames() []string {
	names := []string{n.Name}
	if n.Cluster != nil {
		for _, p := range n.Cluster.Peers() {
			names = append(names, p.Name)
		}
	}
	if n.external() {
		for _, r := range roster.All(n.DB.View()) {
			if r.ID != n.id {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

// spread waits until the other nodes have what this one has; it is nil where there can be none.
func (n *Node) spread() func(context.Context) {
	if n.Cluster == nil {
		return nil
	}
	return func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		ops.Spread(ctx, n.Cluster.Peers(), n.DB.Revision())
	}
}

// tellPeer tells another node how this one does, or what it refused.
func (n *Node) tellPeer(w http.ResponseWriter, r *http.Request) {
	o := n.operated.Load()
	if o == nil {
		http.Error(w, "this node is still starting", http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path == ops.RefusalPath {
		o.Refusal().ServeHTTP(w, r)
		return
	}
	o.Vital().ServeHTTP(w, r)
}

// opsServers takes the operator's socket and, if one is configured, the address for health and metrics.
func (n *Node) opsServers(ctx context.Context, o *ops.Ops) ([]opsServer, error) {
	ops.RegisterMetrics(n.Metrics, ops.Measured{
		Version: n.version, DB: n.DB, Log: n.Etcd, Jobs: n.Jobs, Blobs: n.tally.Last, Replica: n.replica, Scrub: n.scrub, Manuals: n.Manuals, CertEnd: n.certEnd(),
	})
	local, err := listenSocket(ctx, n.Config.OpsSocket())
	if err != nil {
		return nil, err
	}
	servers := []opsServer{{o.Local(), local}}
	if n.Config.OpsListen == "" {
		return servers, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", n.Config.OpsListen)
	if err != nil {
		return nil, errors.Join(&ListenError{Addr: n.Config.OpsListen, Err: err}, local.Close())
	}
	return append(servers, opsServer{o.Public(), l}), nil
}

// listenSocket takes a unix socket that only this user can open. The data folder is locked by now, so a
// socket that is there was left behind by a process that was killed.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the old operator's socket: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("take the operator's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("close the operator's socket to others: %w", err), l.Close())
	}
	return l, nil
}

// ready says why the node should not be sent requests. That it is cut off from the others is no reason: what is
// public it serves.
func (n *Node) ready() error {
	if n.draining.Load() {
		return fault.New(fault.Unavailable, "it is stopping, and finishes what it has begun")
	}
	if n.Etcd == nil || n.external() {
		return nil
	}
	if n.drained() {
		return fault.New(fault.Unavailable, "it is drained, and answers until it is stopped; to take it back: hexhub cluster undrain %s", n.Name)
	}
	s, err := n.Etcd.Status(context.Background())
	switch {
	case err != nil:
		return fmt.Errorf("ask the store how it does: %w", err)
	case s.Learner:
		return fault.New(fault.Unavailable, "it still copies what the others have")
	}
	return nil
}

// drained reports whether nothing new is to be laid on this node.
func (n *Node) drained() bool { return n.Cluster != nil && n.Cluster.Drained() }

// repositoryName reads the name of the default repository from a checked configuration.
func repositoryName(text string) (name.Repository, error) {
	n, err := name.ParseRepository(text)
	if err != nil {
		return n, fmt.Errorf("repository.name %q: %w", text, err)
	}
	return n, nil
}
