package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"hexhub/internal/feature/account"
	"hexhub/internal/kernel/fault"
	"hexhub/internal/kernel/seal"
	"hexhub/internal/kernel/store/etcdlog"
)

func checkData(_ context.Context, x *examination) Finding {
	if x.Dir == "" {
		return skip("nothing is kept on disk")
	}
	info, err := os.Stat(x.Dir)
	if err != nil {
		return fail(err.Error(), "hexhub serve --data "+x.Dir)
	}
	probe, err := os.CreateTemp(x.Dir, "doctor-*")
	if err != nil {
		return fail("cannot be written: "+err.Error(), "give "+x.Dir+" to the account that runs the server")
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return fail("cannot be written: "+err.Error(), "check the disk")
	}
	if p := info.Mode().Perm(); p&0o077 != 0 && runtime.GOOS != "windows" {
		return warn(fmt.Sprintf("others on this machine may look into %s (mode %04o)", x.Dir, p), "hexhub doctor --fix data, or chmod 700 "+x.Dir)
	}
	return ok("writable, private: " + x.Dir)
}

func checkDisk(ctx context.Context, x *examination) Finding {
	if x.Log == nil {
		return skip(noStore)
	}
	s, err := x.Log.Status(ctx)
	switch {
	case err != nil:
		return fail(err.Error(), "hexhub doctor store")
	case s.External:
		return skip(elsewhere)
	case s.DiskFull:
		return fail(fmt.Sprintf("%s free, less than the reserve of %s: the registry is read-only", size(int64(s.DiskFree)), size(x.Reserve)),
			"free space on the disk of "+x.Dir)
	case s.DiskFree < 4*uint64(x.Reserve):
		return warn(fmt.Sprintf("%s free; at %s the registry becomes read-only", size(int64(s.DiskFree)), size(x.Reserve)),
			"free space on the disk of "+x.Dir)
	}
	return ok(size(int64(s.DiskFree)) + " free")
}

// size writes bytes as people read them.
func size(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	f, i := float64(n), 0
	for f >= 1000 && i < len(units)-1 {
		f, i = f/1000, i+1
	}
	return fmt.Sprintf("%.3g %s", f, units[i])
}

func (x *examination) secretFile() string { return filepath.Join(x.Dir, "secret.key") }

// openSecret reads the secret key, and never makes one.
func (x *examination) openSecret() (*seal.Sealer, error) {
	if _, err := os.Stat(x.secretFile()); err != nil {
		return nil, err
	}
	return seal.Open(x.secretFile())
}

func checkSecret(_ context.Context, x *examination) Finding {
	if x.Dir == "" {
		return skip("nothing is kept on disk")
	}
	_, err := x.sealer()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(x.secretFile()+" is missing", "put it back from a copy of the data directory: nothing else opens the signing key")
	case err != nil:
		return fail(words(err), "hexhub doctor --fix secret (chmod 600 "+x.secretFile()+"), or put it back from a copy")
	}
	return ok("there, readable by its owner only")
}

// words are the public ones of a fault, else those of the error.
func words(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Message != "" {
		return f.Message
	}
	return err.Error()
}

func checkStore(ctx context.Context, x *examination) Finding {
	if x.StoreErr != nil {
		return fail(words(x.StoreErr), "read the log above this; if files are damaged, start from a copy of the data directory")
	}
	if x.Log == nil {
		return skip("kept in memory")
	}
	s, err := x.Log.Status(ctx)
	switch {
	case err != nil:
		return fail(err.Error(), "look at the etcd that etcd.endpoints names, if it does; else restart the server")
	case s.External:
		return externalStore(s)
	case s.Member != 0 && s.Leader == 0 && x.Server == nil:
		return skip("one node of several does nothing without the others, and this one does not run")
	case s.Member != 0 && s.Leader == 0:
		return fail("it has no leader: it reaches no majority of the nodes, so it can only be read", "hexhub status; start the nodes that are down")
	case len(s.Problems) > 0:
		return fail(s.Problems[0], "free space, or raise --store-quota, and restart the server")
	case s.Quota > 0 && s.Size > s.Quota/10*8:
		return warn(fmt.Sprintf("%s of its quota of %s are used", size(s.Size), size(s.Quota)), "raise --store-quota, and restart the server")
	}
	return ok(fmt.Sprintf("revision %d, %s of %s", s.Revision, size(s.Size), size(s.Quota)))
}

// externalStore looks at an etcd that is run elsewhere. What it complains of is mended there.
func externalStore(s etcdlog.Status) Finding {
	const there = "etcdctl endpoint status --cluster and etcdctl alarm list, where it is run"
	switch {
	case s.Leader == 0:
		return fail("the etcd that is run elsewhere has no leader, so its rows can only be read as they were", there)
	case len(s.Problems) > 0:
		return fail("the etcd that is run elsewhere says: "+s.Problems[0], there)
	}
	return ok(fmt.Sprintf("revision %d of an etcd that is run elsewhere, version %s, %s", s.Revision, s.Version, size(s.Size)))
}

// maxLag is how many revisions the tables may be behind at the moment of looking.
const maxLag = 1000

// maxAge is the age of the tables that only a node comes to that is cut off from the others, or very busy.
const maxAge = 2 * time.Second

func checkTables(ctx context.Context, x *examination) Finding {
	if x.DB == nil {
		return skip(noStore)
	}
	if age := x.DB.Age(); age > maxAge && x.Server != nil { // what does not run knows of no others
		return fail(fmt.Sprintf("may be %s old", age.Round(time.Millisecond)), "hexhub doctor store")
	}
	stats := x.DB.Stats()
	if x.Log != nil {
		if s, err := x.Log.Status(ctx); err == nil && s.Revision-stats.Revision > maxLag {
			return warn(fmt.Sprintf("%d changes behind", s.Revision-stats.Revision), "wait, and look again")
		}
	}
	var rows int64
	for _, n := range stats.Rows {
		rows += n
	}
	return ok(fmt.Sprintf("%s in memory, at revision %d", plural(int(rows), "row"), stats.Revision))
}

func checkAdministrator(_ context.Context, x *examination) Finding {
	if x.DB == nil {
		return skip(noStore)
	}
	n := 0
	for range account.Admins(x.DB.View()) {
		n++
	}
	if n == 0 {
		return warn("there is none: nobody can manage users and settings in the browser", "hexhub admin create you@example.com")
	}
	return ok(plural(n, "active administrator"))
}

func checkAddress(_ context.Context, x *examination) Finding {
	if x.URL == "" {
		return skip("no server runs")
	}
	u, err := url.Parse(x.URL)
	if err != nil {
		return fail(err.Error(), "hexhub config explain url")
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	switch {
	case u.Scheme == "https":
		return ok(x.URL)
	case host == "localhost", ip != nil && ip.IsLoopback():
		return ok(x.URL + ", only this machine")
	}
	return warn(x.URL+": passwords and keys travel unencrypted", "hexhub serve --tls-cert FILE --tls-key FILE --url https://"+host)
}
