package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
)

// A Ticket lets a node join the cluster of the one at URL.
type Ticket struct {
	URL   string // https://HOST:PORT, or HOST:PORT, of any node's cluster port
	Token string // made by Invite
}

// joinWithin is for how long a node that is told to try again does so.
const joinWithin = 30 * time.Second

// address is where the ticket leads.
func (t *Ticket) address() (string, error) {
	host := t.URL
	if strings.Contains(host, "://") {
		u, err := url.Parse(t.URL)
		if err != nil || u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
			return "", fault.New(fault.Invalid, "%q is not the address of a cluster port: write it like https://node-1.example.com:4001", t.URL)
		}
		host = u.Host
	}
	if checkAddress(host) != nil {
		return "", fault.New(fault.Invalid, "%q is not the address of a cluster port: write it like https://node-1.example.com:4001", t.URL)
	}
	return host, nil
}

// mayUse says why the node cannot join by the ticket: its folder is for nothing else.
func (t *Ticket) mayUse(i *identity, made bool) error {
	token, err := parseToken(t.Token)
	if err != nil {
		return err
	}
	if made {
		if holdsData(i.dir) {
			return holdsMore(i.dir)
		}
		return nil
	}
	if i.Cluster == "" || len(i.Joining) > 0 {
		return nil // begun before, and not finished
	}
	sealer, err := seal.Open(filepath.Join(i.dir, "secret.key"))
	if err != nil {
		return err
	}
	a, err := newAuthority(sealer, i.Cluster)
	if err != nil {
		return err
	}
	if a.fingerprint() != token.fingerprint {
		return holdsMore(i.dir)
	}
	return nil // has joined; so it just serves
}

// holdsData reports whether a folder without an identity has what a registry keeps.
func holdsData(dir string) bool {
	return slices.ContainsFunc([]string{"etcd", "secret.key", "blobs"}, func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return !errors.Is(err, fs.ErrNotExist)
	})
}

func holdsMore(dir string) error {
	return fault.New(fault.Conflict, "%s already holds a registry of its own, which would be lost: to run that one, hexhub serve --data %s; to join, name an empty folder with --data", dir, dir)
}

// join asks to be let in, and writes down what the answer says.
func (c *Cluster) join(ctx context.Context) error {
	if c.listener == nil {
		return fault.New(fault.Invalid, "a node needs an address for the others to reach it: say it with --cluster-listen ADDR, such as :4001")
	}
	if err := checkAddress(c.identity.Advertise); err != nil {
		return err
	}
	token, err := parseToken(c.o.Join.Token)
	if err != nil {
		return err
	}
	address, err := c.o.Join.address()
	if err != nil {
		return err
	}
	answer, err := c.askAgain(ctx, address, token)
	if err != nil {
		return err
	}
	return c.become(answer, token.fingerprint)
}

// askAgain asks until it is told yes or no.
func (c *Cluster) askAgain(ctx context.Context, address string, token token) (joinAnswer, error) {
	config, err := c.strangerConfig(token)
	if err != nil {
		return joinAnswer{}, err
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, network, addr)
		},
	}}
	limit := time.Now().Add(joinWithin)
	for {
		answer, err := c.ask(ctx, client, address, token)
		if err == nil || !fault.Is(err, fault.Unavailable) || time.Now().After(limit) {
			return answer, err
		}
		c.log.Info("not let in yet; asking again", "why", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return joinAnswer{}, ctx.Err()
		}
	}
}

func (c *Cluster) ask(ctx context.Context, client *http.Client, address string, token token) (a joinAnswer, err error) {
	body, err := json.Marshal(joinRequest{
		ID: c.identity.ID, Name: c.identity.Name, Named: c.o.Name != "", Address: c.identity.Advertise,
		Version: c.o.Version, Settings: c.o.Settings,
	})
	if err != nil {
		return a, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+address+"/join", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	req.Header.Set("Authorization", "Bearer "+base64.RawURLEncoding.EncodeToString(token.secret[:]))
	resp, err := client.Do(req)
	if err != nil {
		if wrong, ok := errors.AsType[*strangerError](err); ok {
			return a, fault.Wrap(fault.Forbidden, wrong, "whoever answers at "+address+" is not of the cluster that made the token: check the address")
		}
		return a, fault.Wrap(fault.NotFound, err, "no node answers at "+address+": is it up, and is this the address of its cluster port?")
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return a, fault.Wrap(fault.Unavailable, err, "the answer broke off")
	}
	if resp.StatusCode != http.StatusOK {
		var p problem
		if err := json.Unmarshal(text, &p); err != nil {
			return a, fmt.Errorf("asked to join: %s", resp.Status)
		}
		return a, p.fault()
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("read the answer: %w", err)
	}
	return a, nil
}

// A strangerError says that the other end is not who the token tells of.
type strangerError struct{ err error }

func (e *strangerError) Error() string { return "not of the cluster: " + e.err.Error() }

// selfSigned is a certificate that shows nothing but that the key is this node's.
func (c *Cluster) selfSigned() (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: c.identity.ID},
		NotBefore: time.Now().Add(-skew), NotAfter: time.Now().Add(skew),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, c.identity.public(), c.identity.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: c.identity.key}, err
}

// strangerConfig believes whoever has a certificate of the authority that the token tells of, which is found
// out before anything is said.
func (c *Cluster) strangerConfig(token token) (*tls.Config, error) {
	cert, err := c.selfSigned()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{protoJoin},
		Certificates:       []tls.Certificate{cert},
		InsecureSkipVerify: true, // the name is unknown; VerifyConnection looks at the rest
		VerifyConnection: func(s tls.ConnectionState) error {
			if err := verifyAuthority(s.PeerCertificates, token); err != nil {
				return &strangerError{err}
			}
			return nil
		},
	}, nil
}

func verifyAuthority(chain []*x509.Certificate, token token) error {
	for _, cert := range chain[1:] {
		if fingerprint(cert) != token.fingerprint {
			continue
		}
		roots := x509.NewCertPool()
		roots.AddCert(cert)
		_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots})
		return err
	}
	return errors.New("its certificate is of another authority")
}

// become makes this node what the answer says, which is of the cluster whose authority is known by its fingerprint.
func (c *Cluster) become(a joinAnswer, of [sha256.Size]byte) error {
	i := c.identity
	path := filepath.Join(i.dir, "secret.key")
	if err := seal.Install(path, a.Secret); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	sealer, err := seal.Open(path)
	if err != nil {
		return err
	}
	authority, err := newAuthority(sealer, a.Cluster)
	if err != nil {
		return err
	}
	if authority.fingerprint() != of || !validName(a.Name) || a.Members[i.ID] != i.Advertise {
		return fault.New(fault.Conflict, "the answer of the cluster is not of the one that was asked: start anew in an empty folder, and with a new token if there was one")
	}
	i.Cluster, i.Name, i.Joining = a.Cluster, a.Name, a.Members
	c.joined = true
	return i.save()
}
