package etcdtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"

	"hexhub/internal/kernel/store/etcdlog"
)

// A Server is an etcd of somebody else's, which answers at an address whoever shows a certificate.
type Server struct {
	Endpoint      string // URL
	CA, Cert, Key string // files: who the server is, and what a client shows

	dir       string
	log       *etcdlog.Log
	configure func(*embed.Config)
}

// Serve starts a server, for the test to use until its end. What configure does is done last of all; nil does
// nothing.
func Serve(t testing.TB, configure func(*embed.Config)) *Server {
	t.Helper()
	s := &Server{dir: t.TempDir(), configure: configure}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Endpoint = "https://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.CA, s.Cert, s.Key = s.file("ca.pem"), s.file("cert.pem"), s.file("key.pem")
	s.certify(t)
	s.Start(t)
	t.Cleanup(s.Stop)
	return s
}

func (s *Server) file(name string) string { return filepath.Join(s.dir, name) }

// Start starts a server that was stopped, with all that it has.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	endpoint, err := url.Parse(s.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	s.log, err = etcdlog.Open(context.WithoutCancel(t.Context()), etcdlog.Options{
		Dir: s.file("etcd"), Logger: slog.New(slog.DiscardHandler),
		Configure: func(c *embed.Config) {
			c.TickMs, c.ElectionMs = 10, 100
			c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{*endpoint}, []url.URL{*endpoint}
			c.ClientTLSInfo.CertFile, c.ClientTLSInfo.KeyFile = s.Cert, s.Key
			c.ClientTLSInfo.TrustedCAFile, c.ClientTLSInfo.ClientCertAuth = s.CA, true
			if s.configure != nil {
				s.configure(c)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Stop stops the server. Stopping it again does nothing.
func (s *Server) Stop() {
	if s.log != nil {
		_ = s.log.Close()
		s.log = nil
	}
}

// External is how the server is reached, and where below it.
func (s *Server) External(prefix string) etcdlog.External {
	return etcdlog.External{Endpoints: []string{s.Endpoint}, Prefix: prefix, CA: s.CA, Cert: s.Cert, Key: s.Key}
}

// certify makes an authority, and one certificate for server and clients alike.
func (s *Server) certify(t testing.TB) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "etcd"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		s.CA: {Type: "CERTIFICATE", Bytes: cert}, s.Cert: {Type: "CERTIFICATE", Bytes: cert}, s.Key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
