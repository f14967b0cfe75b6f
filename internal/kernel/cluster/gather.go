package cluster

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/id"
)

// sayAgain is after how long a node that still waits for the same thing says so again.
const sayAgain = time.Minute

// knowsNothing reports whether the node may still become one of any cluster: it has neither founded nor copied
// the log. Only such a node looks for others.
func (i *identity) knowsNothing(made bool) bool {
	if made {
		return !holdsData(i.dir)
	}
	if i.Cluster != "" && len(i.Joining) == 0 {
		return false
	}
	_, err := os.Lstat(filepath.Join(i.dir, "etcd", "member", "wal"))
	return errors.Is(err, fs.ErrNotExist)
}

// gather looks for the others until this node is one of them, or the first.
func (c *Cluster) gather(ctx context.Context) error {
	if c.listener == nil {
		return fault.New(fault.Invalid, "a node that is to find others needs an address for them to reach it: say it with --cluster-listen ADDR, such as :4001")
	}
	if err := checkAddress(c.identity.Advertise); err != nil {
		return err
	}
	if err := c.identity.save(); err != nil {
		return err
	}
	stop, err := c.answerGatherers(ctx)
	if err != nil {
		return err
	}
	defer stop()
	every := c.o.Kin.Every
	if every == 0 {
		every = time.Second
	}
	var said string
	var at time.Time
	for {
		next, err := c.round(ctx)
		switch {
		case err != nil:
			return err
		case next.found:
			stop()
			c.identity.Cluster = id.New()
			c.log.Info("founds a cluster, since no node knows of one", "name", c.identity.Name, "nodes", c.o.Kin.Size)
			return c.identity.save()
		case next.joined != nil:
			stop()
			return c.become(*next.joined, next.authority)
		}
		if now := time.Now(); next.wait != said || now.Sub(at) > sayAgain {
			said, at = next.wait, now
			c.log.Info("looks for other nodes", "name", c.identity.Name, "waits", next.wait)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A step is what follows from a round of asking: one of found, join or joined, or else why to wait.
type step struct {
	found     bool
	join      []heard // any of them lets this node in
	joined    *joinAnswer
	authority [sha256.Size]byte
	wait      string
}

// round asks everybody once.
func (c *Cluster) round(ctx context.Context) (step, error) {
	others, silent := c.askAll(ctx)
	if ctx.Err() != nil {
		return step{}, ctx.Err()
	}
	self := kinAnswer{ID: c.identity.ID, Name: c.identity.Name, Size: c.o.Kin.Size, Cluster: c.identity.Cluster}
	next := decide(self, others)
	if len(next.join) == 0 {
		if len(silent) > 0 && next.wait != "" {
			next.wait += "; " + strings.Join(silent, "; ")
		}
		return next, nil
	}
	return c.joinAny(ctx, next.join)
}

// joinAny asks to be let in, until a node does so or knows why that cannot be.
func (c *Cluster) joinAny(ctx context.Context, others []heard) (step, error) {
	var why []string
	for _, o := range others {
		h, err := c.askKin(ctx, o.address, kinQuestion{Join: &joinRequest{
			ID: c.identity.ID, Name: c.identity.Name, Named: true, Address: c.identity.Advertise,
			Version: c.o.Version, Settings: c.o.Settings,
		}})
		switch {
		case ctx.Err() != nil:
			return step{}, ctx.Err()
		case err != nil:
			why = append(why, o.Name+": "+err.Error())
		case h.Joined != nil:
			return step{joined: h.Joined, authority: h.authority}, nil
		case h.Problem == nil:
			why = append(why, o.Name+" gives no answer that this version understands")
		default:
			if err := h.Problem.fault(); !fault.Is(err, fault.Unavailable) {
				return step{}, err
			}
			why = append(why, o.Name+": "+h.Problem.Message)
		}
	}
	return step{wait: "to be let in by " + strings.Join(why, "; ")}, nil
}

// decide says what follows for a node that knows nothing from what others answered. A cluster is founded only
// when all nodes that there are to be have answered that they know nothing either, so that one which lost its
// folder never founds another beside those which have not.
func decide(self kinAnswer, answers []heard) step {
	var ready, waiting []heard // of a cluster, and of none; each node once
	var starting []string
	known := map[string]bool{self.ID: true}
	cluster := self.Cluster
	for _, h := range answers {
		if known[h.ID] {
			continue
		}
		known[h.ID] = true
		switch {
		case h.Cluster == "":
			waiting = append(waiting, h)
		case cluster != "" && cluster != h.Cluster:
			return step{wait: fmt.Sprintf("%s at %s is of another cluster than others are, or than this node began to join: only one can be meant", h.Name, h.address)}
		case h.Ready:
			cluster = h.Cluster
			ready = append(ready, h)
		default:
			cluster = h.Cluster
			starting = append(starting, h.Name)
		}
	}
	switch {
	case len(ready) > 0:
		return step{join: ready}
	case cluster != "":
		return step{wait: strings.TrimSpace("for the cluster that exists; so far only starting: " + strings.Join(starting, ", "))}
	}
	return mayFound(self, waiting)
}

// mayFound is decide for when nobody that answers knows anything.
func mayFound(self kinAnswer, others []heard) step {
	first := self.Name
	for _, h := range others {
		switch {
		case h.Name == self.Name:
			return step{wait: fmt.Sprintf("%s is called %s as well: give each node its own name with --node-name", h.address, h.Name)}
		case h.Size != self.Size:
			return step{wait: fmt.Sprintf("%s waits for %d nodes, and this one for %d: say the same to all with --cluster-size", h.Name, h.Size, self.Size)}
		}
		first = min(first, h.Name)
	}
	switch have := len(others) + 1; {
	case have < self.Size:
		return step{wait: fmt.Sprintf("for others: %d of %d nodes are here, none of which knows anything", have, self.Size)}
	case have > self.Size:
		return step{wait: fmt.Sprintf("%d nodes are here, where --cluster-size says %d", have, self.Size)}
	case first != self.Name:
		return step{wait: fmt.Sprintf("for %s, which is to found the cluster", first)}
	}
	return step{found: true}
}

// askAll asks every candidate how it does, all at once, and says which of them gave no answer, and why.
func (c *Cluster) askAll(ctx context.Context) (answers []heard, silent []string) {
	ctx, cancel := context.WithTimeout(ctx, handshakeWithin)
	defer cancel()
	addresses, silent := c.candidates(ctx)
	var mu sync.Mutex // guards answers and silent
	var asked sync.WaitGroup
	for _, address := range addresses {
		asked.Go(func() {
			h, err := c.askKin(ctx, address, kinQuestion{})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				silent = append(silent, address+": "+err.Error())
				return
			}
			answers = append(answers, h)
		})
	}
	asked.Wait()
	slices.SortFunc(answers, func(a, b heard) int { return strings.Compare(a.address, b.address) })
	slices.Sort(silent)
	return answers, silent
}

// candidates are the addresses at which there may be nodes, and why some are not known.
func (c *Cluster) candidates(ctx context.Context) (addresses, silent []string) {
	resolve := c.o.Kin.Resolve
	if resolve == nil {
		resolve = net.DefaultResolver.LookupHost
	}
	for _, name := range c.o.Kin.Discover {
		host, port, err := net.SplitHostPort(name)
		if err != nil {
			silent = append(silent, err.Error())
			continue
		}
		found, err := resolve(ctx, host)
		if err != nil {
			silent = append(silent, err.Error())
		}
		for _, ip := range found {
			addresses = append(addresses, net.JoinHostPort(ip, port))
		}
	}
	slices.Sort(addresses)
	return slices.Compact(addresses), silent
}

// answerGatherers answers others that look for nodes at the cluster port, until it is told to stop; then it is
// free for the port. Whatever else is spoken there is refused in the handshake.
func (c *Cluster) answerGatherers(ctx context.Context) (stop func(), err error) {
	cert, err := c.selfSigned()
	if err != nil {
		return nil, err
	}
	listener, ok := c.listener.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("the cluster port listens on %s, which is not TCP", c.listener.Addr())
	}
	config := &tls.Config{
		MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true, Certificates: []tls.Certificate{cert},
		NextProtos: []string{protoKin}, ClientAuth: tls.RequireAnyClientCert,
		VerifyConnection: func(s tls.ConnectionState) error {
			if s.NegotiatedProtocol != protoKin {
				return errors.New("this node knows no others yet")
			}
			return nil
		},
	}
	ctx, cancel := context.WithCancel(ctx)
	var serving sync.WaitGroup
	serving.Go(func() {
		busy := make(chan struct{}, mostHandshakes)
		for {
			busy <- struct{}{}
			conn, err := listener.Accept()
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				if err == nil {
					conn.Close()
				}
				return
			}
			if err != nil { // out of files, or the like
				c.log.Warn("the cluster port takes no connection; trying again", "err", err)
				<-busy
				time.Sleep(100 * time.Millisecond)
				continue
			}
			serving.Go(func() {
				c.answerGatherer(ctx, tls.Server(conn, config))
				<-busy
			})
		}
	})
	return sync.OnceFunc(func() {
		cancel()
		_ = listener.SetDeadline(time.Unix(1, 0)) // ends Accept
		serving.Wait()
		_ = listener.SetDeadline(time.Time{})
	}), nil
}

func (c *Cluster) answerGatherer(ctx context.Context, conn *tls.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	within, cancel := context.WithTimeout(ctx, handshakeWithin)
	defer cancel()
	if err := conn.HandshakeContext(within); err != nil {
		c.log.Debug("refused at the cluster port", "from", conn.RemoteAddr(), "err", err)
		return
	}
	if err := c.answerKin(ctx, conn); err != nil && ctx.Err() == nil {
		c.log.Warn("refused a node that was told of others", "from", conn.RemoteAddr(), "err", err)
	}
}
