package registry

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
)

// What ssh-keygen -lf says of testdata/public.pem, after ssh-keygen -i -m PKCS8.
const testFingerprint = "SHA256:OqAOjDEWOL12qrxk35LgXjawDIhyaXYcb0RSYcod6vE"

func TestFingerprintIsSSHs(t *testing.T) {
	if got := testPublicKey(t).Fingerprint(); got != testFingerprint {
		t.Errorf("fingerprint = %s, ssh-keygen says %s", got, testFingerprint)
	}
}

func TestSSHIntegersStayPositive(t *testing.T) {
	for n, want := range map[int64][]byte{
		1:       {1},
		0x7f:    {0x7f},
		0x80:    {0, 0x80},
		0x10001: {1, 0, 1},
	} {
		if got := sshInt(big.NewInt(n)); !bytes.Equal(got, want) {
			t.Errorf("sshInt(%#x) = %x, want %x", n, got, want)
		}
	}
}

func TestKeysAreReadInEveryForm(t *testing.T) {
	for _, name := range []string{"key.pem", "key_pkcs1.pem"} {
		s, err := ParseKey(testdata(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := s.Public().Fingerprint(); got != testFingerprint {
			t.Errorf("%s: fingerprint = %s", name, got)
		}
	}
	for _, name := range []string{"public.pem", "public_pkcs1.pem"} {
		k, err := ParsePublicKey(testdata(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := k.Fingerprint(); got != testFingerprint {
			t.Errorf("%s: fingerprint = %s", name, got)
		}
	}
}

// Every client reads SPKI, and one entry only.
func TestPublicKeyIsOneSPKIEntry(t *testing.T) {
	got, err := testKey(t).Public().PEM()
	if err != nil {
		t.Fatal(err)
	}
	if want := testdata(t, "public.pem"); !bytes.Equal(got, want) {
		t.Errorf("PEM =\n%s\nopenssl wrote\n%s", got, want)
	}
}

func TestGeneratedKeySurvivesStorage(t *testing.T) {
	generated, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := generated.PrivatePEM()
	if err != nil {
		t.Fatal(err)
	}
	stored, err := ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	if bits := stored.key.N.BitLen(); bits != 2048 {
		t.Errorf("key has %d bits, want 2048", bits)
	}
	file, err := stored.Names(Names{Repository: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadNames(generated.Public(), file.Body, "acme"); err != nil {
		t.Errorf("the stored key does not sign for the generated one: %v", err)
	}
}

func TestUnusableKeysAreRefused(t *testing.T) {
	private, public := testdata(t, "key.pem"), testdata(t, "public.pem")
	small := weakKey(t)
	elliptic := ellipticKey(t)
	encode := func(label string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
	}
	pkix := func(key any) []byte {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	pkcs8 := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	tests := []struct {
		name            string
		private, public []byte
	}{
		{"nothing", nil, nil},
		{"not PEM", []byte("key"), []byte("key")},
		{"two entries", bytes.Repeat(private, 2), bytes.Repeat(public, 2)},
		{"the other half", public, private},
		{"broken DER", encode("PRIVATE KEY", []byte{1}), encode("PUBLIC KEY", []byte{1})},
		{"not RSA", encode("PRIVATE KEY", pkcs8(elliptic)), encode("PUBLIC KEY", pkix(&elliptic.PublicKey))},
		{"too small", encode("PRIVATE KEY", pkcs8(small)), encode("PUBLIC KEY", pkix(&small.PublicKey))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ParseKey(test.private); err == nil {
				t.Error("private key was accepted")
			}
			if _, err := ParsePublicKey(test.public); err == nil {
				t.Error("public key was accepted")
			}
		})
	}
}

func weakKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ellipticKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
