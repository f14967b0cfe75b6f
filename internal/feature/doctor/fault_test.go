package doctor_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"hexhub/docs"
	"hexhub/internal/feature/audit"
	"hexhub/internal/feature/backup"
	"hexhub/internal/feature/catalog"
	"hexhub/internal/feature/doctor"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/scrub"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
)

// A disease is a fault that is injected, and how it is found.
type disease struct {
	name   string
	spoil  func(*patient)
	check  string
	level  doctor.Level
	saying string
}

var diseases = []disease{
	{"no folder", func(p *patient) { p.check(os.RemoveAll(p.Dir)) }, "data", doctor.Fail, "no such file"},
	{"open folder", func(p *patient) { p.check(os.Chmod(p.Dir, 0o755)) }, "data", doctor.Warn, "mode 0755"},
	{"half recovered", func(p *patient) { p.leave("recovering", 0) }, "restore", doctor.Fail, "cluster of one"},
	{"half restored", func(p *patient) { p.leave("restoring", 0) }, "restore", doctor.Fail, "not finished"},
	{"full disk", func(p *patient) { p.status.DiskFull = true }, "disk", doctor.Fail, "read-only"},
	{"nearly full disk", func(p *patient) { p.status.DiskFree = 2 << 20 }, "disk", doctor.Warn, "2.1 MB free"},
	{"left behind", func(p *patient) { p.leave("blobs/tmp/X", 48*time.Hour) }, "temp", doctor.Warn, "1 temporary file, 4 B"},
	{"no secret", func(p *patient) { p.check(os.Remove(p.secret())) }, "secret", doctor.Fail, "is missing"},
	{"open secret", func(p *patient) { p.check(os.Chmod(p.secret(), 0o640)) }, "secret", doctor.Fail, "open to other users"},
	{"short secret", func(p *patient) { p.check(os.Truncate(p.secret(), 5)) }, "secret", doctor.Fail, "5 bytes"},
	{"open password", func(p *patient) {
		p.Server.Private = []string{p.leave("password", 0), "", "absent"}
		p.check(os.Chmod(p.Server.Private[0], 0o644))
	}, "private-files", doctor.Fail, "password"},
	{"open socket", func(p *patient) { p.check(os.Chmod(filepath.Join(p.Dir, "ops.sock"), 0o666)) }, "socket", doctor.Fail, "mode 0666"},
	{"no socket", func(p *patient) { p.check(os.Remove(filepath.Join(p.Dir, "ops.sock"))) }, "socket", doctor.Warn, "is gone"},
	{"no store", func(p *patient) { p.DB, p.StoreErr = nil, os.ErrPermission }, "store", doctor.Fail, "permission denied"},
	{"no answer", func(p *patient) { p.statusErr = errors.New("it hangs") }, "store", doctor.Fail, "it hangs"},
	{"no majority", func(p *patient) { p.status.Leader = 0 }, "store", doctor.Fail, "no majority"},
	{"nobody leads elsewhere", func(p *patient) { p.status.External, p.status.Leader = true, 0 }, "store", doctor.Fail, "run elsewhere has no leader"},
	{"an alarm elsewhere", func(p *patient) { p.status.External, p.status.Problems = true, []string{"alarm: NOSPACE"} }, "store", doctor.Fail, "elsewhere says: alarm: NOSPACE"},
	{"an alarm", func(p *patient) { p.status.Problems = []string{"alarm: NOSPACE"} }, "store", doctor.Fail, "NOSPACE"},
	{"near the quota", func(p *patient) { p.status.Size = 7 << 30 }, "store", doctor.Warn, "of its quota"},
	{"tables behind", func(p *patient) { p.status.Revision = 1 << 20 }, "tables", doctor.Warn, "changes behind"},
	{"no writes", func(p *patient) { p.DB.SetReadOnly(fault.New(fault.Unavailable, "somebody said so")) }, "writes", doctor.Fail, "somebody said so"},
	{"another secret", func(p *patient) { p.check(os.WriteFile(p.secret(), bytes.Repeat([]byte("x"), seal.KeySize), 0o600)) }, "signing-key", doctor.Fail, "another secret key"},
	{"another key in use", func(p *patient) { p.Fingerprint = "SHA256:other" }, "signing-key", doctor.Fail, "SHA256:other"},
	{"no checksum", func(p *patient) { p.release.Inner = [32]byte{}; p.put() }, "index", doctor.Fail, "hexhub/decimal"},
	{"a bucket that refuses", func(p *patient) { p.Bucket = broken{} }, "bucket", doctor.Fail, "access denied"},
	{"no blobs", func(p *patient) { p.Blobs, p.BlobsErr = nil, os.ErrPermission }, "blobs", doctor.Fail, "permission denied"},
	{"lost tarball", func(p *patient) { p.release.Outer[0]++; p.put() }, "blobs", doctor.Fail, "decimal-2.1.0.tar"},
	{"lost documentation", func(p *patient) { p.release.Docs = &catalog.Docs{Hash: [32]byte{1}, Size: 1}; p.put() }, "blobs", doctor.Fail, "docs of decimal-2.1.0.tar"},
	{"short tarball", func(p *patient) { p.release.Size++; p.put() }, "blobs", doctor.Fail, "has 9 bytes, not 10"},
	{"rotten tarball", (*patient).rot, "blobs", doctor.Fail, "corrupt"},
	{"rot that was found", func(p *patient) {
		for i := range p.Server.Scrubs {
			p.Server.Scrubs[i].Lost = []scrub.Loss{{What: "hexhub/decimal-2.1.0.tar", Why: "missing"}}
		}
	}, "scrub", doctor.Fail, "left of 1 tarball: hexhub/decimal-2.1.0.tar is missing on n1"},
	{"a node that is not scrubbed", func(p *patient) { p.Server.Scrubs[1].Last.Ended = time.Now().Add(-15 * 24 * time.Hour) }, "scrub", doctor.Warn, "n2 were all read last on"},
	{"a node that was never scrubbed", func(p *patient) {
		p.Server.Scrubs[1] = scrub.State{Store: "2", Node: "n2", Since: time.Now().Add(-15 * 24 * time.Hour)}
	}, "scrub", doctor.Warn, "read never"},
	{"a scrub that does not get on", func(p *patient) { p.Server.Scrubs[0].Problem = "permission denied" }, "scrub", doctor.Warn, "not read on: permission denied"},
	{"a tarball that cannot be read", func(p *patient) { p.Server.Scrubs[0].Last.Unread = 1 }, "scrub", doctor.Warn, "1 tarball on n1 could not be read"},
	{"lost audit", (*patient).loseAudit, "audit", doctor.Fail, "segment 1"},
	{"no backup", func(p *patient) { p.Server.BackupTo = "" }, "backup", doctor.Warn, "there is none"},
	{"backup inside", func(p *patient) { p.Server.BackupTo = filepath.Join(p.Dir, "backup") }, "backup", doctor.Fail, "lost with it"},
	{"a bucket of backups that refuses", func(p *patient) { p.Server.BackupBucket = broken{} }, "backup", doctor.Fail, "access denied"},
	{"no snapshot", func(p *patient) { p.Server.Backup = backup.State{} }, "backup", doctor.Warn, "nothing has been written"},
	{"old backup", func(p *patient) { p.Server.Backup.Snapshot.At = time.Now().Add(-72 * time.Hour) }, "backup", doctor.Fail, "one is due every 24h"},
	{"failing backup", func(p *patient) { p.Server.Backup.Problem = "disk full" }, "backup", doctor.Fail, "disk full"},
	{"backup with holes", func(p *patient) { p.Server.Backup.Snapshot.Missing = 2 }, "backup", doctor.Fail, "lacks 2 blobs"},
	{"bad backup", func(p *patient) { p.Server.Backup.Verified.Problems = []string{"a blob is rotten"} }, "backup", doctor.Fail, "a blob is rotten"},
	{"untried backup", func(p *patient) { p.Server.Backup.Verified.At = time.Now().Add(-30 * 24 * time.Hour) }, "backup", doctor.Warn, "has not been restored"},
	{"dead job", func(p *patient) { p.kill("webhook") }, "jobs", doctor.Warn, "1 job of kind webhook"},
	{"no administrator", (*patient).dethrone, "administrator", doctor.Warn, "there is none"},
	{"old setup link", func(p *patient) { p.leave("setup-url", 48*time.Hour) }, "setup", doctor.Warn, "has ended"},
	{"open registration", func(p *patient) { p.Server.Open = true }, "registration", doctor.Warn, "nobody has to show"},
	{"plain address", func(p *patient) { p.URL = "http://hub.example.com" }, "address", doctor.Warn, "unencrypted"},
	{"nobody speaks HTTPS", func(p *patient) { p.Server.Proxies = nil }, "url", doctor.Warn, "speaks HTTP"},
	{"only HTTPS is spoken", func(p *patient) { p.URL = "http://hub.example.com"; p.certify(90, "hub.example.com") }, "url", doctor.Fail, "only HTTPS"},
	{"another port", func(p *patient) { p.URL, p.Server.Proxies = "http://hub.example.com:8080", nil }, "url", doctor.Warn, "port 8080"},
	{"ended certificate", func(p *patient) { p.certify(-1, "hub.example.com") }, "tls", doctor.Fail, "ended on"},
	{"ending certificate", func(p *patient) { p.certify(3, "hub.example.com") }, "tls", doctor.Warn, "ends in"},
	{"another's certificate", func(p *patient) { p.certify(90, "other.example.com") }, "tls", doctor.Fail, "other.example.com"},
	{"another's key", func(p *patient) {
		p.certify(90, "hub.example.com")
		cert := p.Server.TLSCert
		p.certify(90, "hub.example.com")
		p.Server.TLSCert = cert
	}, "tls", doctor.Fail, "do not go together"},
	{"everybody is a proxy", func(p *patient) { p.Server.Proxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} }, "proxies", doctor.Fail, "0.0.0.0/0"},
	{"few files", func(p *patient) { p.Server.Files = 1024 }, "open-files", doctor.Warn, "1,024 files"},
	{"undelivered letter", func(p *patient) { p.kill("mail") }, "mail", doctor.Warn, "1 letter"},
	{"dead node", func(p *patient) { p.seen[2].Vital, p.seen[2].Err = nil, errors.New("refused") }, "nodes", doctor.Fail, "n3 is unreachable (refused)"},
	{"no majority of nodes", func(p *patient) { p.seen[1].Vital, p.seen[2].Vital = nil, nil }, "nodes", doctor.Fail, "Read-only: 1 of 3 nodes"},
	{"nobody leads", func(p *patient) {
		for _, s := range p.seen {
			s.Vital.Leader = 0
		}
	}, "leader", doctor.Fail, "nobody leads"},
	{"slow node", func(p *patient) { p.seen[1].Vital.Revision = 1 }, "lag", doctor.Warn, "n2 is 499 changes behind"},
	{"even number", func(p *patient) { p.seen = p.seen[:2] }, "size", doctor.Warn, "2 nodes survive no more"},
	{"half upgraded", func(p *patient) { p.seen[1].Vital.Version = "1.1.0" }, "versions", doctor.Warn, "n2 run 1.1.0"},
	{"clock ahead", func(p *patient) { p.seen[1].Skew = time.Second }, "clock", doctor.Warn, "1s from n2"},
	{"clock far behind", func(p *patient) { p.seen[1].Skew = -time.Minute }, "clock", doctor.Fail, "1m0s from n2"},
	{"node not renewed", func(p *patient) { p.certEnds = time.Now().Add(25 * time.Hour) }, "node-certificate", doctor.Warn, "ends in 1 day"},
	{"node's certificate ended", func(p *patient) { p.certEnds = time.Now().Add(-time.Hour) }, "node-certificate", doctor.Fail, "ended on"},
}

// Every injected fault is found by the check it is about, which says what to type.
func TestFaultsAreFoundAndNamed(t *testing.T) {
	for _, d := range diseases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			p := newPatient(t)
			d.spoil(p)
			p.finds(d.check, d.level, d.saying)
		})
	}
}

func (p *patient) finds(check string, level doctor.Level, saying string) {
	p.Helper()
	found := doctor.Run(p.Context(), p.Deps, []string{check})
	if len(found) != 1 || found[0].ID != check || found[0].Level != level || !strings.Contains(found[0].Evidence, saying) || found[0].Fix == "" {
		p.Errorf("found %+v, want %s at level %s saying %q, and a fix", found, check, level, saying)
	}
	if !slices.ContainsFunc(docs.Pages(), func(page docs.Page) bool { return found[0].More == "docs/"+page.Name+".md" }) {
		p.Errorf("%s: one is to read on in %q, which is no page of the manual", check, found[0].More)
	}
}

// No check goes without a fault that shows what it is for; that of the tables' age has a test of its own.
func TestEveryCheckIsTriedByAFault(t *testing.T) {
	for _, c := range doctor.Checks() {
		if !slices.ContainsFunc(diseases, func(d disease) bool { return d.check == c.ID }) {
			t.Errorf("no fault is injected for %s", c.ID)
		}
	}
}

// A silent log cannot be read any more.
type silentLog struct {
	store.Log
	silent *atomic.Bool
}

func (l silentLog) Range(ctx context.Context, from, to string, at store.Revision, limit int) (store.Page, error) {
	if l.silent.Load() {
		return store.Page{}, errors.New("silence")
	}
	return l.Log.Range(ctx, from, to, at, limit)
}

func TestOldTablesAreFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		db, err := store.Open(t.Context(), silentLog{store.NewMemory(), &silent}, store.Options{}, job.Tables)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		silent.Store(true)
		time.Sleep(time.Minute)
		p := &patient{T: t, Deps: doctor.Deps{DB: db, Server: new(doctor.Server)}}
		p.finds("tables", doctor.Fail, "old")
	})
}

// What can be mended without judgement is, once; and what was not ill is left alone.
func TestFixesMend(t *testing.T) {
	mended := map[string]bool{}
	for _, d := range diseases {
		if !slices.Contains(doctor.Fixable(), d.check) || slices.Contains([]string{"no folder", "no secret", "short secret", "no socket"}, d.name) {
			continue
		}
		mended[d.check] = true
		t.Run(d.name, func(t *testing.T) {
			p := newPatient(t)
			if did, err := doctor.Fix(p.Deps, []string{d.check}); err != nil || len(did) > 0 {
				t.Errorf("mended a healthy one: %q, %v", did, err)
			}
			d.spoil(p)
			if did, err := doctor.Fix(p.Deps, []string{d.check}); err != nil || len(did) != 1 {
				t.Errorf("did %q, %v", did, err)
			}
			if f := doctor.Run(t.Context(), p.Deps, []string{d.check})[0]; f.Level != doctor.OK {
				t.Errorf("after the fix: %+v", f)
			}
		})
	}
	for _, id := range doctor.Fixable() {
		if !mended[id] {
			t.Errorf("no test mends %s", id)
		}
	}
}

// What a fix could spoil needs somebody's judgement, and young files may still be written.
func TestFixesAreCareful(t *testing.T) {
	p := newPatient(t)
	if _, err := doctor.Fix(p.Deps, []string{"blobs"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("mending blobs: %v", err)
	}
	if _, err := doctor.Fix(p.Deps, []string{"heart"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("mending what is unknown: %v", err)
	}
	young := p.leave("blobs/tmp/Y", time.Hour)
	if did, err := doctor.Fix(p.Deps, []string{"temp"}); err != nil || len(did) > 0 {
		t.Errorf("did %q, %v", did, err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Error(err)
	}
}

// leave leaves a file of four bytes in the folder, of the age.
func (p *patient) leave(name string, age time.Duration) string {
	p.Helper()
	name = filepath.Join(p.Dir, filepath.FromSlash(name))
	p.check(os.MkdirAll(filepath.Dir(name), 0o700))
	p.check(os.WriteFile(name, []byte("left"), 0o600))
	at := time.Now().Add(-age)
	p.check(os.Chtimes(name, at, at))
	return name
}

// kill leaves a job of the kind that failed for good.
func (p *patient) kill(kind string) {
	p.check(p.DB.Update(p.Context(), func(tx *store.Tx) error {
		job.Jobs.Put(tx, job.Job{ID: "1", Kind: kind, Key: "k", Dead: true, Error: "no"})
		return nil
	}))
}

// rot changes the tarball on its disk, and has it read whole.
func (p *patient) rot() {
	dir := filepath.Join(p.Dir, "blobs")
	disk, err := blob.OpenDisk(dir)
	p.check(err)
	p.Cleanup(func() { _ = disk.Close() })
	_, _, err = disk.Put(p.Context(), strings.NewReader("a tarball"))
	p.check(err)
	p.check(filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			p.check(os.Chmod(name, 0o600))
			err = os.WriteFile(name, []byte("a tarbull"), 0o600)
		}
		return err
	}))
	p.Blobs, p.Deep = disk, true
}

// loseAudit seals the audit log into a blob, and loses that.
func (p *patient) loseAudit() {
	p.check(p.DB.Update(p.Context(), func(tx *store.Tx) error {
		audit.RecordTx(tx, audit.By{}, "setting.set", nil, time.Now())
		return nil
	}))
	sealer, err := seal.Open(p.secret())
	p.check(err)
	made, err := audit.New(p.DB, audit.Options{Blobs: p.Blobs, Sealer: sealer, Run: 1}).Archive(p.Context(), time.Now().Add(time.Hour))
	p.check(err)
	if made == 0 {
		p.Fatal("no segment was made")
	}
	p.Blobs = new(blob.Memory)
}

// certify gives the server a certificate for the host, and its key.
func (p *patient) certify(days int, host string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.check(err)
	ends := time.Now().Add(time.Duration(days) * 24 * time.Hour)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: ends.Add(-400 * 24 * time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	p.check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	p.check(err)
	dir := p.TempDir()
	p.Server.TLSCert, p.Server.TLSKey = filepath.Join(dir, "crt"), filepath.Join(dir, "key")
	p.check(os.WriteFile(p.Server.TLSCert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	p.check(os.WriteFile(p.Server.TLSKey, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// broken is a bucket that takes nothing.
type broken struct{}

// Probe implements doctor.Prober.
func (broken) Probe(context.Context) error { return errors.New("access denied") }
