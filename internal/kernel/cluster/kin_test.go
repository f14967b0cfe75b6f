package cluster

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
)

// seeker is a node that knows nothing, and so may ask.
func seeker(t *testing.T, of seal.Secret) *Cluster {
	t.Helper()
	i, _, err := loadIdentity(folder(t, "seeker"))
	if err != nil {
		t.Fatal(err)
	}
	i.Name = "seeker"
	return &Cluster{
		o:   Options{Kin: &Kin{Discover: []string{"127.0.0.1:1"}, Secret: of, Size: 3}},
		log: slog.New(slog.NewTextHandler(t.Output(), nil)), identity: i,
	}
}

// gatherer has a node that knows nothing answer at an address, until the test ends.
func gatherer(t *testing.T, of seal.Secret) (c *Cluster, address string) {
	t.Helper()
	c = seeker(t, of)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.listener = l
	stop, err := c.answerGatherers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); l.Close() })
	return c, l.Addr().String()
}

// A session is one end of a connection on which nothing was said yet, with both ends' keys.
type session struct {
	*tls.Conn
	own, other ed25519.PublicKey
}

func (c *Cluster) dial(t *testing.T, address string) session {
	t.Helper()
	cert, err := c.selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", address, &tls.Config{NextProtos: []string{protoKin}, Certificates: []tls.Certificate{cert}, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return session{conn, c.identity.public(), conn.ConnectionState().PeerCertificates[0].PublicKey.(ed25519.PublicKey)}
}

func (s session) proof(t *testing.T, of seal.Secret, end string) []byte {
	t.Helper()
	p, err := (&Kin{Secret: of}).proof(end, s.ConnectionState(), s.own, s.other)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// says writes a proof and a question, and returns all that is said back.
func (s session) says(proof []byte) []byte {
	_, _ = s.Write(append(proof, 0, 0, 0, 2, '{', '}'))
	got, _ := io.ReadAll(s)
	return got
}

var otherSecret = seal.NewSecret(strings.Repeat("of others ", 4))

func TestC1WhoeverDoesNotKnowTheSecretHearsNothing(t *testing.T) {
	t.Parallel()
	o := options(t, "one")
	o.Kin = &Kin{Discover: []string{"127.0.0.1:1"}, Secret: secret, Size: 1}
	member := start(t, o)
	_, memberAt := member.Addr()
	_, gathererAt := gatherer(t, secret)
	for name, at := range map[string]string{"a member": memberAt, "a node that knows nothing": gathererAt} {
		c := seeker(t, secret)
		before := c.dial(t, at)
		proof := before.proof(t, secret, kinAsker)
		if got := before.says(proof); len(got) <= len(proof) {
			t.Errorf("%s says %q to a node with the secret", name, got)
		}
		for what, proof := range map[string]func(session) []byte{
			"the proof of an earlier session":    func(session) []byte { return proof },
			"another secret":                     func(s session) []byte { return s.proof(t, otherSecret, kinAsker) },
			"the proof that the other end makes": func(s session) []byte { return s.proof(t, secret, kinAsked) },
			"another key's proof":                func(s session) []byte { s.own = member.identity.public(); return s.proof(t, secret, kinAsker) },
			"zeros":                              func(session) []byte { return make([]byte, 32) },
			"too little":                         func(session) []byte { return nil },
		} {
			s := c.dial(t, at)
			p := proof(s)
			if what == "too little" {
				_ = s.CloseWrite()
			}
			if got := s.says(p); len(got) > 0 {
				t.Errorf("%s: %s says %q", what, name, got)
			}
		}
	}

	// Others than askers get no further than the handshake.
	for _, proto := range [][]string{nil, {protoPeer}, {protoJoin}} {
		conn, err := tls.Dial("tcp", gathererAt, &tls.Config{NextProtos: proto, Certificates: []tls.Certificate{*member.cert.Load()}, InsecureSkipVerify: true})
		if err != nil {
			continue
		}
		if got, err := io.ReadAll(conn); err == nil || len(got) > 0 {
			t.Errorf("in %q a node that knows nothing says %q, %v", proto, got, err)
		}
		conn.Close()
	}
	if got, err := hears(member, protoKin, nil); err == nil || len(got) > 0 {
		t.Errorf("one without a key hears %q, %v", got, err)
	}

	// A node that was told of no secret does not speak of it.
	plain := start(t, options(t, "plain"))
	_, at := plain.Addr()
	if _, err := seeker(t, secret).askKin(t.Context(), at, kinQuestion{}); err == nil {
		t.Error("a node without the secret answers")
	}
}

func TestC1AnAskerBelievesOnlyWhoKnowsTheSecret(t *testing.T) {
	t.Parallel()
	c := seeker(t, secret)
	ask := func(at string) error {
		_, err := c.askKin(t.Context(), at, kinQuestion{})
		return err
	}
	_, good := gatherer(t, secret)
	if err := ask(good); err != nil {
		t.Errorf("a node with the secret: %v", err)
	}
	_, other := gatherer(t, otherSecret)
	if err := ask(other); err == nil {
		t.Error("a node with another secret is believed")
	}

	// One that sends back what it hears, and one in between that passes all on.
	echo := newImpostor(t, func(conn *tls.Conn, heard io.Reader) { _, _ = io.Copy(conn, heard) })
	if err := ask(echo.address); !errors.Is(err, errNoKin) {
		t.Errorf("whoever sends the proof back: %v", err)
	}
	between := seeker(t, otherSecret)
	relay := newImpostor(t, func(conn *tls.Conn, heard io.Reader) {
		on := between.dial(t, good)
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(on, heard); on.Close() })
		got, _ := io.ReadAll(io.TeeReader(on, conn))
		conn.Close()
		both.Wait()
		if len(got) > 0 {
			t.Errorf("one in between is told %q", got)
		}
	})
	if err := ask(relay.address); err == nil {
		t.Error("one in between is believed")
	}
	for _, heard := range [][]byte{echo.heard(), relay.heard()} {
		if len(heard) > 32 {
			t.Errorf("who proved nothing is told %q", heard[32:])
		}
	}
}

// An impostor answers one asker with a key of its own, and remembers what it hears.
type impostor struct {
	address string
	ended   chan struct{}
	got     bytes.Buffer
}

func (i *impostor) heard() []byte { <-i.ended; return i.got.Bytes() }

func newImpostor(t *testing.T, talk func(conn *tls.Conn, heard io.Reader)) *impostor {
	t.Helper()
	cert, err := seeker(t, otherSecret).selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	i := &impostor{address: l.Addr().String(), ended: make(chan struct{})}
	go func() {
		defer close(i.ended)
		raw, err := l.Accept()
		if err != nil {
			return
		}
		conn := tls.Server(raw, &tls.Config{NextProtos: []string{protoKin}, Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert})
		defer conn.Close()
		if conn.Handshake() != nil {
			return
		}
		talk(conn, io.TeeReader(conn, &i.got))
	}()
	return i
}

func TestKinSecretIsLong(t *testing.T) {
	o := options(t, "one")
	o.Kin = &Kin{Discover: []string{"127.0.0.1:1"}, Secret: seal.NewSecret(strings.Repeat("x", 31)), Size: 1}
	if _, err := Open(t.Context(), o); !fault.Is(err, fault.Invalid) {
		t.Errorf("a secret that can be tried out: %v", err)
	}
}

// A node that is told to stop does so, whatever it waits for.
func TestLookingForOthersEnds(t *testing.T) {
	t.Parallel()
	o := options(t, "one")
	ctx, cancel := context.WithCancel(t.Context())
	o.Kin = &Kin{Discover: []string{"nodes.test:1"}, Secret: secret, Size: 3, Resolve: func(context.Context, string) ([]string, error) {
		cancel()
		return nil, errors.New("no such host")
	}}
	if _, err := Open(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

func FuzzKinQuestion(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\xff\xff\xff\xff{}"))
	f.Add([]byte("\x00\x00\x00\x59" + `{"join":{"id":"abc","name":"hub-1","named":true,"address":"127.0.0.1:4001","settings":{}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := readFrame(bytes.NewReader(b), mostAsked)
		if err != nil {
			return
		}
		if len(text) > mostAsked {
			t.Fatalf("read %d bytes", len(text))
		}
		if q, err := parseKinQuestion(text); err == nil && q.Join != nil {
			if j := q.Join; !validName(j.Name) || checkAddress(j.Address) != nil || strings.ContainsAny(j.ID, "/. %") {
				t.Errorf("took %+v", j)
			}
		}
	})
}

func FuzzKinAnswer(f *testing.F) {
	known, err := json.Marshal(kinAnswer{ID: "a", Name: "hub-0", Size: 3, Cluster: "c", Ready: true, Joined: &joinAnswer{}, Problem: &problem{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(known)
	f.Add([]byte(`{"id":"a","name":"../.."}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseKinAnswer(b)
		if err != nil {
			return
		}
		if a.ID == "" || !validName(a.Name) {
			t.Errorf("took %+v", a)
		}
		decide(kinAnswer{ID: "self", Name: "hub-0", Size: 3}, []heard{{kinAnswer: a}})
	})
}
