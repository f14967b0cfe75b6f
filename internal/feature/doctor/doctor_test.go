package doctor_test

import (
	"context"
	"net/netip"
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
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/feature/health"
	"hexhub/internal/feature/index"
	"hexhub/internal/feature/org"
	"hexhub/internal/feature/policy"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/limit"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

var hexhub = name.MustRepository("hexhub")

// A patient is a healthy installation with one package, whose tables are in memory.
type patient struct {
	*testing.T
	doctor.Deps
	release   catalog.Release
	status    etcdlog.Status
	statusErr error
	seen      []health.Seen
	certEnds  time.Time
}

func newPatient(t *testing.T) *patient {
	p := &patient{T: t}
	p.Dir = filepath.Join(t.TempDir(), "data")
	p.URL = "https://hub.example.com"
	p.check(os.Mkdir(p.Dir, 0o700))
	db, err := store.Open(t.Context(), store.NewMemory(), store.Options{},
		audit.Tables, job.Tables, limit.Tables, account.Tables, org.Tables, access.Tables, catalog.Tables, policy.Tables, index.Tables)
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
	p.serve()
	return p
}

// serve has the patient's server run, alone among three nodes that are well.
func (p *patient) serve() {
	p.check(os.WriteFile(filepath.Join(p.Dir, "ops.sock"), nil, 0o600))
	p.Server = &doctor.Server{
		Listen: "127.0.0.1:4000", Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}, Mail: true, Files: 65536,
		BackupTo: p.TempDir(), Every: 24 * time.Hour, Verify: 7 * 24 * time.Hour,
		ScrubEvery: 7 * 24 * time.Hour, Scrubs: []scrub.State{
			{Store: "1", Node: "n1", Last: &scrub.Round{Ended: time.Now().Add(-time.Hour)}},
			{Store: "2", Node: "n2", Last: &scrub.Round{Ended: time.Now().Add(-time.Minute)}},
		},
		Backup: backup.State{Snapshot: &backup.Made{At: time.Now().Add(-time.Hour)}, Verified: &backup.Verified{At: time.Now().Add(-time.Hour)}},
	}
	p.status = etcdlog.Status{Revision: 9, Size: 1 << 20, Quota: 8 << 30, DiskFree: 8 << 30, Member: 1, Leader: 1}
	p.Log, p.Reserve = statusOf{p}, 1<<20
	for i, name := range []string{"n1", "n2", "n3"} {
		v := &health.Vital{Name: name, Version: "1.0.0", Member: uint64(i + 1), Leader: 1, Term: 7, Revision: 500}
		p.seen = append(p.seen, health.Seen{Name: name, Vital: v})
	}
	p.Nodes = func(context.Context) health.Report { return health.Judge(p.seen) }
	p.certEnds = time.Now().Add(60 * 24 * time.Hour)
	p.NodeCertEnds = func() time.Time { return p.certEnds }
}

// statusOf is a log that does as its patient does: a real one takes long to make ill.
type statusOf struct{ p *patient }

func (s statusOf) Status(context.Context) (etcdlog.Status, error) { return s.p.status, s.p.statusErr }

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
	if len(entries) != 1 || entries[0].Name() != "ops.sock" {
		t.Errorf("the folder has %v, and had only the socket", entries)
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
