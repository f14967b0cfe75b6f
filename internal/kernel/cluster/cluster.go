package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// Options are what a node may be told of itself and the others.
type Options struct {
	Dir       string // data folder, which exists
	Name      string // for people; empty means that of the machine
	Listen    string // address of the cluster port; empty means the one of last time, and at first none
	Advertise string // HOST:PORT that others reach it at; empty means Listen, with the machine's name for a wildcard
	Version   string // of this binary
	Join      *Ticket
	Kin       *Kin // for a node without data to find the others by, and they it; nil for none

	Settings map[string]string               // must be the same on all nodes
	OnLeave  func(tx *store.Tx, node string) // forgets what rows of others know of a node that is none any more; nil for nothing
	CertLife time.Duration                   // of this node's certificates; zero means 90 days
	Log      *slog.Logger                    // nil discards
}

const defaultLife = 90 * 24 * time.Hour

// A Cluster is this node among the others. It is opened in three steps, since who this node is, what it
// trusts and what it knows depend on each other: Open, Start and Attach.
type Cluster struct {
	o         Options
	log       *slog.Logger
	identity  *identity
	listener  net.Listener // nil for a lone node without a port
	sealer    *seal.Sealer
	authority *authority
	cert      atomic.Pointer[tls.Certificate]
	port      *port
	mux       *http.ServeMux
	etcd      *etcdlog.Log
	db        atomic.Pointer[store.DB] // nil until Attach
	orphans   map[uint64]time.Time     // learners without a row, since when; for Run alone
	joined    bool                     // by Open

	joining sync.Mutex // held while a node is let in

	mu      sync.Mutex // guards clients
	clients map[string]*http.Client
}

// Open finds out who this node is, takes the cluster port and, with a Ticket, joins: then it writes
// secret.key to the data folder, where seal.Open finds it.
func Open(ctx context.Context, o Options) (*Cluster, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.CertLife == 0 {
		o.CertLife = defaultLife
	}
	c := &Cluster{o: o, log: o.Log, mux: http.NewServeMux(), clients: map[string]*http.Client{}, orphans: map[uint64]time.Time{}}
	identity, made, err := loadIdentity(o.Dir)
	if err != nil {
		return nil, err
	}
	c.identity = identity
	if err := c.settle(ctx, made); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// settle decides name, address and cluster, and writes them down. An identity without a cluster is that of a
// node that has begun to join and was not let in yet.
func (c *Cluster) settle(ctx context.Context, made bool) error {
	i := c.identity
	if c.o.Name != "" {
		i.Name = c.o.Name
	} else if i.Name == "" {
		i.Name = machineName()
	}
	if c.o.Join != nil {
		if err := c.o.Join.mayUse(i, made); err != nil {
			return err
		}
	}
	if c.o.Kin != nil {
		if err := c.o.Kin.check(); err != nil {
			return err
		}
	}
	if err := c.listen(ctx); err != nil {
		return err
	}
	switch {
	case c.o.Join == nil && c.o.Kin != nil && i.knowsNothing(made):
		return c.gather(ctx)
	case c.o.Join == nil && made:
		i.Cluster = id.New()
	case c.o.Join == nil && i.Cluster == "":
		return fault.New(fault.Conflict, "this node has begun to join a cluster and was not let in yet: repeat the join command, or start anew in an empty folder")
	}
	if err := i.save(); err != nil {
		return err
	}
	if c.o.Join != nil && (i.Cluster == "" || len(i.Joining) > 0) {
		return c.join(ctx)
	}
	return nil
}

// machineName is the first part of this machine's name, or a plain word.
func machineName() string {
	host, err := os.Hostname()
	host, _, _ = strings.Cut(strings.ToLower(host), ".")
	if err != nil || !validName(host) {
		return "node"
	}
	return host
}

// validName reports whether a node may be called so.
func validName(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// listen takes the cluster port, if there is to be one.
func (c *Cluster) listen(ctx context.Context) error {
	i := c.identity
	if !validName(i.Name) {
		return fault.New(fault.Invalid, "%q cannot name a node: use lower-case letters, digits and dashes", i.Name)
	}
	listen, advertise := c.o.Listen, c.o.Advertise
	if listen == "" {
		listen = i.Listen
		if advertise == "" {
			advertise = i.Advertise
		}
	}
	if listen == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return &ListenError{Addr: listen, Err: err}
	}
	c.listener = l
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", listen, err)
	}
	_, bound, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return fmt.Errorf("listen on %s: %w", listen, err)
	}
	i.Listen = net.JoinHostPort(host, bound)
	if advertise == "" {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			if host, err = os.Hostname(); err != nil {
				return fmt.Errorf("find the name at which other nodes reach this one; say it with --cluster-advertise HOST:PORT: %w", err)
			}
		}
		advertise = net.JoinHostPort(host, bound)
	}
	i.Advertise = advertise
	return nil
}

// A ListenError says that the cluster port could not be taken.
type ListenError struct {
	Addr string
	Err  error
}

// Error implements error.
func (e *ListenError) Error() string { return fmt.Sprintf("listen on %s: %v", e.Addr, e.Err) }

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// Start makes the node's certificate from the shared secret and opens the port, on which at first only etcd
// is served.
func (c *Cluster) Start(sealer *seal.Sealer) (err error) {
	if c.authority, err = newAuthority(sealer, c.identity.Cluster); err != nil {
		return err
	}
	c.sealer = sealer
	if err := c.renew(time.Now()); err != nil {
		return err
	}
	if c.listener != nil {
		c.port = c.openPort(c.listener)
	}
	return nil
}

// renew makes the node another certificate, and writes it where etcd reads it.
func (c *Cluster) renew(now time.Time) error {
	cert, err := c.authority.sign(c.identity.ID, c.identity.key, c.o.CertLife, now)
	if err != nil {
		return err
	}
	if err := errors.Join(
		writeFile(c.identity.path("ca.crt"), pemOf(c.authority.cert.Raw)),
		writeFile(c.identity.path("node.crt"), pemOf(cert.Certificate...)),
	); err != nil {
		return fmt.Errorf("write the node's certificate: %w", err)
	}
	c.cert.Store(cert)
	return nil
}

// Etcd says how etcd is to be opened: under which name, and how it reaches other nodes.
func (c *Cluster) Etcd() (name string, peers *etcdlog.Peers) {
	i := c.identity
	if c.listener == nil {
		return i.ID, nil
	}
	p := &etcdlog.Peers{
		URL: "https://" + i.Advertise, Socket: c.port.socket,
		Cert: i.path("node.crt"), Key: i.path("node.key"), CA: i.path("ca.crt"), ServerName: c.authority.serverName(),
	}
	if len(i.Joining) > 0 {
		p.Join = map[string]string{}
		for id, address := range i.Joining {
			p.Join[id] = "https://" + address
		}
	}
	return i.ID, p
}

// Attach gives the cluster its log and loaded tables; from now on it knows who is a node. Handlers have been
// named before. The node writes its own row, or does so later if no majority can be reached now.
func (c *Cluster) Attach(ctx context.Context, log *etcdlog.Log, db *store.DB) error {
	all, err := log.Members(ctx)
	if err != nil {
		return err
	}
	if len(all) > 1 && c.listener == nil {
		return fault.New(fault.Conflict, "this is one of %d nodes, and has no port on which the others reach it: say it with --cluster-listen ADDR", len(all))
	}
	c.etcd = log
	c.db.Store(db)
	if len(c.identity.Joining) > 0 {
		c.identity.Joining = nil
		if err := c.identity.save(); err != nil {
			return err
		}
	}
	if err := c.enrol(ctx); err != nil && !fault.Is(err, fault.Unavailable) {
		return err
	}
	return nil
}

// Self is this node's row as it is to be.
func (c *Cluster) Self() Node {
	n, ok := nodes.Get(c.db.Load().View(), c.identity.ID)
	if !ok {
		n.ID, n.Joined = c.identity.ID, time.Now().UTC().Truncate(time.Second)
	}
	n.Name, n.Address, n.Key = c.identity.Name, c.identity.Advertise, c.identity.public()
	n.Version = c.o.Version
	n.Member, _ = c.etcd.Self()
	return n
}

// ID names this node for ever, whatever people call it.
func (c *Cluster) ID() string { return c.identity.ID }

// Name is how people call this node.
func (c *Cluster) Name() string { return c.identity.Name }

// Addr is where the cluster port listens, and how others reach it; empty without one.
func (c *Cluster) Addr() (listen, advertise string) {
	if c.listener == nil {
		return "", ""
	}
	return c.identity.Listen, c.identity.Advertise
}

// JustJoined reports whether this process has joined the cluster, which others had begun.
func (c *Cluster) JustJoined() bool { return c.joined }

// CertEnds is when the certificate ends that the node shows the others; zero without a port.
func (c *Cluster) CertEnds() time.Time {
	cert := c.cert.Load()
	if cert == nil || c.listener == nil {
		return time.Time{}
	}
	return cert.Leaf.NotAfter
}

// Close gives the port back. Connections of other nodes end.
func (c *Cluster) Close() error {
	c.mu.Lock()
	for _, h := range c.clients {
		h.CloseIdleConnections()
	}
	c.mu.Unlock()
	switch {
	case c.port != nil:
		return c.port.close()
	case c.listener != nil:
		return c.listener.Close()
	}
	return nil
}
