// Package doctor examines an installation and says what is wrong with it, and what to type.
//
// It knows what a healthy server looks like from the inside: its folder, its secrets, its tables, and
// that every file it signs and every tarball it promises is really there. Unless it is
// told to mend something it changes nothing, and it knows no HTTP: the same examination runs in a serving node and on a stopped one's data.
package doctor

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"hexhub/hex/registry"
	"hexhub/internal/feature/health"
	"hexhub/internal/kernel/blob"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store"
	"hexhub/internal/kernel/store/etcdlog"
)

// Deps are what is examined. What is missing is skipped, unless an error says why it is missing.
type Deps struct {
	Dir      string // data folder; empty when nothing is kept on disk
	URL      string // address that people use; empty when no server runs
	DB       *store.DB
	Log      Log   // nil when the log is not etcd's
	StoreErr error // why DB is nil
	Blobs    blob.Store
	BlobsErr error  // why Blobs is nil
	Bucket   Prober // where tarballs lie, if that is not on disks
	Reserve  int64  // bytes of disk below which the node is read-only

	Fingerprint  string                              // of the key that the running node signs with; empty when none runs
	Server       *Server                             // nil when none runs
	Nodes        func(context.Context) health.Report // asks all nodes how they do; nil for one alone
	NodeCertEnds func() time.Time                    // of the certificate that this node shows the others; nil for one alone

	Deep bool // read everything, however long it takes
}

// A Log tells how the store does, as etcdlog.Log does.
type Log interface {
	Status(context.Context) (etcdlog.Status, error)
}

// A Prober tries whether what it stands for can be written and read.
type Prober interface {
	Probe(ctx context.Context) error
}

// A Level is how grave a finding is.
type Level string

// The levels.
const (
	OK   Level = "ok"
	Warn Level = "warn" // it works, and somebody should know
	Fail Level = "fail" // something does not work, or soon will not
	Skip Level = "skip" // there is nothing to examine
)

// A Finding is what a check found.
type Finding struct {
	ID       string `json:"id"` // of the check
	Level    Level  `json:"level"`
	Evidence string `json:"evidence"`
	Fix      string `json:"fix,omitempty"`  // a command, or a sentence where there is none
	More     string `json:"more,omitempty"` // where to read on
}

// A Check is one thing that is examined. Its ID never changes; scripts name it.
type Check struct {
	ID       string
	Title    string
	Sentence string
	Page     string // of the manual, where one reads on

	run func(context.Context, *examination) Finding
}

// checks are in the order in which they are told: what others rest on comes first.
var checks = []Check{
	{"data", "data directory", "The data directory can be written, and by nobody else.", "operations", checkData},
	{"restore", "unfinished restore", "No backup is half restored into the data directory.", "backup", checkRestore},
	{"disk", "disk", "There is more free disk than the reserve at which the server stops writing.", "operations", checkDisk},
	{"temp", "temporary files", "No temporary files were left behind.", "operations", checkTemp},
	{"secret", "secret key", "The secret key is there, whole, and readable by its owner only.", "disaster-recovery", checkSecret},
	{"private-files", "private files", "Configured files that hold secrets are readable by their owner only.", "operations", checkPrivate},
	{"socket", "operator's socket", "The operator's socket is there, and for the owner only.", "operations", checkSocket},
	{"store", "store", "The store opens, has a leader, and is far from its quota.", "disaster-recovery", checkStore},
	{"tables", "tables", "The tables in memory follow the store.", "operations", checkTables},
	{"writes", "writes", "The server takes writes.", "operations", checkWrites},
	{"signing-key", "signing key", "The secret key opens the key that signs the registry.", "disaster-recovery", checkSigningKey},
	{"index", "registry files", "Every registry file can be made, and verifies with the public key.", "operations", checkIndex},
	{"bucket", "bucket", "The bucket for tarballs can be written, read and listed.", "operations", checkBucket},
	{"blobs", "tarballs", "The tarball of every release is there.", "disaster-recovery", checkBlobs},
	{"scrub", "rot", "All tarballs were read lately, and none is lost.", "operations", checkScrub},
	{"audit", "audit log", "No sealed part of the audit log is missing or was changed.", "operations", checkAudit},
	{"backup", "backup", "There is a backup, it is young, and somebody tried to restore it.", "backup", checkBackup},
	{"jobs", "jobs", "No background work has failed for good.", "operations", checkJobs},
	{"administrator", "administrator", "Somebody can administer the server.", "operations", checkAdministrator},
	{"setup", "setup link", "No dead link to become the first administrator lies about.", "operations", checkSetup},
	{"registration", "registration", "Who may register without invitation must show that the address is his.", "operations", checkRegistration},
	{"address", "public address", "Passwords and keys do not cross a network in the clear.", "operations", checkAddress},
	{"url", "way to the address", "The public address leads to what the server listens on.", "operations", checkURL},
	{"tls", "certificate", "The site's certificate fits its key and its name, and does not end soon.", "operations", checkTLS},
	{"proxies", "proxies", "Only proxies are believed about whence a request comes.", "operations", checkProxies},
	{"open-files", "open files", "The server may open as many files as it needs.", "operations", checkFiles},
	{"mail", "mail", "Mail can be sent.", "operations", checkMail},
	{"nodes", "nodes", "Every node answers, and they are a majority.", "cluster", checkNodes},
	{"leader", "leader", "One node leads.", "cluster", checkLeader},
	{"lag", "following", "No node is far behind the others.", "cluster", checkLag},
	{"size", "number of nodes", "The number of nodes is odd.", "cluster", checkSize},
	{"versions", "versions", "All nodes run the same version.", "cluster", checkVersions},
	{"clock", "clocks", "The clocks of the nodes agree.", "cluster", checkClock},
	{"node-certificate", "node certificate", "This node's certificate for the others is renewed in time.", "cluster", checkNodeCertificate},
}

// Checks lists all checks in the order of their findings.
func Checks() []Check { return slices.Clone(checks) }

// Known refuses ids that no check has.
func Known(ids []string) error {
	for _, id := range ids {
		if !slices.ContainsFunc(checks, func(c Check) bool { return c.ID == id }) {
			all := make([]string, len(checks))
			for i, c := range checks {
				all[i] = c.ID
			}
			return fault.New(fault.NotFound, "there is no check %q; the checks are %s", id, strings.Join(all, ", "))
		}
	}
	return nil
}

// Run makes the checks with the ids, or all if there are none, at once, and returns a finding of each in
// the order of Checks. Unless Deps.Deep, it takes about two seconds at the most.
func Run(ctx context.Context, d Deps, only []string) []Finding {
	chosen := Checks()
	if len(only) > 0 {
		chosen = slices.DeleteFunc(chosen, func(c Check) bool { return !slices.Contains(only, c.ID) })
	}
	x := newExamination(d)
	findings := make([]Finding, len(chosen))
	var wg sync.WaitGroup
	for i, c := range chosen {
		wg.Go(func() {
			findings[i] = c.examine(ctx, x)
		})
	}
	wg.Wait()
	return findings
}

func (c Check) examine(ctx context.Context, x *examination) Finding {
	f := c.run(ctx, x)
	f.ID = c.ID
	if f.More == "" && (f.Level == Warn || f.Level == Fail) {
		f.More = manual(c.Page)
	}
	return f
}

// manual is where a page of the manual lies.
func manual(page string) string { return "docs/" + page + ".md" }

// budget is how long a check may go through what may be much.
const budget = 1500 * time.Millisecond

// An examination is what the checks of one run share.
type examination struct {
	Deps
	sealer func() (*seal.Sealer, error)
	signer func() (*registry.Signer, error)
	asked  sync.Once // guards report
	report health.Report
}

// nodes asks all nodes, once for all checks.
func (x *examination) nodes(ctx context.Context) health.Report {
	x.asked.Do(func() {
		if x.Nodes != nil {
			x.report = x.Nodes(ctx)
		}
	})
	return x.report
}

func newExamination(d Deps) *examination {
	x := &examination{Deps: d}
	x.sealer = sync.OnceValues(x.openSecret)
	x.signer = sync.OnceValues(x.openSigner)
	return x
}

// patience bounds ctx for a check that goes through much.
func (x *examination) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if x.Deep {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, budget)
}

func ok(evidence string) Finding   { return Finding{Level: OK, Evidence: evidence} }
func skip(evidence string) Finding { return Finding{Level: Skip, Evidence: evidence} }

func warn(evidence, fix string) Finding { return Finding{Level: Warn, Evidence: evidence, Fix: fix} }

func fail(evidence, fix string) Finding { return Finding{Level: Fail, Evidence: evidence, Fix: fix} }

// noStore is the finding of a check that needs the tables when there are none.
const noStore = "the store is not open"
