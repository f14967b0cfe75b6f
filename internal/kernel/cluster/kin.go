package cluster

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
)

// protoKin is spoken by nodes that share a secret, before they share a cluster: 32 bytes of proof from who asks,
// 32 bytes from who is asked, then a question and an answer, each as JSON after its length in four bytes.
const protoKin = "hexhub-kin/1"

const (
	kinAsker, kinAsked = "hexhub-kin/1 asker", "hexhub-kin/1 asked"

	kinWithin     = 45 * time.Second // for an answer that lets a node in, which may first have to replace another
	mostKinAnswer = 1 << 20
)

// Kin lets nodes find each other by a name and a secret, without a person who invites them.
type Kin struct {
	Discover []string    // HOST:PORT; every address of HOST may be a node, this one included
	Secret   seal.Secret // the same on all nodes, with 32 bytes or more; whoever knows it can become a node
	Size     int         // how many nodes there are to be: with so many that know nothing, the first founds

	Resolve func(ctx context.Context, host string) ([]string, error) // addresses of a host; nil asks the machine's resolver
	Every   time.Duration                                            // pause between two rounds of asking; zero means a second
}

// leastSecret is how many bytes the secret has, so that nobody finds it by trying.
const leastSecret = 32

// check says what is wrong with what the node was told.
func (k *Kin) check() error {
	if n := len(k.Secret.Reveal()); n < leastSecret {
		return fault.New(fault.Invalid, "the secret by which nodes know each other has %d bytes, and needs %d: make one with: openssl rand -hex 32", n, leastSecret)
	}
	if len(k.Discover) == 0 || k.Size < 1 {
		return fault.New(fault.Invalid, "a node that is to find others needs their addresses, and how many there are to be")
	}
	return nil
}

// proof shows that one end of a TLS session knows the secret. It is of no use in another session, at the other
// end, or with another key: so nobody in between can pass it on.
func (k *Kin) proof(end string, session tls.ConnectionState, asker, asked ed25519.PublicKey) ([]byte, error) {
	bound, err := session.ExportKeyingMaterial("EXPORTER-hexhub-kin/1", nil, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("bind the proof to the connection: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(k.Secret.Reveal()))
	for _, part := range [][]byte{[]byte(end), bound, asker, asked} {
		mac.Write(part)
	}
	return mac.Sum(nil), nil
}

var errNoKin = errors.New("does not know the secret, or somebody is in between")

// hearProof wants the proof from the other end.
func hearProof(conn io.Reader, want []byte) error {
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if !hmac.Equal(got, want) {
		return errNoKin
	}
	return nil
}

// A kinQuestion is what a node that knows nothing asks: how the other does, or to be let in.
type kinQuestion struct {
	Join *joinRequest `json:"join,omitempty"`
}

// A kinAnswer is how a node does.
type kinAnswer struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Size    int         `json:"size"`
	Cluster string      `json:"cluster,omitempty"` // empty for one that knows nothing
	Ready   bool        `json:"ready,omitempty"`   // to let others in
	Joined  *joinAnswer `json:"joined,omitempty"`
	Problem *problem    `json:"problem,omitempty"` // why the asker was not let in
}

// parseKinQuestion reads the question, from one that has proved to know the secret.
func parseKinQuestion(b []byte) (q kinQuestion, err error) {
	var raw struct {
		Join json.RawMessage `json:"join"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return q, fault.Wrap(fault.Malformed, err, "this is no question of a node")
	}
	if raw.Join == nil {
		return q, nil
	}
	join, err := parseJoin(raw.Join)
	return kinQuestion{&join}, err
}

// parseKinAnswer reads the answer, from one that has proved to know the secret.
func parseKinAnswer(b []byte) (a kinAnswer, err error) {
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("read the answer: %w", err)
	}
	if a.ID == "" || !validName(a.Name) {
		return a, errors.New("read the answer: it does not tell whose it is")
	}
	return a, nil
}

func readFrame(r io.Reader, most uint32) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > most {
		return nil, fmt.Errorf("%d bytes are to come, and at most %d may", n, most)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

func writeFrame(w io.Writer, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))
	return err
}

// answerKin answers one question, and nothing before the other end has proved to know the secret.
func (c *Cluster) answerKin(ctx context.Context, conn *tls.Conn) error {
	session, kin, own := conn.ConnectionState(), c.o.Kin, c.identity.public()
	key, ok := session.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return errNoKin
	}
	theirs, err := kin.proof(kinAsker, session, key, own)
	if err != nil {
		return err
	}
	ours, err := kin.proof(kinAsked, session, key, own)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeWithin)); err != nil {
		return err
	}
	if err := hearProof(conn, theirs); err != nil {
		return err
	}
	if _, err := conn.Write(ours); err != nil {
		return err
	}
	text, err := readFrame(conn, mostAsked)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(kinWithin)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, kinWithin)
	defer cancel()
	var watching sync.WaitGroup
	watching.Go(func() { // the asker has nothing more to say: it goes, or this end closes
		_, _ = conn.Read(make([]byte, 1))
		cancel()
	})
	defer watching.Wait()
	defer func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) }()
	return writeFrame(conn, c.kinAnswer(ctx, text, key, conn.RemoteAddr()))
}

// kinAnswer tells how this node does, and lets the asker in if that is what it wants.
func (c *Cluster) kinAnswer(ctx context.Context, text []byte, key ed25519.PublicKey, from net.Addr) kinAnswer {
	a := kinAnswer{ID: c.identity.ID, Name: c.identity.Name, Size: c.o.Kin.Size, Cluster: c.identity.Cluster, Ready: c.mayAdmit(ctx)}
	q, err := parseKinQuestion(text)
	if err == nil && q.Join == nil {
		return a
	}
	if err == nil && !a.Ready {
		err = fault.New(fault.Unavailable, "%s is still starting: try again", a.Name)
	}
	if err == nil {
		var joined joinAnswer
		if joined, err = c.admit(ctx, "", key, *q.Join); err == nil {
			c.log.Info("a node was let in", "name", joined.Name, "from", from.String())
			a.Joined = &joined
			return a
		}
	}
	level := slog.LevelWarn
	if fault.Is(err, fault.Unavailable) { // it asks again in a moment
		level = slog.LevelDebug
	}
	c.log.Log(ctx, level, "a node was not let in", "from", from.String(), "err", err)
	a.Problem = problemOf(err)
	return a
}

// mayAdmit reports whether this node can change who is one: it has its tables, and a vote.
func (c *Cluster) mayAdmit(ctx context.Context) bool {
	if c.db.Load() == nil {
		return false
	}
	self, _ := c.etcd.Self()
	all, err := c.etcd.Members(ctx)
	for _, m := range all {
		if m.ID == self {
			return err == nil && !m.Learner
		}
	}
	return false
}

// A heard is an answer, and where it came from.
type heard struct {
	kinAnswer
	address   string
	authority [sha256.Size]byte // fingerprint of whose certificate it showed; its own if it knows nothing
}

// askKin asks the node at an address, which must prove to know the secret before it is told more than this
// node's proof.
func (c *Cluster) askKin(ctx context.Context, address string, q kinQuestion) (h heard, err error) {
	cert, err := c.selfSigned()
	if err != nil {
		return h, err
	}
	asking := tls.Dialer{NetDialer: dialer, Config: &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protoKin}, Certificates: []tls.Certificate{cert},
		InsecureSkipVerify: true, // whose key it is does not matter: the proof shows who has it
	}}
	opened, err := asking.DialContext(ctx, "tcp", address)
	if err != nil {
		return h, err
	}
	conn := opened.(*tls.Conn)
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	session, own := conn.ConnectionState(), c.identity.public()
	key, ok := session.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok || session.NegotiatedProtocol != protoKin {
		return h, errors.New("it is no node that was told of others")
	}
	ours, err := c.o.Kin.proof(kinAsker, session, own, key)
	if err != nil {
		return h, err
	}
	theirs, err := c.o.Kin.proof(kinAsked, session, own, key)
	if err != nil {
		return h, err
	}
	if err := conn.SetDeadline(time.Now().Add(handshakeWithin)); err != nil {
		return h, err
	}
	if _, err := conn.Write(ours); err != nil {
		return h, err
	}
	if err := hearProof(conn, theirs); err != nil {
		return h, fmt.Errorf("it did not prove to know the secret: %w", err)
	}
	if err := conn.SetDeadline(time.Now().Add(kinWithin)); err != nil {
		return h, err
	}
	if err := writeFrame(conn, q); err != nil {
		return h, err
	}
	text, err := readFrame(conn, mostKinAnswer)
	if err != nil {
		return h, err
	}
	chain := session.PeerCertificates
	h = heard{address: address, authority: fingerprint(chain[len(chain)-1])}
	h.kinAnswer, err = parseKinAnswer(text)
	return h, err
}
