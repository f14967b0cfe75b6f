package cluster

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
)

// certificate makes a certificate of the authority for a new key.
func certificate(t *testing.T, a *authority, id string, life time.Duration, now time.Time) *tls.Certificate {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.sign(id, key, life, now)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func otherAuthority(t *testing.T) *authority {
	t.Helper()
	sealer, err := seal.Open(folder(t, "other") + "/secret.key")
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAuthority(sealer, "another")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// hears says what the port answers to a request in a protocol, before which it has seen the certificate.
func hears(n *testNode, proto string, cert *tls.Certificate) ([]byte, error) {
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	if proto != "" {
		config.NextProtos = []string{proto}
	}
	if cert != nil {
		config.Certificates = []tls.Certificate{*cert}
	}
	_, at := n.Addr()
	conn, err := (&tls.Dialer{Config: config, NetDialer: &net.Dialer{Timeout: 5 * time.Second}}).Dial("tcp", at)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "GET /cluster/self HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		return nil, err
	}
	return io.ReadAll(conn)
}

func TestC1StrangersAreRefusedBeforeTheyAreRead(t *testing.T) {
	t.Parallel()
	n := start(t, options(t, "one"))
	self, now := n.identity.ID, time.Now()
	mine := n.cert.Load()
	for _, proto := range []string{"", "h2", "http/1.1", protoPeer} {
		for _, c := range []struct {
			name string
			cert *tls.Certificate
		}{
			{"without a certificate", nil},
			{"of another cluster", certificate(t, otherAuthority(t), self, time.Hour, now)},
			{"expired", certificate(t, n.authority, self, time.Hour, now.Add(-2*time.Hour))},
			{"not valid yet", certificate(t, n.authority, self, time.Hour, now.Add(2*skew))},
			{"of the right authority for a node that is not", certificate(t, n.authority, "nobody", time.Hour, now)},
			{"of the right authority in a node's name with another key", certificate(t, n.authority, self, time.Hour, now)},
		} {
			if got, err := hears(n, proto, c.cert); err == nil || len(got) > 0 {
				t.Errorf("%q %s: the port says %q, %v", proto, c.name, got, err)
			}
		}
	}
	if got, err := hears(n, protoPeer, mine); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200") {
		t.Errorf("a node hears %q, %v", got, err)
	}
	if got, err := hears(n, protoJoin, nil); err == nil || len(got) > 0 {
		t.Errorf("a stranger without a key of its own hears %q, %v", got, err)
	}
	if got, err := hears(n, protoJoin, mine); err != nil || strings.Contains(string(got), "revision") {
		t.Errorf("what is for nodes is told to strangers: %q, %v", got, err)
	}
}

func TestC1WhoeverAnswersIsTheNodeThatIsMeant(t *testing.T) {
	t.Parallel()
	all := three(t)
	one, two, three := all[0].Self(), all[1].Self(), all[2].Self()
	if _, err := all[0].echo(Node{ID: two.ID, Address: three.Address}); err == nil {
		t.Error("node three passed for node two")
	}
	if said, err := all[2].echo(one); err != nil || said != "one" {
		t.Errorf("one said %q, %v", said, err)
	}

	// A removed node hears nothing any more, and has nothing open.
	all[0].insist(func() error { _, err := all[0].Remove(t.Context(), "three"); return err })
	until(t, "the removed node is cut off", func() bool { _, err := all[2].echo(one); return err != nil })
	until(t, "the removed node stops", func() bool {
		select {
		case <-all[2].log.Stopped():
			return true
		default:
			return false
		}
	})
	all[2].stop()
	if !errors.Is(all[2].err, ErrRemoved) {
		t.Errorf("the removed node ended with %v", all[2].err)
	}
	if got, err := hears(all[0], protoPeer, all[2].cert.Load()); err == nil || len(got) > 0 {
		t.Errorf("the removed node's certificate is believed: %q, %v", got, err)
	}
	all[0].put("after", "1")
	all[1].reads("after", "1")
}

func TestInvitationIsForOneNodeAndAnHour(t *testing.T) {
	t.Parallel()
	n := start(t, options(t, "one"))
	ticket := n.ticket()
	second := options(t, "two")
	second.Join = ticket
	start(t, second)
	n.voting(2)

	third := options(t, "three")
	third.Join = ticket
	if _, err := tryStart(t, third); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a used invitation: %v", err)
	}
	now := time.Now()
	i := invitation{Expires: now}
	if i.admits("x", now) || !i.admits("x", now.Add(-time.Second)) {
		t.Error("an invitation is not good until it expires")
	}
	i.UsedBy = "x"
	if !i.admits("x", now.Add(time.Hour)) || i.admits("y", now.Add(-time.Second)) {
		t.Error("a used invitation is not its user's")
	}

	elsewhere := start(t, options(t, "elsewhere"))
	third.Join = &Ticket{URL: elsewhere.ticket().URL, Token: n.ticket().Token}
	if _, err := tryStart(t, third); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an invitation shown to another cluster: %v", err)
	}
}

// joiner is a node that asks to be let in, and dies before it has heard the answer.
func dyingJoiner(t *testing.T, o Options) error {
	t.Helper()
	i, _, err := loadIdentity(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	i.Name = o.Name
	c := &Cluster{o: o, log: o.Log, identity: i}
	if err := c.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.save(); err != nil {
		t.Fatal(err)
	}
	defer c.listener.Close()
	token, err := parseToken(o.Join.Token)
	if err != nil {
		t.Fatal(err)
	}
	config, err := c.strangerConfig(token)
	if err != nil {
		t.Fatal(err)
	}
	address, err := o.Join.address()
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		return (&tls.Dialer{Config: config}).DialContext(ctx, network, addr)
	}}}
	_, err = c.ask(t.Context(), client, address, token)
	return err
}

// A join that was interrupted goes on with the same command, and keeps others waiting meanwhile.
func TestInterruptedJoinGoesOn(t *testing.T) {
	t.Parallel()
	n := start(t, options(t, "one"))
	second := options(t, "two")
	second.Join = n.ticket()
	if err := dyingJoiner(t, second); err != nil {
		t.Fatal(err)
	}
	third := options(t, "three")
	third.Join = n.ticket()
	if err := dyingJoiner(t, third); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "two") {
		t.Errorf("a second joiner is told %v", err)
	}
	second.Listen = "" // it keeps the port that it has told
	m := start(t, second)
	n.voting(2)
	n.put("a", "1")
	m.reads("a", "1")

	// One that has joined may be started with the same command.
	m.stop()
	start(t, second).reads("a", "1")
}

func TestCertificatesRenewWhileRunning(t *testing.T) {
	t.Parallel()
	all := three(t, func(o *Options) { o.CertLife = 6 * time.Second })
	first := all[0].cert.Load().Leaf
	until(t, "the certificate is renewed", func() bool { return all[0].cert.Load().Leaf.SerialNumber.Cmp(first.SerialNumber) != 0 })
	until(t, "the first one has expired", func() bool { return time.Now().After(first.NotAfter) })
	all[0].client(all[1].identity.ID).CloseIdleConnections()
	if said, err := all[0].echo(all[1].Self()); err != nil || said != "two" {
		t.Errorf("after the renewal two says %q, %v", said, err)
	}
	all[2].put("late", "1")
	all[0].reads("late", "1")
	// etcd, too, shows the new one where it connects anew.
	all[1] = all[1].again()
	all[1].put("later", "1")
	all[2].reads("later", "1")
}

func FuzzJoinRequest(f *testing.F) {
	f.Add([]byte(`{"id":"abc","name":"two","address":"127.0.0.1:4001","settings":{"repository.name":"hexhub"}}`))
	f.Add([]byte(`{"id":"../..","name":"","address":":0"}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseJoin(b)
		if err != nil {
			return
		}
		if !validName(r.Name) || checkAddress(r.Address) != nil || strings.ContainsAny(r.ID, "/. %") {
			t.Errorf("took %+v", r)
		}
	})
}

// FuzzToken: a token reads as what it says, also where it was broken into lines on the way.
func FuzzToken(f *testing.F) {
	f.Add(token{}.String())
	f.Add("hexhub_join_")
	whole := strings.NewReplacer("\n", "", "\r", "")
	f.Fuzz(func(t *testing.T, text string) {
		if tok, err := parseToken(text); err == nil && tok.String() != whole.Replace(strings.TrimSpace(text)) {
			t.Errorf("%q reads as %s", text, tok)
		}
	})
}
