package cluster

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"hexhub/internal/kernel/seal"
)

// skew is by how much the clocks of two nodes may differ.
const skew = 24 * time.Hour

// An authority signs the certificates of one cluster's nodes. Every node is one: its key is derived from
// the secret that all nodes share, so that a node makes its own certificates and asks nobody.
type authority struct {
	cluster string
	cert    *x509.Certificate // the same bytes on every node
	key     ed25519.PrivateKey
}

func newAuthority(sealer *seal.Sealer, cluster string) (*authority, error) {
	key := ed25519.NewKeyFromSeed(sealer.Derive("cluster/authority/" + cluster))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "HexHub cluster " + cluster},
		NotBefore: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		IsCA: true, MaxPathLenZero: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the cluster's authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cluster, cert, key}, err
}

// fingerprint tells the authority from all others.
func (a *authority) fingerprint() [sha256.Size]byte { return fingerprint(a.cert) }

func fingerprint(cert *x509.Certificate) [sha256.Size]byte {
	return sha256.Sum256(cert.RawSubjectPublicKeyInfo)
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// serverName is what all certificates of the cluster are for: nodes are told apart by key, not by address.
func (a *authority) serverName() string { return a.cluster + ".hexhub.invalid" }

// sign makes a certificate of a node for its key, good for life from now.
func (a *authority) sign(id string, key ed25519.PrivateKey, life time.Duration, now time.Time) (*tls.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: id}, DNSNames: []string{a.serverName()},
		NotBefore: now.Add(-skew), NotAfter: now.Add(life),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make the node's certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, err
}

// pemOf writes certificates as etcd reads them.
func pemOf(ders ...[]byte) []byte {
	var out []byte
	for _, der := range ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return out
}
