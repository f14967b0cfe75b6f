package doctor_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhub/hex/name"
	"hexhub/hex/version"
	"hexhub/internal/feature/access"
	"hexhub/internal/feature/account"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/index"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

var hexhub = name.MustRepository("hexhub")

// A patient is a healthy installation with one package, whose tables are in memory.
type patient struct {
	*testing.T
	doctor.Deps
	release catalog.Release
}

func newPatient(t *testing.T) *patient {
	p := &patient{T: t}
	p.Dir = filepath.Join(t.TempDir(), "data")
	p.URL = "https://hub.example.com"
	p.check(os.Mkdir(p.Dir, 0o700))
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{},
		audit.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables, policy.Tables, index.Tables)
	p.check(err)
	t.Cleanup(db.Close)
	sealer, err := seal.Open(filepath.Join(p.Dir, "secret.key"))
	p.check(err)
	signer, err := index.EnsureKey(t.Context(), db, sealer)
	p.check(err)
	p.DB, p.Fingerprint, p.Blobs = db, signer.Public().Fingerprint(), new(blob.Memory)
	_, err = org.New(db, org.Options{}).EnsureDefault(t.Context(), hexhub)
	p.check(err)
	accounts := account.New(db, account.Options{Cost: account.Cost{Memory: 64, Passes: 1, Lanes: 1}})
	_, err = accounts.Create(t.Context(), audit.By{}, account.Draft{Username: "eva", Emails: []string{"eva@example.com"}, Admin: true, Verified: true})
	p.check(err)
	h, size, err := p.Blobs.Put(t.Context(), strings.NewReader("a tarball"))
	p.check(err)
	now := time.Now().UTC()
	p.release = catalog.Release{
		Repository: hexhub, Package: name.MustPackage("decimal"), Version: version.MustParse("2.1.0"),
		Inner: [32]byte{1}, Outer: [32]byte(h), Size: size, InsertedAt: now, UpdatedAt: now,
	}
	p.put()
	return p
}

func (p *patient) check(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// put writes the release as it now is.
func (p *patient) put() {
	p.Helper()
	pkg := catalog.Package{Repository: hexhub, Name: p.release.Package, InsertedAt: p.release.InsertedAt, UpdatedAt: p.release.UpdatedAt}
	p.check(p.DB.Update(p.Context(), func(tx *store.Tx) error {
		catalog.ImportTx(tx, pkg, []catalog.Release{p.release}, nil)
		return nil
	}))
}

func (p *patient) secret() string { return filepath.Join(p.Dir, "secret.key") }

func TestHealthyIsFoundHealthy(t *testing.T) {
	p := newPatient(t)
	for _, deep := range []bool{false, true} {
		p.Deep = deep
		for _, f := range doctor.Run(t.Context(), p.Deps, nil) {
			if f.Level != doctor.OK && f.Level != doctor.Skip || f.Fix != "" {
				t.Errorf("deep %t: %+v", deep, f)
			}
		}
	}
}

// Every injected fault is found by the check it is about, which says what to type.
func TestFaultsAreFoundAndNamed(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(*patient)
		check  string
		level  doctor.Level
		saying string
	}{
		{"no folder", func(p *patient) { p.check(os.RemoveAll(p.Dir)) }, "data", doctor.Fail, "no such file"},
		{"open folder", func(p *patient) { p.check(os.Chmod(p.Dir, 0o755)) }, "data", doctor.Warn, "mode 0755"},
		{"no secret", func(p *patient) { p.check(os.Remove(p.secret())) }, "secret", doctor.Fail, "is missing"},
		{"open secret", func(p *patient) { p.check(os.Chmod(p.secret(), 0o640)) }, "secret", doctor.Fail, "chmod 600"},
		{"short secret", func(p *patient) { p.check(os.Truncate(p.secret(), 5)) }, "secret", doctor.Fail, "5 bytes"},
		{"another secret", func(p *patient) { p.check(os.WriteFile(p.secret(), bytes.Repeat([]byte("x"), seal.KeySize), 0o600)) }, "signing-key", doctor.Fail, "another secret key"},
		{"another key in use", func(p *patient) { p.Fingerprint = "SHA256:other" }, "signing-key", doctor.Fail, "SHA256:other"},
		{"no store", func(p *patient) { p.DB, p.StoreErr = nil, os.ErrPermission }, "store", doctor.Fail, "permission denied"},
		{"no blobs", func(p *patient) { p.Blobs, p.BlobsErr = nil, os.ErrPermission }, "blobs", doctor.Fail, "permission denied"},
		{"lost tarball", func(p *patient) { p.release.Outer[0]++; p.put() }, "blobs", doctor.Fail, "decimal-2.1.0.tar"},
		{"lost documentation", func(p *patient) { p.release.Docs = &catalog.Docs{Hash: [32]byte{1}, Size: 1}; p.put() }, "blobs", doctor.Fail, "docs of decimal-2.1.0.tar"},
		{"short tarball", func(p *patient) { p.release.Size++; p.put() }, "blobs", doctor.Fail, "has 9 bytes, not 10"},
		{"no checksum", func(p *patient) { p.release.Inner = [32]byte{}; p.put() }, "index", doctor.Fail, "hexhub/decimal"},
		{"no administrator", func(p *patient) { p.dethrone() }, "administrator", doctor.Warn, "there is none"},
		{"plain address", func(p *patient) { p.URL = "http://hub.example.com" }, "address", doctor.Warn, "unencrypted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPatient(t)
			c.spoil(p)
			found := doctor.Run(t.Context(), p.Deps, []string{c.check})
			if len(found) != 1 || found[0].ID != c.check || found[0].Level != c.level || !strings.Contains(found[0].Evidence, c.saying) || found[0].Fix == "" {
				t.Errorf("found %+v, want %s at level %s saying %q, and a fix", found, c.check, c.level, c.saying)
			}
		})
	}
}

// dethrone makes the administrator a plain user, as no deed would.
func (p *patient) dethrone() {
	p.check(p.DB.Update(p.Context(), func(tx *store.Tx) error {
		for u := range account.Admins(tx) {
			u.Admin = false
			account.Users.Put(tx, u)
		}
		return nil
	}))
}

// Whatever is broken, each check has one finding, in the order of the list, and none panics.
func TestFindingsComeInOrder(t *testing.T) {
	for name, d := range map[string]doctor.Deps{"healthy": newPatient(t).Deps, "nothing": {}, "only a folder": {Dir: t.TempDir(), StoreErr: os.ErrNotExist}} {
		t.Run(name, func(t *testing.T) {
			found := doctor.Run(t.Context(), d, nil)
			for i, c := range doctor.Checks() {
				if found[i].ID != c.ID || found[i].Level == "" || found[i].Evidence == "" {
					t.Errorf("finding %d = %+v, want of %s", i, found[i], c.ID)
				}
			}
		})
	}
}

func TestExaminationChangesNothing(t *testing.T) {
	p := newPatient(t)
	p.check(os.Remove(p.secret()))
	before := p.DB.Revision()
	doctor.Run(t.Context(), p.Deps, nil)
	if after := p.DB.Revision(); after != before {
		t.Errorf("revision %d became %d", before, after)
	}
	entries, err := os.ReadDir(p.Dir)
	p.check(err)
	if len(entries) != 0 {
		t.Errorf("the folder has %v, and was empty", entries)
	}
}

func TestUnknownChecksAreRefused(t *testing.T) {
	if err := doctor.Known([]string{"data", "heart"}); err == nil || !strings.Contains(err.Error(), `"heart"`) {
		t.Errorf("Known = %v", err)
	}
	if err := doctor.Known([]string{"data", "mail"}); err != nil {
		t.Errorf("Known = %v", err)
	}
}
