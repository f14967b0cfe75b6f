// Package node builds one node of HexHub from its configuration. It is the only place that sees
// everything: rooms learn of each other here, surfaces are given their rooms here, and nowhere else.
package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"hexhub/hex/name"
	"hexhub/hex/registry"
	"hexhub/internal/config"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/connect"
	"hexhub/internal/feature/diff"
	"hexhub/internal/feature/docs"
	"hexhub/internal/feature/docsearch"
	"hexhub/internal/feature/index"
	"hexhub/internal/feature/mail"
	"hexhub/internal/feature/oauth"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/pass"
	"hexhub/internal/feature/policy"
	"hexhub/internal/feature/preview"
	"hexhub/internal/feature/search"
	"hexhub/internal/feature/setting"
	"hexhub/internal/feature/shortlink"
	"hexhub/internal/feature/source"
	"hexhub/internal/feature/stats"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/blob/s3"
	"hexhub/internal/kernel/cluster"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/lead"
	"hexhub/internal/kernel/level"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/origin"
	"hexhub/internal/kernel/replica"
	"hexhub/internal/kernel/roster"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
	"hexhub/internal/kernel/trace"
	"hexhub/internal/surface/call"
	"hexhub/internal/surface/front"
	"hexhub/internal/surface/ops"
	"hexhub/internal/surface/web/live"
	"hexhub/internal/surface/web/ui"
)

// Options are what a program, rather than an operator, decides. The zero value is a real node.
type Options struct {
	Version string
	Name    string       // of this node among the others, where the log is brought; empty means "hexhub"
	Log     *slog.Logger // nil discards

	Source func(config.Setting) string // where the value of a setting that is no default comes from; nil cannot tell

	Join *cluster.Ticket // to become a node of a cluster; nil for one that is or founds one

	// Tests may bring their own; nil means etcd, the local disk and the key file in the data folder.
	Store  store.Log
	Blobs  blob.Store
	Sealer *seal.Sealer
	Signer *registry.Signer // nil means the key that the registry made and keeps
	Cost   account.Cost     // of a password hash; zero means the usual
	Level  int              // to stand for an older or a newer binary; zero means level.Current
	Eager  bool             // to do a leader's chores as soon as it may lead, and not a minute later
}

// rest is for how long the node that starts leaves a leader's chores alone.
func (o Options) rest() time.Duration {
	if o.Eager {
		return 0
	}
	return firstChores
}

// A Node is everything that one process serves. Its rooms may be used directly.
type Node struct {
	Config   config.Server
	Name     string // among the nodes, as people call it
	URL      string // where people open it, without a trailing slash
	DB       *store.DB
	Etcd     *etcdlog.Log     // nil when the log was brought
	Cluster  *cluster.Cluster // nil when the log was brought, or is run elsewhere
	Blobs    blob.Store
	Sealer   *seal.Sealer
	Jobs     *job.Queue
	Mail     *mail.Mail
	Settings *setting.Settings
	Audit    *audit.Audit
	Accounts *account.Accounts
	Orgs     *org.Orgs
	Access   *access.Access
	OAuth    *oauth.OAuth
	Catalog  *catalog.Catalog
	Docs     *docs.Docs
	Trees    *docs.Trees
	Sources  *source.Sources
	Origins  origin.Origins // where documentation is shown
	Passes   *pass.Passes   // who may read what is private there
	Previews *preview.Previews
	Diffs    *diff.Diffs
	Policies *policy.Policies
	Links    *shortlink.Links
	Stats    *stats.Counter
	Index    *index.Index
	Search   *search.Index
	Manuals  *docsearch.Index // what documentation says
	Limiter  *limit.Limiter   // one for all surfaces, so that what they count is counted together
	Lead     *lead.Lead
	Backup   *backup.Backup // nil when none is configured
	Metrics  *prometheus.Registry

	replica      *replica.Store              // below Blobs; nil when there is a bucket, or the log was brought
	bucket       *s3.Store                   // likewise; nil when blobs lie on the nodes
	space        atomic.Pointer[etcdlog.Log] // Etcd, for those who may ask before it is there
	scrub        *scrub.Scrub                // of this node's disk, or of the bucket
	spool        s3.Spooler                  // where uploads rest on this machine
	backupTarget BackupTarget                // nil when there is none
	id           string                      // of this node, which stays when it is renamed
	gauges       *ops.Gauges
	traffic      *front.Metrics
	live         *live.Metrics
	trace        *trace.Tracer // nil when no collector is named
	logo         *ui.Logo      // of the operator; nil when there is none
	tally        ops.Tally
	refused      call.Memory
	operated     atomic.Pointer[ops.Ops] // nil until it runs
	draining     atomic.Bool             // takes no new requests
	shrinkDue    bool                    // the leader has left a round to the others; belongs to its own chores
	rawLog       store.Log
	leads        func() bool // says whether the log's election has this node lead; nil without one
	version      string
	source       func(config.Setting) string
	started      time.Time
	repository   name.Repository
	log          *slog.Logger
	listener     net.Listener
	closers      []func() error // in the order of opening
}

// tables are the schemas of all rooms.
var tables = []store.Schema{
	cluster.Tables, roster.Tables, scrub.Tables, lead.Tables, level.Tables, limit.Tables, job.Tables, audit.Tables, mail.Tables, setting.Tables, account.Tables, org.Tables, access.Tables, oauth.Tables, pass.Tables, catalog.Tables, policy.Tables, shortlink.Tables,
	stats.Tables, index.Tables, backup.Tables,
}

// Open builds a node and takes its addresses. It serves once Run is called; Close gives everything back.
// Problems of the configuration itself are for the caller to have checked.
func Open(ctx context.Context, c config.Server, o Options) (*Node, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	name := cmp.Or(o.Name, "hexhub")
	n := &Node{Config: c, Name: name, id: name, version: o.Version, source: o.Source, started: time.Now().UTC().Truncate(time.Second), log: o.Log, Limiter: limit.New(100_000), Metrics: prometheus.NewRegistry()}
	n.gauges, n.traffic, n.live = ops.NewGauges(n.Metrics), front.NewMetrics(n.Metrics), live.NewMetrics(n.Metrics)
	// Other nodes may be starting or failing as well, and agree on a leader meanwhile. One that has been here
	// before starts without them, and serves what it may.
	if err := n.open(store.Believing(store.Patient(ctx, leaderWithin)), o); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// leaderWithin is for how long a node that starts waits for a leader to be elected.
const leaderWithin = 30 * time.Second

func (n *Node) open(ctx context.Context, o Options) error {
	// The address first: it fails fastest, and everything shown to people is made from it.
	if err := n.listen(ctx); err != nil {
		return err
	}
	if err := n.openData(ctx, o); err != nil {
		return err
	}
	if err := n.openTrace(ctx); err != nil {
		return err
	}
	var err error
	if n.logo, err = openLogo(n.Config.SiteLogo); err != nil {
		return err
	}
	return n.openRooms(ctx, o)
}

// openTrace begins to tell the collector that the configuration names, if it names one.
func (n *Node) openTrace(ctx context.Context) (err error) {
	if n.Config.OtelEndpoint == "" {
		return nil
	}
	n.trace, err = trace.New(ctx, trace.Options{
		Endpoint: n.Config.OtelEndpoint, Percent: n.Config.OtelSample, Node: n.Name, Version: n.version, Log: n.log.With("part", "trace"),
	})
	n.closers = append(n.closers, n.trace.Close)
	return err
}

func (n *Node) listen(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", n.Config.Listen)
	if err != nil {
		return &ListenError{Addr: n.Config.Listen, Err: err}
	}
	n.listener = l
	n.closers = append(n.closers, func() error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil // the server closed it when it drained
	})
	n.URL = strings.TrimSuffix(n.Config.URL, "/")
	if n.URL == "" {
		n.URL = n.localURL(l.Addr())
	}
	return nil
}

// A ListenError says that an address could not be taken.
type ListenError struct {
	Addr string
	Err  error
}

// Error implements error.
func (e *ListenError) Error() string { return fmt.Sprintf("listen on %s: %v", e.Addr, e.Err) }

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// localURL is how a browser on this machine reaches the address.
func (n *Node) localURL(a net.Addr) string {
	scheme := "http"
	if n.Config.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return scheme + "://" + a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func (n *Node) openData(ctx context.Context, o Options) error {
	data := n.Config.Data
	if err := unfinished(data); err != nil {
		return err
	}
	if o.Store == nil || o.Blobs == nil || o.Sealer == nil {
		if err := os.MkdirAll(data, 0o700); err != nil {
			return fmt.Errorf("make the data folder: %w", err)
		}
	}
	var err error
	switch { // before the secret key, which a node that joins is given, and no second node makes
	case o.Store == nil && len(n.Config.EtcdEndpoints) > 0:
		err = n.openExternal(ctx, o)
	case o.Store == nil:
		err = n.openCluster(ctx, o)
	}
	if err != nil {
		return err
	}
	if n.Sealer = o.Sealer; n.Sealer == nil {
		if n.Sealer, err = seal.Open(filepath.Join(data, "secret.key")); err != nil {
			return fmt.Errorf("open the secret key: %w", err)
		}
	}
	n.spool = o.Blobs
	if n.Blobs = o.Blobs; n.Blobs == nil {
		if err := n.openBlobs(); err != nil {
			return err
		}
	}
	n.Blobs = n.gauges.Blobs(n.Blobs)
	if o.Store == nil && n.Etcd == nil {
		if err := n.openEtcd(ctx); err != nil {
			return err
		}
	}
	log := o.Store
	if log == nil {
		log = n.Etcd
	}
	n.rawLog = log
	if e, ok := log.(interface{ Election() func() bool }); ok {
		if elected := e.Election(); elected != nil {
			n.leads = func() bool { return elected() && !n.drained() }
		}
	}
	if n.DB, err = store.Open(ctx, n.gauges.Log(log), store.Options{Log: n.log.With("part", "store"), MaxAge: n.Config.StalePrivate}, tables...); err != nil {
		return fmt.Errorf("load the tables: %w", err)
	}
	n.closers = append(n.closers, func() error { n.DB.Close(); return nil })
	if n.Cluster != nil {
		if err := n.Cluster.Attach(ctx, n.Etcd, n.DB); err != nil {
			return fmt.Errorf("become a node of the cluster: %w", err)
		}
	}
	return nil
}

// openCluster finds out which node this is, and joins a cluster if it is told to.
func (n *Node) openCluster(ctx context.Context, o Options) error {
	kin, err := n.kin()
	if err != nil {
		return err
	}
	c, err := cluster.Open(ctx, cluster.Options{
		Dir: n.Config.Data, Name: n.Config.NodeName, Listen: n.Config.ClusterListen, Advertise: n.Config.ClusterAdvertise,
		Version: n.version, Join: o.Join, Kin: kin, Settings: map[string]string{"repository.name": n.Config.RepositoryName},
		OnLeave: scrub.Forget, Log: n.log.With("part", "cluster"),
	})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, c.Close)
	c.Handle("GET "+ops.VitalPath, http.HandlerFunc(n.tellPeer))
	c.Handle("GET "+ops.RefusalPath, http.HandlerFunc(n.tellPeer))
	n.log = n.log.With("node", c.Name())
	n.Cluster, n.Name, n.id = c, c.Name(), c.ID()
	return nil
}

func (n *Node) openEtcd(ctx context.Context) error {
	if err := n.Cluster.Start(n.Sealer); err != nil {
		return fmt.Errorf("open the cluster port: %w", err)
	}
	name, peers := n.Cluster.Etcd()
	log, err := etcdlog.Open(ctx, etcdlog.Options{
		Dir: filepath.Join(n.Config.Data, "etcd"), Name: name, Peers: peers, Quota: n.Config.StoreQuota,
		DiskReserve: uint64(max(n.Config.DiskReserve, 1)), // etcdlog takes none for its own default
		Logger:      n.log.With("part", "etcd"),
	})
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	n.Etcd = log
	n.space.Store(log)
	n.closers = append(n.closers, log.Close)
	return nil
}

func (n *Node) openRooms(ctx context.Context, o Options) error {
	repository, err := repositoryName(n.Config.RepositoryName)
	if err != nil {
		return err
	}
	n.repository = repository
	if err := level.Enter(ctx, n.DB, n.id, cmp.Or(o.Level, level.Current), n.version); err != nil {
		return err
	}
	if n.external() {
		if err := n.enterRoster(ctx); err != nil {
			return err
		}
	}
	n.Lead = lead.New(n.DB, lead.Options{Node: n.id, Leads: n.leads, After: o.rest(), Log: n.log})
	n.Jobs = job.New(n.DB, job.Options{Node: n.id, Idle: n.drained, Log: n.log, Trace: n.trace})
	if n.Mail, err = n.openMail(); err != nil {
		return err
	}
	n.Settings = setting.New(n.DB, n.definitions())
	n.Audit = audit.New(n.DB, audit.Options{Blobs: n.Blobs, Sealer: n.Sealer})
	n.Accounts = account.New(n.DB, n.accountOptions(o.Cost))
	n.Orgs = org.New(n.DB, n.orgOptions())
	if _, err := n.Orgs.EnsureDefault(ctx, repository); err != nil {
		return fmt.Errorf("make the default repository: %w", err)
	}
	n.Access = access.New(n.DB, n.Accounts, n.Sealer.Derive("access/key"), access.Options{
		DefaultRepository: repository, Rules: n.accessRules, ThingOf: catalog.ThingOf, Mail: n.Mail, Log: n.log,
		Bearer: func(r store.Reader, token string, at time.Time) (access.Token, error) {
			return n.OAuth.Bearer(r, token, at)
		},
	})
	n.OAuth = oauth.New(n.DB, n.Accounts, n.Access, n.Sealer, oauth.Options{
		DefaultRepository: repository, Issuer: n.URL, Rules: n.oauthRules, Log: n.log,
	})
	n.Stats = stats.New(n.DB, stats.Options{Node: n.id, Log: n.log})
	n.Catalog = catalog.New(n.DB, catalog.Options{DefaultRepository: repository, Mail: n.Mail, Recent: stats.Recent, Total: stats.Total})
	n.Docs = docs.New(n.DB, n.Blobs)
	if err := n.openUnpacked(); err != nil {
		return err
	}
	if err := n.openCompared(); err != nil {
		return err
	}
	n.Previews = preview.New(n.Blobs, n.Sources, preview.Options{})
	n.Policies = policy.New(n.DB, repository)
	if n.Links, err = shortlink.New(n.DB, n.URL, n.Origins); err != nil {
		return err
	}
	signer := o.Signer
	if signer == nil {
		if signer, err = index.EnsureKey(ctx, n.DB, n.Sealer); err != nil {
			return fmt.Errorf("open the signing key: %w", err)
		}
	}
	n.Search = search.New(n.DB, search.Options{Default: n.repository})
	if n.Index, err = index.New(n.DB, signer, index.Options{}); err != nil {
		return fmt.Errorf("build the index: %w", err)
	}
	if err := n.openBackup(); err != nil {
		return err
	}
	n.openScrub()
	return n.firstAdministrator(ctx)
}

// Close gives back everything, latest first. A node that runs is stopped through Run's context.
func (n *Node) Close() error {
	var err error
	for _, shut := range slices.Backward(n.closers) {
		err = errors.Join(err, shut())
	}
	n.closers = nil
	return err
}

// Addr is the address that the public site listens on.
func (n *Node) Addr() string { return n.listener.Addr().String() }

// Registry is what clients must know of this server.
func (n *Node) Registry() connect.Registry {
	return connect.Registry{
		URL: n.URL, Repository: n.Config.RepositoryName,
		Fingerprint: n.Index.Fingerprint(), PublicPEM: string(n.Index.PublicPEM()),
	}
}

// Run serves until ctx ends, then lets requests finish for as long as drain.timeout allows, and returns
// when all is written down. It returns an error when a part fails.
func (n *Node) Run(ctx context.Context) error {
	o := n.operator()
	n.operated.Store(o)
	pages := n.web(o)
	defer pages.Close()
	server := &http.Server{
		Handler:           n.handler(o, pages),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(pages.Close) // or pages that are open would be waited for
	operator, err := n.opsServers(ctx, o)
	if err != nil {
		return err
	}
	// The rooms' own work outlives the surfaces, so that what the last request left behind is kept.
	working, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	rooms, work := errgroup.WithContext(working)
	rooms.Go(func() error { return n.Jobs.Run(work) })
	rooms.Go(func() error { return n.Accounts.Run(work) })
	rooms.Go(func() error { return n.Access.Run(work) })
	rooms.Go(func() error { return n.Stats.Run(work) })
	rooms.Go(func() error { return n.Search.Run(work) })
	rooms.Go(func() error { return n.Manuals.Run(work) })
	rooms.Go(func() error {
		return limit.NewSharer(n.DB, n.Limiter, limit.Sharing{Nodes: n.members, Log: n.log}).Run(work)
	})
	if n.Cluster != nil {
		rooms.Go(func() error { return n.Cluster.Run(work) })
	}
	if n.external() {
		rooms.Go(func() error { return roster.Run(work, n.DB, n.inRoster(), n.log) })
	}
	rooms.Go(func() error { return n.Lead.Run(work, n.leadWork) })
	rooms.Go(func() error { return n.keepOwn(work) })
	rooms.Go(func() error { return n.forgetSetup(work) })
	rooms.Go(func() error { return n.countBlobs(work) })
	rooms.Go(func() error { return n.fillBlobs(work) })
	rooms.Go(func() error { return n.scrubDisk(work) })
	rooms.Go(func() error { return n.DB.Verify(work) })
	rooms.Go(n.warm)

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.serve(ctx, server, n.listener) })
	for _, s := range operator {
		g.Go(func() error { return s.run(ctx, n) })
	}
	g.Go(func() error {
		select {
		case <-work.Done():
			return fmt.Errorf("background work ended: %w", context.Cause(work))
		case <-ctx.Done():
			n.draining.Store(true)
			n.handOver(work)
			return nil
		}
	})
	err = g.Wait()
	stopWork()
	return errors.Join(err, ignoreCanceled(rooms.Wait()))
}

// handOver has another node lead while this one finishes what it has begun.
func (n *Node) handOver(ctx context.Context) {
	if n.Cluster == nil {
		return
	}
	successor, err := n.Cluster.HandOver(ctx)
	switch {
	case err != nil:
		n.log.Warn("the leadership was not handed over; the other nodes will elect a leader", "err", err)
	case successor != "":
		n.log.Info("another node leads now, because this one stops", "leader", successor)
	}
}

// warm derives the longest file before somebody has to wait for it. What is wrong with it shows again
// when it is asked for.
func (n *Node) warm() error {
	if _, err := n.Index.Versions(n.repository, 0); err != nil {
		n.log.Error("cannot derive the list of versions", "err", err)
	}
	return nil
}

// members says how many nodes serve, as far as this one knows.
func (n *Node) members(ctx context.Context) int {
	switch {
	case n.Etcd == nil:
		return 1
	case n.external():
		return max(1, roster.Live(n.DB.View(), time.Now()))
	}
	all, err := n.Etcd.Members(ctx)
	if err != nil && ctx.Err() == nil {
		n.log.Warn("cannot tell how many nodes there are; asking again", "err", err)
	}
	return len(all)
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// serve runs an HTTP server until ctx ends and its requests have finished.
func (n *Node) serve(ctx context.Context, s *http.Server, l net.Listener) error {
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.Background(), n.Config.DrainTimeout)
		defer cancel()
		err := s.Shutdown(limit)
		if err != nil {
			err = errors.Join(fmt.Errorf("requests did not finish in %s", n.Config.DrainTimeout), s.Close())
		}
		drained <- err
	})
	defer stop()
	err := n.serveOn(s, l)
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return <-drained
}

func (n *Node) serveOn(s *http.Server, l net.Listener) error {
	if n.Config.TLSCert != "" && l == n.listener {
		return s.ServeTLS(l, n.Config.TLSCert, n.Config.TLSKey)
	}
	return s.Serve(l)
}
