package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	smtp "github.com/wneessen/go-mail"

	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/seal"
)

// SMTP is a Transport that hands mails to a server.
type SMTP struct {
	Addr     string      // HOST:PORT of the server
	Username string      // empty means that the server asks for none
	Password seal.Secret // of that name

	Security Security    // zero means STARTTLS
	TLS      *tls.Config // nil trusts the authorities of this machine, for the name in Addr

	// Dial opens the connection; nil dials TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Security is how the way to an SMTP server is protected.
type Security string

// The kinds of protection. There is none that is used only if the server happens to offer it, because
// whoever sits between could take the offer away.
const (
	STARTTLS Security = "starttls" // begins in the clear and demands encryption before anything is said
	TLS      Security = "tls"      // encrypted from the first byte
	Plain    Security = "none"     // in the clear; for a server on this machine
)

const (
	answerLimit = 30 * time.Second // for the server to answer anything
	hangUpAfter = 5 * time.Second  // when the node stops in the middle of a mail
)

// Send implements Transport. What the server refuses for good is job.Permanent only if it is the address
// or the mail that it refuses: wrong credentials are mended by the operator, and the mail should leave then.
func (t *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := compose(m)
	if err != nil {
		return job.Permanent(err)
	}
	if err := t.talk(ctx, msg); err != nil && !msg.IsDelivered() { // what goes wrong after that is not the mail's
		err = fmt.Errorf("send through %s: %w", t.Addr, err)
		if refused(err) {
			return job.Permanent(err)
		}
		return err
	}
	return nil
}

// talk hands the mail over in a conversation of its own, and leaves no connection behind, however it ends.
func (t *SMTP) talk(ctx context.Context, msg *smtp.Msg) error {
	var conn net.Conn
	hangUp := func() {
		if conn != nil {
			conn.Close()
		}
	}
	defer hangUp()
	client, err := t.client(func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		c, err = t.dial(ctx, network, addr)
		conn = c
		return c, err
	})
	if err != nil {
		return err
	}
	server, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(hangUpAfter, hangUp) })
	defer stop()
	err = client.SendWithSMTPClient(server, msg)
	return errors.Join(err, client.CloseWithSMTPClient(server))
}

func (t *SMTP) client(dial smtp.DialContextFunc) (*smtp.Client, error) {
	host, port, err := net.SplitHostPort(t.Addr)
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("port %q is no number", port)
	}
	o := []smtp.Option{
		smtp.WithPort(number), smtp.WithTimeout(answerLimit), smtp.WithDialContextFunc(dial), smtp.WithoutNoop(), smtp.WithoutRset(),
		smtp.WithTLSConfig(t.tls(host)), smtp.WithTLSPolicy(smtp.TLSMandatory),
	}
	plain := smtp.SMTPAuthPlain
	switch t.Security {
	case TLS:
		o = append(o, smtp.WithSSL())
	case Plain:
		o = append(o, smtp.WithTLSPolicy(smtp.NoTLS))
		plain = smtp.SMTPAuthPlainNoEnc
	}
	if t.Username != "" {
		o = append(o, smtp.WithUsername(t.Username), smtp.WithPassword(t.Password.Reveal()),
			smtp.WithOpportunisticSMTPAuth(smtp.SMTPAuthSCRAMSHA256, smtp.SMTPAuthSCRAMSHA1, plain, smtp.SMTPAuthLogin, smtp.SMTPAuthCramMD5))
	}
	return smtp.NewClient(host, o...)
}

// tls is what is demanded of the server.
func (t *SMTP) tls(host string) *tls.Config {
	if t.TLS != nil {
		return t.TLS
	}
	return &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
}

func (t *SMTP) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	dial := t.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, addr)
	if err != nil || t.Security != TLS {
		return conn, err
	}
	host, _, _ := net.SplitHostPort(addr)
	encrypted := tls.Client(conn, t.tls(host))
	if err := encrypted.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return encrypted, nil
}

// compose writes a mail. Nothing but the address, the subject and the text is anybody's, and none of them
// can begin a header of its own.
func compose(m Message) (*smtp.Msg, error) {
	msg := smtp.NewMsg(smtp.WithNoDefaultUserAgent())
	if err := msg.From(m.From); err != nil {
		return nil, fmt.Errorf("the sender's address: %w", err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("the addressee's address: %w", err)
	}
	msg.Subject(Clean(m.Subject))
	msg.SetDateWithValue(m.At)
	msg.SetMessageIDWithValue(m.ID + "@" + domainOf(m.From))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // so that nobody's holiday answers
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(smtp.TypeTextPlain, m.Text)
	return msg, nil
}

func domainOf(address string) string {
	a, err := netmail.ParseAddress(address)
	if err != nil {
		return "localhost"
	}
	return a.Address[strings.LastIndexByte(a.Address, '@')+1:]
}

// refused reports whether the server will never take this mail for this address.
func refused(err error) bool {
	e, ok := errors.AsType[*smtp.SendError](err)
	if !ok || e.ErrorCode() < 500 || e.ErrorCode() > 599 {
		return false
	}
	return e.Reason == smtp.ErrSMTPRcptTo || e.Reason == smtp.ErrSMTPData || e.Reason == smtp.ErrSMTPDataClose
}
