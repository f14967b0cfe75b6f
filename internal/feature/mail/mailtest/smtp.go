package mailtest

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Server speaks just enough SMTP to be sent mail to, and keeps what it got. Set its fields before Serve.
type Server struct {
	TLS      *tls.Config // offers STARTTLS
	Implicit bool        // begins with TLS instead
	Username string      // demands AUTH PLAIN with this name
	Password string

	// Answer may answer a command in the place of the server: "451 later". An empty answer leaves it to
	// the server. verb is in capitals; "." stands for the end of a mail.
	Answer func(verb, arg string) string

	mu   sync.Mutex // guards got
	got  []Mail
	busy sync.WaitGroup
}

// A Mail is one that a server took.
type Mail struct {
	From, To  string // of the envelope
	Subject   string // decoded
	Header    netmail.Header
	Text      string // decoded
	Encrypted bool
	Username  string
}

// Got returns what was taken, in order.
func (s *Server) Got() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// Start serves on a port of the loopback until the test ends, and returns its address.
func (s *Server) Start(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Serve(l)
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

// Serve serves until the listener is closed and all have hung up.
func (s *Server) Serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			s.busy.Wait()
			return
		}
		s.busy.Go(func() { s.talk(c) })
	}
}

// Dial connects to the server through memory, for tests on fake time.
func (s *Server) Dial(context.Context, string, string) (net.Conn, error) {
	theirs, ours := net.Pipe()
	s.busy.Go(func() { s.talk(ours) })
	return theirs, nil
}

// A conversation is what a client has said so far.
type conversation struct {
	s    *Server
	conn net.Conn
	r    *bufio.Reader
	mail Mail
}

func (s *Server) talk(conn net.Conn) {
	if s.Implicit {
		conn = tls.Server(conn, s.TLS)
	}
	c := &conversation{s: s, conn: conn, r: bufio.NewReader(conn), mail: Mail{Encrypted: s.Implicit}}
	defer func() { c.conn.Close() }()
	c.say("220 mailtest")
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		verb, arg, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if verb = strings.ToUpper(verb); !c.obey(verb, arg) {
			return
		}
	}
}

func (c *conversation) say(lines string) { io.WriteString(c.conn, lines+"\r\n") }

// answered lets the test answer.
func (c *conversation) answered(verb, arg string) bool {
	if c.s.Answer == nil {
		return false
	}
	a := c.s.Answer(verb, arg)
	if a != "" {
		c.say(a)
	}
	return a != ""
}

// obey does one command, and reports whether the conversation goes on.
func (c *conversation) obey(verb, arg string) bool {
	if c.answered(verb, arg) {
		return true
	}
	switch verb {
	case "EHLO":
		c.say(c.greeting())
	case "STARTTLS":
		c.say("220 go ahead")
		encrypted := tls.Server(c.conn, c.s.TLS)
		c.conn, c.r, c.mail = encrypted, bufio.NewReader(encrypted), Mail{Encrypted: true}
	case "AUTH":
		c.authenticate(arg)
	case "MAIL":
		if c.s.Username != "" && c.mail.Username == "" {
			c.say("530 who are you?")
			return true
		}
		c.mail.From = address(arg)
		c.say("250 ok")
	case "RCPT":
		c.mail.To = address(arg)
		c.say("250 ok")
	case "DATA":
		c.say("354 go ahead")
		return c.take()
	case "QUIT":
		c.say("221 bye")
		return false
	case "RSET", "NOOP":
		c.say("250 ok")
	default:
		c.say("502 what?")
	}
	return true
}

func (c *conversation) greeting() string {
	lines := []string{"mailtest"}
	if c.s.TLS != nil && !c.mail.Encrypted {
		lines = append(lines, "STARTTLS")
	}
	if c.s.Username != "" {
		lines = append(lines, "AUTH PLAIN")
	}
	lines = append(lines, "8BITMIME")
	return "250-" + strings.Join(lines[:len(lines)-1], "\r\n250-") + "\r\n250 " + lines[len(lines)-1]
}

func (c *conversation) authenticate(arg string) {
	_, encoded, _ := strings.Cut(arg, " ")
	text, err := base64.StdEncoding.DecodeString(encoded)
	if parts := strings.Split(string(text), "\x00"); err != nil || len(parts) != 3 || parts[1] != c.s.Username || parts[2] != c.s.Password {
		c.say("535 wrong")
		return
	}
	c.mail.Username = c.s.Username
	c.say("235 welcome")
}

// address finds an address within FROM:<a@b> and the like.
func address(arg string) string {
	_, rest, _ := strings.Cut(arg, "<")
	a, _, _ := strings.Cut(rest, ">")
	return a
}

// take reads a mail up to its end.
func (c *conversation) take() bool {
	var b strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	if c.answered(".", "") {
		return true
	}
	m, err := read(b.String())
	if err != nil {
		c.say("554 " + err.Error())
		return true
	}
	m.From, m.To, m.Encrypted, m.Username = c.mail.From, c.mail.To, c.mail.Encrypted, c.mail.Username
	c.s.mu.Lock()
	c.s.got = append(c.s.got, m)
	c.s.mu.Unlock()
	c.say("250 taken")
	return true
}

// read takes a mail apart.
func read(text string) (Mail, error) {
	msg, err := netmail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return Mail{}, err
	}
	body := msg.Body
	if strings.EqualFold(msg.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	plain, err := io.ReadAll(body)
	if err != nil {
		return Mail{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		return Mail{}, err
	}
	return Mail{Subject: subject, Header: msg.Header, Text: strings.ReplaceAll(string(plain), "\r\n", "\n")}, nil
}

// Certificate makes a certificate for a name that only the returned pool knows.
func Certificate(t testing.TB, host string) (server *tls.Config, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

// String tells of a mail in one line.
func (m Mail) String() string { return fmt.Sprintf("%s to %s", m.Subject, m.To) }
