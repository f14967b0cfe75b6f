package index

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hexhub/hex/registry"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// A signingKey is the private key that signs all repositories of the server. It stays for ever:
// clients have its public half in their configuration.
type signingKey struct {
	Name       string    `json:"name"`
	Sealed     []byte    `json:"sealed"` // PKCS#8 in PEM, sealed under sealLabel
	InsertedAt time.Time `json:"inserted_at"`
}

const (
	keyName   = "registry"
	sealLabel = "index/signing-key"
)

var signingKeys = store.NewTable("signing-key", func(k signingKey) string { return store.Path(k.Name) })

// Tables are the tables of this package.
var Tables = store.Schema{signingKeys}

// EnsureKey returns the server's signing key, which the first node to ask makes. Of several that ask
// at once one makes it, and all get that one's.
func EnsureKey(ctx context.Context, db *store.DB, sealer *seal.Sealer) (*registry.Signer, error) {
	row, ok := signingKeys.Get(db.View(), keyName)
	if !ok {
		var err error
		if row, err = makeKey(ctx, db, sealer); err != nil {
			return nil, fmt.Errorf("make the registry's signing key: %w", err)
		}
	}
	return row.unseal(sealer)
}

// ReadKey returns the server's signing key, or false if no node has made it yet.
func ReadKey(r store.Reader, sealer *seal.Sealer) (*registry.Signer, bool, error) {
	row, ok := signingKeys.Get(r, keyName)
	if !ok {
		return nil, false, nil
	}
	signer, err := row.unseal(sealer)
	return signer, true, err
}

func (k signingKey) unseal(sealer *seal.Sealer) (*registry.Signer, error) {
	text, err := sealer.Unseal(sealLabel, k.Sealed)
	if errors.Is(err, seal.ErrUnseal) {
		return nil, fault.Wrap(fault.Invalid, err, "the registry's signing key was sealed with another secret key than this node has: "+
			"put the secret key file of the node that made the data, or of its backup, in the place of this node's, and start again")
	}
	if err != nil {
		return nil, fmt.Errorf("read the registry's signing key: %w", err)
	}
	return registry.ParseKey(text)
}

// makeKey returns the row that came first, this node's or another's.
func makeKey(ctx context.Context, db *store.DB, sealer *seal.Sealer) (signingKey, error) {
	signer, err := registry.GenerateKey()
	if err != nil {
		return signingKey{}, err
	}
	text, err := signer.PrivatePEM()
	if err != nil {
		return signingKey{}, err
	}
	ours := signingKey{keyName, sealer.Seal(sealLabel, text), time.Now().UTC().Truncate(time.Microsecond)}
	var first signingKey
	err = db.Update(ctx, func(tx *store.Tx) error {
		var ok bool
		if first, ok = signingKeys.Get(tx, keyName); !ok {
			first = ours
			signingKeys.Put(tx, ours)
		}
		return nil
	})
	return first, err
}
