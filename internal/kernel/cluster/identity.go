package cluster

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"hexhub/internal/kernel/id"
	"hexhub/internal/kernel/wholefile"
)

// identity is DATA/node.json: which node of which cluster this data folder is.
type identity struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Cluster   string `json:"cluster,omitempty"` // empty until a node that joins has been let in
	Listen    string `json:"listen,omitempty"`
	Advertise string `json:"advertise,omitempty"`

	// Joining has the addresses of all nodes by id from when this one was let in until it has copied the log.
	Joining map[string]string `json:"joining,omitempty"`

	dir string
	key ed25519.PrivateKey
}

// The files below the data folder.
func (i *identity) file() string            { return filepath.Join(i.dir, "node.json") }
func (i *identity) path(name string) string { return filepath.Join(i.dir, "cluster", name) }

// loadIdentity reads who this node is, or makes somebody of it; that is kept once it is saved.
func loadIdentity(dir string) (i *identity, made bool, err error) {
	i = &identity{dir: dir}
	text, err := os.ReadFile(i.file())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		i.ID, made = id.New(), true
	case err != nil:
		return nil, false, fmt.Errorf("read the node's identity: %w", err)
	default:
		if err := json.Unmarshal(text, i); err != nil || i.ID == "" || i.Name == "" {
			return nil, false, fmt.Errorf("%s does not tell which node this is (%w); restore it, or start anew in an empty folder", i.file(), err)
		}
	}
	if err := os.MkdirAll(i.path(""), 0o700); err != nil {
		return nil, false, fmt.Errorf("make the cluster's folder: %w", err)
	}
	i.key, err = loadKey(i.path("node.key"))
	return i, made, err
}

// Identify returns the id and the name of the node that the data folder is, for one that is of no cluster of ours.
// It makes somebody of an empty folder; name may be empty, and is then what it was, or that of the machine.
func Identify(dir, name string) (id, called string, err error) {
	i, _, err := loadIdentity(dir)
	if err != nil {
		return "", "", err
	}
	i.Name = cmp.Or(name, i.Name, machineName())
	return i.ID, i.Name, i.save()
}

func (i *identity) public() ed25519.PublicKey { return i.key.Public().(ed25519.PublicKey) }

func (i *identity) save() error {
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(i.file(), append(text, '\n')); err != nil {
		return fmt.Errorf("write the node's identity: %w", err)
	}
	return nil
}

// loadKey reads the node's private key, which it makes if there is none.
func loadKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	if err != nil {
		return nil, fmt.Errorf("read the node's key: %w", err)
	}
	if block, _ := pem.Decode(text); block != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if key, ok := parsed.(ed25519.PrivateKey); ok && err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%s is not this node's private key; restore it, or remove the node from the cluster and join anew", path)
}

// writeFile replaces a file whole and durably; only its owner may read it.
func writeFile(path string, text []byte) error {
	if err := wholefile.Replace(path, bytes.NewReader(text), 0o600); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
