package cluster

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// What is spoken on the one port is agreed on before anything is said (ALPN). Who names no protocol is etcd.
const (
	protoPeer = "hexhub-peer/1" // nodes ask nodes; HTTP/1.1
	protoJoin = "hexhub-join/1" // strangers ask to be let in; HTTP/1.1
)

const (
	handshakeWithin = 10 * time.Second
	mostHandshakes  = 256 // at once; more wait to be accepted
)

// A port is the one TLS listener on which nodes meet. It lets nobody in who is not a node, before a byte
// of what they say is read, but strangers who ask to join; and hands connections on by what is spoken.
type port struct {
	c        *Cluster
	listener net.Listener
	socket   string // of etcd
	servers  map[string]*handoff
	busy     chan struct{}
	done     sync.WaitGroup

	mu    sync.Mutex          // guards conns
	conns map[net.Conn]string // by the id of the node at the other end; "" for a stranger
}

// A handoff is an HTTP server whose connections come from the port.
type handoff struct {
	http  *http.Server
	conns chan net.Conn
	ended chan struct{}
	addr  net.Addr
}

// A spoken is a connection whose protocol is agreed on. It hides that it is TLS from net/http, which closes
// TLS connections of protocols that it does not know.
type spoken struct {
	net.Conn
	tls tls.ConnectionState
}

type spokenKey struct{}

// asTLS restores what spoken hid.
func asTLS(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := r.Context().Value(spokenKey{}).(tls.ConnectionState)
		r.TLS = &state
		h.ServeHTTP(w, r)
	})
}

// Accept implements net.Listener.
func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.ended:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; what ends it is the port.
func (h *handoff) Close() error { return nil }

// Addr implements net.Listener.
func (h *handoff) Addr() net.Addr { return h.addr }

func (c *Cluster) openPort(l net.Listener) *port {
	p := &port{
		c: c, listener: l, socket: c.identity.path("etcd.sock"), servers: map[string]*handoff{},
		busy: make(chan struct{}, mostHandshakes), conns: map[net.Conn]string{},
	}
	for proto, h := range map[string]http.Handler{protoPeer: c.peerHandler(), protoJoin: c.joinHandler()} {
		s := &handoff{conns: make(chan net.Conn), ended: make(chan struct{}), addr: l.Addr(), http: &http.Server{
			Handler: asTLS(h), ReadHeaderTimeout: handshakeWithin, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
			ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelDebug),
			ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
				return context.WithValue(ctx, spokenKey{}, conn.(spoken).tls)
			},
			ConnState: func(conn net.Conn, s http.ConnState) {
				if s == http.StateClosed || s == http.StateHijacked {
					p.forget(conn.(spoken).Conn)
				}
			},
		}}
		p.servers[proto] = s
		p.done.Go(func() { _ = s.http.Serve(s) })
	}
	p.done.Go(p.accept)
	return p
}

func (p *port) accept() {
	config := p.c.serverConfig()
	pause := 5 * time.Millisecond
	for {
		p.busy <- struct{}{}
		conn, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of files, or the like
			p.c.log.Warn("the cluster port takes no connection; trying again", "err", err)
			<-p.busy
			time.Sleep(pause)
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 5 * time.Millisecond
		impatient(conn)
		p.done.Go(func() { p.welcome(tls.Server(conn, config)) })
	}
}

// welcome finds out who is there and hands the connection on.
func (p *port) welcome(conn *tls.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeWithin)
	p.remember(conn, "")
	err := conn.HandshakeContext(ctx)
	cancel()
	<-p.busy
	if err != nil {
		p.c.log.Debug("refused at the cluster port", "from", conn.RemoteAddr(), "err", err)
		p.drop(conn)
		return
	}
	state := conn.ConnectionState()
	if state.NegotiatedProtocol == protoKin {
		defer p.drop(conn)
		if err := p.c.answerKin(context.Background(), conn); err != nil && !errors.Is(err, net.ErrClosed) {
			p.c.log.Warn("refused a node that was told of others", "from", conn.RemoteAddr(), "err", err)
		}
		return
	}
	if state.NegotiatedProtocol != protoJoin {
		id := state.PeerCertificates[0].Subject.CommonName
		p.remember(conn, id)
		if p.c.known(id) != nil { // removed meanwhile
			p.drop(conn)
			return
		}
	}
	s := p.servers[state.NegotiatedProtocol]
	if s == nil {
		p.passOn(conn)
		return
	}
	select {
	case s.conns <- spoken{conn, state}:
	case <-s.ended:
		p.drop(conn)
	}
}

// passOn gives a connection to etcd.
func (p *port) passOn(conn net.Conn) {
	defer p.drop(conn)
	inside, err := net.Dial("unix", p.socket)
	if err != nil {
		p.c.log.Debug("the store takes no connection yet", "err", err)
		return
	}
	splice(inside, conn, idle)
}

func (p *port) remember(conn net.Conn, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = id
}

func (p *port) forget(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

func (p *port) drop(conn net.Conn) {
	conn.Close()
	p.forget(conn)
}

// dropUnknown ends the connections of nodes that are not known any more.
func (p *port) dropUnknown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn, id := range p.conns {
		if id != "" && p.c.known(id) != nil {
			p.c.log.Info("ended a connection of a node that was removed", "node", id)
			conn.Close()
		}
	}
}

func (p *port) close() error {
	err := p.listener.Close()
	for _, s := range p.servers {
		close(s.ended)
		_ = s.http.Close()
	}
	p.mu.Lock()
	for conn := range p.conns {
		conn.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// serverConfig is the TLS of the port.
func (c *Cluster) serverConfig() *tls.Config {
	base := &tls.Config{
		MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.cert.Load(), nil },
	}
	node := base.Clone()
	node.ClientAuth, node.ClientCAs = tls.RequireAndVerifyClientCert, c.authority.pool()
	node.VerifyConnection = func(s tls.ConnectionState) error { return c.judge(s, "") }
	peer := node.Clone()
	peer.NextProtos = []string{protoPeer}
	stranger := base.Clone()
	stranger.ClientAuth, stranger.NextProtos = tls.RequireAnyClientCert, []string{protoJoin}
	kin := stranger.Clone()
	kin.NextProtos = []string{protoKin}
	base.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		switch {
		case c.o.Kin != nil && slices.Contains(hello.SupportedProtos, protoKin):
			return kin, nil
		case slices.Contains(hello.SupportedProtos, protoJoin):
			return stranger, nil
		case slices.Contains(hello.SupportedProtos, protoPeer):
			return peer, nil
		}
		return node, nil
	}
	return base
}

// judge says why the other end is not a node of this cluster, or not the one that was meant, though its
// certificate is good.
func (c *Cluster) judge(s tls.ConnectionState, want string) error {
	leaf := s.PeerCertificates[0]
	id := leaf.Subject.CommonName
	key, ok := leaf.PublicKey.(ed25519.PublicKey)
	if !ok || want != "" && id != want {
		return fmt.Errorf("the certificate is of %q, not of %q", id, want)
	}
	return c.knownBy(id, key)
}

// known says why there is no such node, or nil.
func (c *Cluster) known(id string) error { return c.knownBy(id, nil) }

// knownBy also wants the node's key. Until the tables are loaded every certificate is believed: only etcd is
// served then, and itself refuses members it has removed.
func (c *Cluster) knownBy(id string, key ed25519.PublicKey) error {
	db := c.db.Load()
	if db == nil {
		return nil
	}
	n, ok := nodes.Get(db.View(), id)
	if !ok || key != nil && !key.Equal(ed25519.PublicKey(n.Key)) {
		return fmt.Errorf("%q is no node of this cluster, or was removed", id)
	}
	return nil
}

// watchTrust ends what removed nodes still have open, until ctx ends.
func (c *Cluster) watchTrust(ctx context.Context) {
	for {
		v := c.db.Load().View()
		for range nodes.All(v) { // so that the View hears of any change
		}
		v.Close()
		c.port.dropUnknown()
		if v.Wait(ctx) != nil {
			return
		}
	}
}
