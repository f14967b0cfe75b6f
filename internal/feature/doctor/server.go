package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"hexhub/internal/feature/backup"
	"hexhub/internal/kernel/job"
	"hexhub/internal/kernel/scrub"
)

// A Server is what a running server was told that can be wrong in ways which only show later.
type Server struct {
	Listen          string
	TLSCert, TLSKey string         // files; empty without HTTPS
	Proxies         []netip.Prefix // that are believed
	Private         []string       // files that hold secrets; those that are absent are passed over
	Mail            bool           // letters leave

	BackupTo     string        // empty without a backup
	BackupBucket Prober        // nil when it goes into a folder
	Every        time.Duration // between its snapshots
	Verify       time.Duration // between its verifications; zero means never
	Backup       backup.State  // what is known of it

	ScrubEvery time.Duration // between two readings of all tarballs; zero means only when asked
	Scrubs     []scrub.State // what is known of them

	Open    bool   // whoever wants to may register, or whoever has an address somewhere
	Confirm bool   // and must show that the address is his
	Files   uint64 // that the process may have open at once; zero where there is no such limit
}

// unknown is the finding of a check that needs a running server when there is none.
const unknown = "no server runs"

// soon is how long before its end a certificate is worth a warning.
const soon = 14 * 24 * time.Hour

func checkTLS(_ context.Context, x *examination) Finding {
	switch {
	case x.Server == nil:
		return skip(unknown)
	case x.Server.TLSCert == "":
		return skip("HTTPS is not configured")
	}
	const renew = "put a new certificate and its key there, and restart the server"
	pair, err := tls.LoadX509KeyPair(x.Server.TLSCert, x.Server.TLSKey)
	if err != nil {
		return fail(fmt.Sprintf("%s and %s do not go together or cannot be read: %v", x.Server.TLSCert, x.Server.TLSKey, err), renew)
	}
	left := time.Until(pair.Leaf.NotAfter)
	switch {
	case left <= 0:
		return fail(fmt.Sprintf("%s ended on %s: clients refuse it", x.Server.TLSCert, pair.Leaf.NotAfter.Format(time.DateOnly)), renew)
	case time.Until(pair.Leaf.NotBefore) > 0:
		return fail(fmt.Sprintf("%s begins on %s: clients refuse it", x.Server.TLSCert, pair.Leaf.NotBefore.Format(time.DateOnly)), "check the clock of this machine")
	}
	if err := forHost(pair.Leaf, x.URL); err != nil {
		return fail(err.Error(), "put a certificate for that name there, and restart the server")
	}
	if left < soon {
		return warn(fmt.Sprintf("%s ends in %s", x.Server.TLSCert, plural(int(left/(24*time.Hour)), "day")), renew)
	}
	return ok(fmt.Sprintf("ends in %s", plural(int(left/(24*time.Hour)), "day")))
}

// forHost says whether the certificate is for the host of the address.
func forHost(cert *x509.Certificate, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	return cert.VerifyHostname(u.Hostname())
}

// checkURL compares the address that people use with what is listened on.
func checkURL(_ context.Context, x *examination) Finding {
	if x.Server == nil || x.URL == "" {
		return skip(unknown)
	}
	u, err := url.Parse(x.URL)
	if err != nil {
		return fail(err.Error(), "hexhub config explain url")
	}
	_, port, err := net.SplitHostPort(x.Server.Listen)
	if err != nil {
		return skip("listens on " + x.Server.Listen)
	}
	own, proxied := x.Server.TLSCert != "", len(x.Server.Proxies) > 0
	switch {
	case u.Scheme == "http" && own:
		return fail(x.URL+" says http, and the server speaks only HTTPS", "hexhub serve --url https://"+u.Host)
	case u.Scheme == "https" && !own && !proxied:
		return warn(x.URL+" says https; this server speaks HTTP, and believes no proxy that could speak HTTPS for it",
			"hexhub serve --trusted-proxies ADDRESS-OF-THE-PROXY, or --tls-cert FILE --tls-key FILE")
	case !proxied && u.Port() != "" && u.Port() != port && port != "0":
		return warn(fmt.Sprintf("%s names port %s; the server listens on %s", x.URL, u.Port(), x.Server.Listen),
			"correct url or listen, or name the proxy between them with --trusted-proxies")
	}
	return ok(x.URL + " leads to " + x.Server.Listen)
}

// widest is how few bits a network may fix whose members are all believed to be proxies.
const widest = 8

func checkProxies(_ context.Context, x *examination) Finding {
	if x.Server == nil {
		return skip(unknown)
	}
	for _, p := range x.Server.Proxies {
		if p.Bits() < widest {
			return fail(fmt.Sprintf("everybody in %s is believed to be a proxy, so anybody may claim any address: limits and blocks do not hold", p),
				"hexhub serve --trusted-proxies ADDRESS-OF-THE-PROXY")
		}
	}
	if len(x.Server.Proxies) == 0 {
		return ok("none is believed")
	}
	return ok(plural(len(x.Server.Proxies), "network") + " believed")
}

// fewFiles is how many open files a server soon needs: each connection is one, and each file of the store.
const fewFiles = 4096

func checkFiles(_ context.Context, x *examination) Finding {
	switch {
	case x.Server == nil:
		return skip(unknown)
	case x.Server.Files == 0:
		return skip("there is no such limit here")
	case x.Server.Files < fewFiles:
		return warn(fmt.Sprintf("the server may open %s files, and needs one for each connection", number(int(x.Server.Files))),
			"ulimit -n 65536 (LimitNOFILE=65536 in a systemd unit), and restart the server")
	}
	return ok("enough may be open at once")
}

func checkRegistration(_ context.Context, x *examination) Finding {
	switch {
	case x.Server == nil:
		return skip(unknown)
	case x.Server.Open && !x.Server.Confirm:
		return warn("people may register by themselves, and nobody has to show that his address is his",
			"hexhub admin set mail.confirm always, or hexhub admin set registration invite")
	case x.Server.Open:
		return ok("people register by themselves, each with an address of his own")
	}
	return ok("nobody registers by himself")
}

func checkPrivate(_ context.Context, x *examination) Finding {
	open, seen := x.openPrivate()
	switch {
	case seen == 0:
		return skip("no such files are configured")
	case len(open) > 0:
		return fail("others on this machine may read "+strings.Join(open, ", "), "hexhub doctor --fix private-files")
	}
	return ok("nobody else on this machine may read " + plural(seen, "file"))
}

// openPrivate lists the private files that others may read, and says how many there are at all.
func (x *examination) openPrivate() (open []string, seen int) {
	if x.Server == nil || runtime.GOOS == "windows" {
		return nil, 0
	}
	for _, name := range x.Server.Private {
		info, err := os.Stat(name)
		if err != nil {
			continue // whoever needs it says so
		}
		seen++
		if info.Mode().Perm()&0o077 != 0 && !handed(info) {
			open = append(open, name)
		}
	}
	return open, seen
}

func checkBackup(ctx context.Context, x *examination) Finding {
	if x.Server == nil {
		return skip(unknown)
	}
	s := x.Server
	if s.BackupTo == "" {
		return warn("there is none: what is lost on this disk is lost", "hexhub serve --backup-to PLACE-ELSEWHERE")
	}
	if s.BackupBucket != nil {
		if err := s.BackupBucket.Probe(ctx); err != nil {
			return fail(words(err), "hexhub config print --sources, and look at the settings backup.*")
		}
	} else if x.inside(s.BackupTo) {
		return fail(s.BackupTo+" is inside the data directory, and is lost with it", "hexhub serve --backup-to PLACE-ELSEWHERE")
	}
	b := s.Backup
	switch {
	case b.Problem != "":
		return fail(fmt.Sprintf("not written since %s: %s", b.Since.Format(time.DateTime), b.Problem), "hexhub backup create")
	case b.Snapshot == nil:
		return warn("nothing has been written yet", "hexhub backup create")
	case time.Since(b.Snapshot.At) > 2*s.Every+time.Hour:
		return fail(fmt.Sprintf("the newest is of %s, and one is due every %s", b.Snapshot.At.Format(time.DateTime), s.Every), "hexhub backup create")
	case b.Snapshot.Missing > 0:
		return fail(fmt.Sprintf("the newest lacks %s that rows name and the server did not have", plural(b.Snapshot.Missing, "blob")), "hexhub doctor blobs --deep")
	}
	return x.backupVerified()
}

func (x *examination) backupVerified() Finding {
	s := x.Server
	newest := "the newest is of " + s.Backup.Snapshot.At.Format(time.DateTime)
	switch v := s.Backup.Verified; {
	case v != nil && len(v.Problems) > 0:
		return fail(fmt.Sprintf("restoring it on %s found: %s", v.At.Format(time.DateOnly), v.Problems[0]), "hexhub backup create, then hexhub backup verify")
	case s.Verify == 0:
		return ok(newest + "; nobody verifies it (backup.verify is 0)")
	case v == nil && time.Since(s.Backup.Snapshot.At) < s.Verify:
		return ok(newest + ", not verified yet")
	case v == nil || time.Since(v.At) > 2*s.Verify+time.Hour:
		return warn(newest+", and has not been restored to try it for longer than is configured", "hexhub backup verify")
	default:
		return ok(newest + ", verified on " + v.At.Format(time.DateOnly))
	}
}

// inside reports whether a file lies in the data directory.
func (x *examination) inside(name string) bool {
	dir, err := filepath.Abs(x.Dir)
	if err != nil || x.Dir == "" {
		return false
	}
	name, err = filepath.Abs(name)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

func checkJobs(_ context.Context, x *examination) Finding {
	if x.DB == nil {
		return skip(noStore)
	}
	dead, total := map[string]int{}, 0
	for j := range job.Jobs.All(x.DB.View()) {
		total++
		if j.Dead && j.Kind != "mail" { // letters have a check of their own
			dead[j.Kind]++
		}
	}
	for kind, n := range dead {
		return warn(fmt.Sprintf("%s of kind %s failed for good", plural(n, "job"), kind), "hexhub admin jobs, then hexhub admin jobs retry ID")
	}
	return ok(plural(total, "job") + " waiting, none failed for good")
}

func checkMail(_ context.Context, x *examination) Finding {
	if x.Server == nil || x.DB == nil {
		return skip(unknown)
	}
	if !x.Server.Mail {
		return skip("not configured: letters rest in the outbox, which hexhub admin mail shows")
	}
	failed := 0
	for j := range job.Jobs.All(x.DB.View()) {
		if j.Kind == "mail" && j.Dead {
			failed++
		}
	}
	if failed > 0 {
		return warn(plural(failed, "letter")+" could not be sent", "hexhub admin mail, then hexhub admin mail test you@example.com")
	}
	return ok("no letter has failed")
}

// checkSetup looks for a setup link that lies about.
func checkSetup(_ context.Context, x *examination) Finding {
	if x.Dir == "" {
		return skip("nothing is kept on disk")
	}
	info, err := os.Stat(x.setupFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ok("no link lies about")
	case err != nil:
		return fail(err.Error(), "give "+x.Dir+" to the account that runs the server")
	}
	if old := time.Since(info.ModTime()); old > time.Hour {
		return warn(fmt.Sprintf("a link to become the first administrator was made on %s and has ended; its file is still there", info.ModTime().Format(time.DateTime)),
			"hexhub doctor --fix setup")
	}
	return ok("a link to become the first administrator is open")
}

func (x *examination) setupFile() string { return filepath.Join(x.Dir, "setup-url") }
