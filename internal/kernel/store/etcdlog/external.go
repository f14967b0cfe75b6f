package etcdlog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/namespace"

	"hexhub/hex/version"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/store"
)

// External says where an etcd is that others run, and how it is spoken to.
type External struct {
	Endpoints []string // URLs; required
	Prefix    string   // of every key; others may use the rest

	CA, Cert, Key  string // files in PEM; without CA, what the system trusts; without the others, no certificate is shown
	User, Password string // empty asks without

	ReadyWithin time.Duration // how long Connect waits for an answer; zero means half a minute
	Logger      *slog.Logger  // nil discards
}

const (
	reachWithin   = 30 * time.Second
	reachPause    = 250 * time.Millisecond
	answerWithin  = 2 * time.Second  // for how an etcd does
	readWithin    = 10 * time.Second // for a page of records
	askProgress   = 50 * time.Millisecond
	keepAliveIdle = 5 * time.Second // after which a silent connection is tried
)

// oldest is the version that tells a watch of what nobody of us wrote, and not before it has told all else
// (etcd's #15220 and #17566).
var oldest = version.MustParse("3.5.13")

// Connect returns a Log kept by an etcd that runs elsewhere, once that answers and is found to suit. Nothing of
// it is kept here, so it cannot be read while that is out of reach.
func Connect(ctx context.Context, x External) (*Log, error) {
	c, err := x.config()
	if err != nil {
		return nil, err
	}
	client, err := clientv3.New(c)
	if err != nil {
		return nil, fmt.Errorf("reach etcd at %s: %w", strings.Join(x.Endpoints, ", "), err)
	}
	client.KV = namespace.NewKV(client.KV, x.Prefix)
	client.Watcher = namespace.NewWatcher(client.Watcher, x.Prefix)
	l := &Log{client: client, closed: make(chan struct{})}
	if err := l.reach(ctx, x); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (x External) config() (clientv3.Config, error) {
	c := clientv3.Config{
		Endpoints: x.Endpoints, Username: x.User, Password: x.Password,
		DialTimeout: reachWithin, DialKeepAliveTime: keepAliveIdle, DialKeepAliveTimeout: keepAliveIdle,
		Logger: newBridge(x.Logger).logger(),
	}
	if !strings.HasPrefix(x.Endpoints[0], "https:") {
		return c, nil
	}
	c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if x.CA != "" {
		text, err := os.ReadFile(x.CA)
		if err != nil {
			return c, fmt.Errorf("read whom to trust as etcd: %w", err)
		}
		c.TLS.RootCAs = x509.NewCertPool()
		if !c.TLS.RootCAs.AppendCertsFromPEM(text) {
			return c, fmt.Errorf("%s holds no certificate in PEM", x.CA)
		}
	}
	if x.Cert == "" {
		return c, nil
	}
	if _, err := tls.LoadX509KeyPair(x.Cert, x.Key); err != nil {
		return c, fmt.Errorf("read the certificate to show etcd: %w", err)
	}
	// Read anew for each connection, for it may have been renewed.
	c.TLS.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(x.Cert, x.Key)
		return &pair, err
	}
	return c, nil
}

// reach waits for an answer, and looks whether the etcd suits.
func (l *Log) reach(ctx context.Context, x External) error {
	within := x.ReadyWithin
	if within == 0 {
		within = reachWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		err := l.suits(ctx)
		if err == nil || fault.Is(err, fault.Invalid) {
			return err
		}
		select {
		case <-time.After(reachPause):
		case <-ctx.Done():
			return fmt.Errorf("reach etcd at %s: %w", strings.Join(x.Endpoints, ", "), err)
		}
	}
}

// suits returns a fault that is Invalid if what answers cannot keep a log.
func (l *Log) suits(ctx context.Context) error {
	s, err := l.ask(ctx)
	if err != nil {
		return err
	}
	if v, err := version.Parse(s.Version); err != nil || v.Compare(oldest) < 0 {
		return fault.New(fault.Invalid, "etcd runs version %s there, and must run %s or a newer one", s.Version, oldest)
	}
	reads := make([]clientv3.Op, store.MaxOps)
	for i := range reads {
		reads[i] = clientv3.OpGet("\x00")
	}
	_, err = l.client.Txn(clientv3.WithRequireLeader(ctx)).Then(reads...).Commit()
	switch {
	case errors.Is(err, rpctypes.ErrTooManyOps):
		return fault.Wrap(fault.Invalid, err, fmt.Sprintf("etcd takes too small transactions there: start it with --max-txn-ops=%d", store.MaxOps))
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return fault.Wrap(fault.Invalid, err, "etcd does not let this user read there: grant it to read and to write all below the prefix")
	}
	return explain("try etcd", err)
}

// ask asks all endpoints at once how they do. It returns the first answer of one that has a leader, else any.
func (l *Log) ask(ctx context.Context) (*clientv3.StatusResponse, error) {
	if l.node != nil {
		r, err := l.client.Status(ctx, "")
		return r, explain("status", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin) // a client waits for ever
	defer cancel()
	type answer struct {
		status *clientv3.StatusResponse
		err    error
	}
	all := l.client.Endpoints()
	answers := make(chan answer, len(all))
	var asking sync.WaitGroup
	for _, endpoint := range all {
		asking.Go(func() {
			r, err := l.client.Status(ctx, endpoint)
			answers <- answer{r, err}
		})
	}
	defer asking.Wait()
	defer cancel()
	var last answer
	for range all {
		a := <-answers
		if a.err == nil && a.status.Leader != 0 {
			return a.status, nil
		}
		if last.status == nil {
			last = a
		}
	}
	return last.status, explain("status", last.err)
}

// External reports whether etcd runs elsewhere: who its members are, what it forgets, and how much room it has, is
// then for those to say who run it.
func (l *Log) External() bool { return l.node == nil }

// heard notes a revision that the log has come to, so that a watch learns that it has, though the commit may be
// somebody else's who uses the same etcd.
func (l *Log) heard(at int64) {
	for {
		old := l.newest.Load()
		if at <= old || l.newest.CompareAndSwap(old, at) {
			return
		}
	}
}

// urge asks, for as long as a watch is behind what was heard of, how far it is. An etcd of ours tells by itself.
func (l *Log) urge(ctx context.Context, behind func(newest int64) bool) {
	tick := time.NewTicker(askProgress)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if behind(l.newest.Load()) {
			_ = l.client.RequestProgress(ctx) // it is asked again
		}
	}
}
